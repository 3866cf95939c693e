"""What a worker finds out beside the curves, with the real engine."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.registry import Digits, Wine
from datasets.split import make_split
from experiment.spec import parse_experiment
from models.architectures import MLP, make_plan
from models.techniques import L1, L2, Technique
from results.artifacts import read_artifact
from results.findings.boundary import BOUNDARY, read_boundary
from results.findings.calibration import CALIBRATION, read_confidences
from results.findings.mistakes import MISTAKES, read_mistakes
from results.findings.weights import WEIGHTS, epochs_to_look
from results.records import EpochRecord, Run
from results.store import Store

pytestmark = pytest.mark.usefixtures("keras")


def trained(technique: Technique, epochs: int = 60) -> tuple[EpochRecord, dict[str, Any]]:
    """The last record and its weights of a run on wine."""
    from training.worker.engine import Engine
    from training.worker.inspection import ModelInspector

    wine = Wine()
    arrays = wine.load()
    split = make_split(wine, arrays, 0)
    plan = make_plan(MLP(widths=(32,)), [technique], input_shape=(13,), classes=3, learning_rate=0.003)
    engine = Engine(plan, (len(split.y_train), len(split.y_validation), len(split.y_test)), 16, xla=False)
    inspector = ModelInspector(engine, wine, arrays, split, 0, epochs)
    records: list[EpochRecord] = []
    engine.train(split, seed=0, epochs=epochs, on_epoch=lambda record: records.append(inspector.with_weights(record)))
    seen = {r.epoch: r.series[WEIGHTS] for r in records if r.series is not None and WEIGHTS in r.series}
    assert tuple(seen) == epochs_to_look(epochs)
    kernels = np.concatenate([kernel.reshape(-1) for kernel in engine.kernels()])
    assert len(kernels) == 13 * 32 + 32 * 3  # no biases
    assert seen[epochs]["norm"] == pytest.approx(np.linalg.norm(kernels))
    return records[-1], seen[epochs]


def test_l1_leaves_more_near_zero_weights_than_l2_at_about_equal_loss() -> None:
    (sparse, of_l1), (small, of_l2) = trained(L1(l1=0.005)), trained(L2(l2=0.01))
    assert sparse.val_loss == pytest.approx(small.val_loss, abs=0.1)
    assert max(sparse.val_loss, small.val_loss) < 0.5  # ln 3 = 1.10 is guessing
    assert of_l1["near_zero"] > 3 * of_l2["near_zero"]
    assert of_l1["near_zero"] > 0.2


def executed(folder: Path, **parts: Any) -> tuple[Store, Run]:
    """A run trained by a worker's own code."""
    from training.worker.run import execute

    store = Store(f"sqlite:///{folder / 'results.db'}")
    experiment = parse_experiment(json.dumps({"seeds": [0], **parts}))
    spec = experiment.model_dump_json()
    identifier = store.add_experiment(spec, "", experiment.runs(), visitor="local", owner="o", now=time.time())
    (run,) = store.runs(identifier)
    execute(run.id, 1, store.url)
    ended = store.run(run.id)
    assert ended is not None
    assert ended.status == "finished", ended.message
    return store, ended


def test_the_boundary_of_the_end_is_that_of_the_weights_handed_over(tmp_path: Path) -> None:
    stopping = {"name": "early_stopping", "monitor": "train_loss", "min_delta": 10.0, "patience": 4}
    store, run = executed(
        tmp_path,
        dataset={"name": "moons", "samples": 200, "noise": 0.05},
        architecture={"name": "mlp", "widths": [8]},
        training={"epochs": 30, "learning_rate": 0.03},
        variants=[{"name": "v", "techniques": [stopping]}],
    )
    assert run.ended_by == "early_stopping"
    stored = read_artifact(store, run.id, BOUNDARY)
    assert stored is not None
    epoch, content = stored
    assert epoch == 1  # no later epoch was an improvement by 10, so the first one's weights are handed over
    boundary = read_boundary(content)
    assert boundary.probabilities.sum(axis=-1) == pytest.approx(1, abs=0.01)
    # What the grid says where a validation row lies is what the same network said of that row.
    dataset = parse_experiment(json.dumps({"dataset": {"name": "moons", "samples": 200, "noise": 0.05}})).dataset
    arrays = dataset.load()
    from datasets.split import split_rows

    _, validation, _ = split_rows(arrays.y, dataset.held_out, 0)
    points, labels = arrays.x[validation], arrays.y[validation]
    nearest = (
        np.abs(boundary.y[None] - points[:, 1:]).argmin(axis=1),
        np.abs(boundary.x[None] - points[:, :1]).argmin(axis=1),
    )
    agreeing = (boundary.probabilities[nearest].argmax(axis=1) == labels).mean()
    mistakes = read_artifact(store, run.id, MISTAKES)
    assert mistakes is not None
    confusion = read_mistakes(mistakes[1]).confusion
    accuracy = np.trace(confusion) / confusion.sum()
    assert store.epochs([run.id])[0].record.val_accuracy == pytest.approx(accuracy)
    assert agreeing == pytest.approx(accuracy, abs=0.08)
    store.close()


def test_mistakes_are_validation_rows_that_the_last_epoch_got_wrong(tmp_path: Path) -> None:
    store, run = executed(
        tmp_path,
        dataset={"name": "digits", "train_size": 100},
        architecture={"name": "mlp", "widths": [16]},
        training={"epochs": 4},
    )
    stored = read_artifact(store, run.id, MISTAKES)
    assert stored is not None
    mistakes, digits = read_mistakes(stored[1]), Digits()
    arrays = digits.load()
    from datasets.split import split_rows

    _, validation, test = split_rows(arrays.y, digits.held_out, 0)
    assert set(mistakes.rows) <= set(validation)
    assert not set(mistakes.rows) & set(test)
    np.testing.assert_array_equal(arrays.y[mistakes.rows], mistakes.truth)
    assert np.trace(mistakes.confusion) / len(validation) == pytest.approx(
        store.epochs([run.id])[-1].record.val_accuracy
    )
    assert mistakes.confusion.sum(axis=1).tolist() == np.bincount(arrays.y[validation]).tolist()
    kept = read_artifact(store, run.id, CALIBRATION)
    assert kept is not None and kept[0] == 4
    confidences = read_confidences(kept[1])
    assert len(confidences.right) == len(validation), "test rows have no part in it"
    assert confidences.right.sum() == np.trace(mistakes.confusion)
    surest = np.sort(confidences.confidence[~confidences.right])[::-1][: len(mistakes.rows)]
    np.testing.assert_array_equal(surest, mistakes.confidence)
    described = read_artifact(store, run.id, WEIGHTS)
    assert described is not None
    assert json.loads(described[1]) == store.series(run.id)[4][WEIGHTS]
    store.close()
