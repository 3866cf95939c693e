"""A page that is drawn because somebody pressed Train waits a little for the first epoch."""

from types import SimpleNamespace
from typing import Any

import pytest

from training.dispatch.turns import Place
from ui.lab.experiment_view import SECONDS_BETWEEN_LOOKS, SECONDS_FOR_FIRST_EPOCH, wait_for_first_epoch


class Server:
    """Services whose only run gets its first epoch after so many looks; time passes only while somebody sleeps."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *, first: int, ready: int = 1, before: int | None = None
    ) -> None:
        self.now, self.looks, self._first = 0.0, 0, first
        places = {} if before is None else {"mine": Place(before, 1.0)}
        self.queue = SimpleNamespace(state=SimpleNamespace(ready_workers=ready, places=places))
        self.curves, self.active = self, True
        monkeypatch.setattr("ui.lab.experiment_view.time.monotonic", lambda: self.now)
        monkeypatch.setattr("ui.lab.experiment_view.time.sleep", self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def read(self, identifier: str) -> list[Any]:
        assert identifier == "mine"
        self.looks += 1
        used = SimpleNamespace(run=SimpleNamespace(active=False), last_epoch=150)
        return [
            used,
            SimpleNamespace(run=SimpleNamespace(active=self.active), last_epoch=int(self.looks > self._first)),
        ]


def test_until_a_run_that_trains_has_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(monkeypatch, first=5)
    wait_for_first_epoch(server, "mine")  # type: ignore[arg-type]
    assert server.now == pytest.approx(5 * SECONDS_BETWEEN_LOOKS)


def test_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(monkeypatch, first=10_000)
    wait_for_first_epoch(server, "mine")  # type: ignore[arg-type]
    assert server.now == pytest.approx(SECONDS_FOR_FIRST_EPOCH, abs=SECONDS_BETWEEN_LOOKS)


@pytest.mark.parametrize("why", [{"ready": 0}, {"before": 3}])
def test_not_where_it_cannot_come_soon(monkeypatch: pytest.MonkeyPatch, why: dict[str, int]) -> None:
    server = Server(monkeypatch, first=10_000, **why)
    wait_for_first_epoch(server, "mine")  # type: ignore[arg-type]
    assert server.now == 0


def test_not_where_all_was_known(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(monkeypatch, first=10_000)
    server.active = False
    wait_for_first_epoch(server, "mine")  # type: ignore[arg-type]
    assert server.now == 0
