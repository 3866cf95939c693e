"""What a worker has compiled when it says that it is ready."""

from typing import Any

import pytest

from experiment.presets import FIRST_VISIT, presets


def test_a_run_of_the_first_visit_finds_its_network_compiled(keras: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from training.worker import run, warm_up
    from training.worker.engine import Engine

    prepared: list[Engine] = []
    prepare = Engine.prepare

    def spy(engine: Engine, split: Any) -> None:
        prepared.append(engine)
        prepare(engine, split)

    monkeypatch.setattr(run, "_engines", type(run._engines)())
    monkeypatch.setattr(warm_up, "SECONDS", 600.0)
    monkeypatch.setattr(Engine, "prepare", spy)
    warm_up.compile_first_visit()
    variants = presets()[FIRST_VISIT].variants
    assert len(prepared) == len(variants) <= run.KEPT_ENGINES
    prepared.clear()
    warm_up.compile_first_visit()
    assert prepared == [], "engines are kept for the first seed"


def test_a_slow_machine_is_ready_all_the_same(keras: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from training.worker import run, warm_up

    monkeypatch.setattr(run, "_engines", type(run._engines)())
    monkeypatch.setattr(warm_up, "SECONDS", 0.0)
    warm_up.compile_first_visit()
    assert not run._engines
