"""Of each run the newest summary is kept, whoever looks, and no more runs than fit."""

from types import SimpleNamespace
from typing import Any

import pytest

from ui import services


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    made: list[Any] = []
    monkeypatch.setattr(services, "run_curves", lambda experiment, record: record)
    monkeypatch.setattr(services, "summarize_run", lambda curves, marked: made.append(curves) or object())
    services._newest.clear()
    return made


def record(run_id: int) -> Any:
    return SimpleNamespace(run=SimpleNamespace(id=run_id))


def test_a_run_is_summarized_once_for_each_epoch_and_the_earlier_ones_go(counted: list[Any]) -> None:
    experiment: Any = object()
    for epoch in range(100):
        now = record(1)
        first = services.stored_runs(experiment, [now])
        assert services.stored_runs(experiment, [now]) == first
        assert len(counted) == epoch + 1
    assert len(services._newest) == 1
    services.stored_runs(object(), [now])  # type: ignore[arg-type]
    assert len(counted) == 101, "another experiment judges it otherwise"


def test_runs_that_nobody_looks_at_go(counted: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "KEPT_RUNS", 3)
    experiment: Any = object()
    runs = [record(number) for number in range(5)]
    services.stored_runs(experiment, runs)
    assert len(services._newest) == 3
    services.stored_runs(experiment, runs[2:])
    assert len(counted) == 5
