"""When a run's epochs are written: by the clock of the recorder, which the test moves."""

from types import SimpleNamespace
from typing import Any

import pytest

from training.worker.recorder import SECONDS_BETWEEN_WRITES, Recorder


def test_the_first_epoch_is_written_at_once_and_further_ones_together(monkeypatch: pytest.MonkeyPatch) -> None:
    now, written = 1000.0, []

    def append_epochs(run: int, attempt: int, epochs: list[int], time: float) -> bool:
        written.extend(epochs)
        return True

    monkeypatch.setattr("training.worker.recorder.time.monotonic", lambda: now)
    store: Any = SimpleNamespace(append_epochs=append_epochs)
    recorder, seen = Recorder(store, 7, 1), []
    for epoch, seconds in ((1, 0.01), (2, 0.01), (3, SECONDS_BETWEEN_WRITES), (4, 0.01)):
        recorder.write_when_due()  # in the middle of an epoch
        recorder.add(epoch)  # type: ignore[arg-type]
        now += seconds
        recorder.write_when_due()
        seen.append(list(written))
    assert seen == [[1], [1], [1, 2, 3], [1, 2, 3]]
