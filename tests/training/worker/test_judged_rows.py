"""Clean training loss over many training rows: over the first of them, the same in every epoch."""

from typing import Any

import numpy as np
import pytest

from datasets.split import Split


def test_of_many_training_rows_the_first_are_judged(keras: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from experiment.spec import parse_experiment
    from training.worker import engine

    monkeypatch.setattr(engine, "MOST_JUDGED", 30)
    experiment = parse_experiment('{"dataset": {"name": "wine"}, "architecture": {"name": "mlp", "widths": [4]}}')
    plan = experiment.plan(experiment.variants[0])
    generator = np.random.default_rng(0)
    x = [generator.normal(size=(n, 13)).astype(np.float32) for n in (50, 10, 10)]
    y = [generator.integers(0, 3, n).astype(np.int32) for n in (50, 10, 10)]
    noisy = np.arange(50) % 5 == 0
    split = Split(x[0], y[0], noisy, x[1], y[1], x[2], y[2], "")
    trained = engine.Engine(plan, (50, 10, 10), 16, xla=False)
    trained.prepare(split)
    records: list[Any] = []
    clean: list[tuple[float, float]] = []

    def on_epoch(record: Any) -> None:
        records.append(record)
        clean.append(trained.evaluate(x[0][:30], y[0][:30]))

    trained.train(split, seed=0, epochs=2, on_epoch=on_epoch)
    np.testing.assert_allclose([(r.train_loss, r.train_accuracy) for r in records], clean, rtol=1e-6)
    marks = noisy[:30]
    by_noise = [records[0].series[f"train_loss_{part}"] for part in ("unchanged", "changed")]
    assert np.average(by_noise, weights=[(~marks).sum(), marks.sum()]) == pytest.approx(records[0].train_loss)
    assert records[1].steps == 2 * 4, "trained on are all of them"
