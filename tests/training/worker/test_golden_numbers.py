"""The engine's numbers of today. When they change on purpose, raise ENGINE_VERSION and record them anew:

python -m tests.training.worker.test_golden_numbers
"""

import json
from pathlib import Path
from typing import Any

import pytest

from datasets.split import make_split
from experiment.spec import parse_experiment

FILE = Path(__file__).with_name("golden_numbers.json")
DIGITS = {"name": "digits", "train_size": 100}
MLP = {"name": "mlp", "widths": [16]}
CASES: dict[str, dict[str, Any]] = {
    "plain": {"architecture": MLP},
    "sgd, label noise": {"dataset": DIGITS | {"label_noise": 0.2}, "training": {"optimizer": "sgd"}},
    "dropout, L2, batch normalization": {
        "techniques": [{"name": "dropout"}, {"name": "l2"}, {"name": "batch_normalization"}]
    },
    "residual, layer normalization": {"architecture": {"name": "resnet_mlp", "blocks": 2, "normalization": "layer"}},
    "convolutions, augmentation": {
        "architecture": {"name": "resnet_conv", "filters": 4},
        "techniques": [{"name": "augmentation"}],
    },
    "ensemble, average, mixup": {
        "techniques": [{"name": "ensemble", "members": 2}, {"name": "ema"}, {"name": "mixup"}],
    },
    "sharpness aware, dropout, batch normalization": {
        "techniques": [{"name": "sam"}, {"name": "dropout"}, {"name": "batch_normalization"}],
    },
    "distillation, mixup": {"techniques": [{"name": "distillation", "teachers": 2}, {"name": "mixup"}]},
    "a table, more data": {"dataset": {"name": "wine", "train_size": 40}, "techniques": [{"name": "more_data"}]},
}
EPOCHS = 3


def measure(name: str) -> dict[str, list[float]]:
    """What three epochs of a case give, for seed 1."""
    from training.worker.engine import Engine

    parts = {"dataset": DIGITS, "architecture": MLP} | CASES[name]
    techniques = parts.pop("techniques", [])
    experiment = parse_experiment(json.dumps(parts | {"variants": [{"name": "v", "techniques": techniques}]}))
    variant = experiment.variants[0]
    dataset, arrays = experiment.dataset_of(variant), experiment.dataset.load()
    split = make_split(dataset, arrays, 1)
    rows = (len(split.y_train), len(split.y_validation), len(split.y_test))
    engine = Engine(experiment.plan(variant), rows, 16, xla=False)
    engine.prepare(split)
    records: list[Any] = []
    outcome = engine.train(split, seed=1, epochs=EPOCHS, on_epoch=records.append)
    found = {key: [getattr(r, key) for r in records] for key in ("train_loss", "val_loss", "val_accuracy", "objective")}
    return found | {"test_loss": [loss for _, loss, _ in outcome.test_metrics]}


@pytest.mark.parametrize("name", CASES)
def test_the_same_run_gives_the_numbers_that_its_engine_version_stands_for(keras: Any, name: str) -> None:
    from models.engine_rules import ENGINE_VERSION

    golden = json.loads(FILE.read_text(encoding="utf-8"))
    assert golden["engine_version"] == ENGINE_VERSION, "record the numbers of the new version: see above"
    for key, numbers in measure(name).items():
        assert numbers == pytest.approx(golden["numbers"][name][key], rel=1e-4), (
            f"{key} changed: raise ENGINE_VERSION, then record the numbers anew"
        )


if __name__ == "__main__":
    from training.worker.preload import warm_up

    warm_up()
    from models.engine_rules import ENGINE_VERSION

    recorded = {"engine_version": ENGINE_VERSION, "numbers": {name: measure(name) for name in CASES}}
    FILE.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")
