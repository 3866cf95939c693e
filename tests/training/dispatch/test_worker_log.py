"""The workers' log stays within its bound, and nobody waits for a disk."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from training.dispatch import worker_log
from training.dispatch.worker_log import keep_log, log_path


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    monkeypatch.setattr("platformdirs.user_log_dir", lambda _: str(tmp_path / "log"))
    worker_log._logger.cache_clear()
    yield tmp_path / "log"
    for handler in worker_log._logger().handlers:
        handler.close()
    worker_log._logger.cache_clear()


def test_a_long_log_is_set_aside_in_place_of_the_one_before(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(worker_log, "MOST_BYTES", 1000)
    keep_log(io.BytesIO(b"".join(b"line %d\n" % number for number in range(500)) + b"\xff\n"))
    assert {file.name for file in folder.iterdir()} == {"workers.log", "workers.log.1"}
    assert all(file.stat().st_size <= 1000 for file in folder.iterdir())
    assert log_path().read_text().splitlines()[-1] == "\ufffd"


def test_a_log_that_cannot_be_written_holds_nobody_up(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    folder.write_text("no folder")
    lines = io.BytesIO(b"one\ntwo\n")
    keep_log(lines)
    assert lines.closed, "it was read to its end"
