"""What is measured: data, network and training of each case, and the same for Keras's `fit` and for PyTorch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from datasets.registry import Arrays
from datasets.split import Split, make_split, scale
from experiment.spec import Experiment, parse_experiment
from models.plan import Plan

SEEDS = (0, 1, 2)
MLP_64 = '{"name": "mlp", "widths": [64]}'


@dataclass(frozen=True)
class Case:
    """`target` is how many times faster than `fit` whole runs of three seeds have to be."""

    name: str
    experiment: Experiment
    splits: tuple[Split, ...]
    plan: Plan
    target: float

    @property
    def rows(self) -> tuple[int, int, int]:
        """Training, validation and test rows."""
        split = self.splits[0]
        return len(split.y_train), len(split.y_validation), len(split.y_test)


def digits_case(name: str, techniques: str, target: float) -> Case:
    """Digits, 300 rows, MLP 2x128, 150 epochs, batch 32."""
    experiment = parse_experiment(
        '{"dataset": {"name": "digits", "train_size": 300}, "training": {"epochs": 150}, "variants": '
        f'[{{"name": "v", "techniques": [{techniques}]}}]}}'
    )
    arrays = experiment.dataset.load()
    splits = tuple(make_split(experiment.dataset, arrays, seed) for seed in SEEDS)
    return Case(name, experiment, splits, experiment.plan(experiment.variants[0]), target)


def images_case(
    name: str,
    architecture: str,
    arrays: Arrays,
    target: float,
    techniques: str = "",
    *,
    rows: int = 8000,
    epochs: int = 20,
) -> Case:
    """28x28 images to train on, 1,000 each for validation and test, batch 128."""
    experiment = parse_experiment(
        f'{{"architecture": {architecture}, "training": {{"epochs": {epochs}, "batch_size": 128}}, "variants": '
        f'[{{"name": "v", "techniques": [{techniques}]}}]}}'
    )
    x = scale(arrays.x[:rows], arrays.x[8000:9000], arrays.x[9000:10_000], per_feature=False)
    y = arrays.y
    split = Split(x[0], y[:rows], np.zeros(rows, np.bool_), x[1], y[8000:9000], x[2], y[9000:10_000], "")
    plan = replace(experiment.plan(experiment.variants[0]), input_shape=arrays.x.shape[1:])
    return Case(name, experiment, (split,) * len(SEEDS), plan, target)


def load_images(file: Path | None) -> Arrays:
    """28x28 images from an NPZ with `x` and `y`, else MNIST through `keras.datasets`."""
    if file is None:
        import keras

        (x, y), _ = keras.datasets.mnist.load_data()
    else:
        with np.load(file, allow_pickle=False) as archive:
            x, y = archive["x"], archive["y"]
    return Arrays(x[:10_000, ..., None].astype(np.float32) / 255, y[:10_000].astype(np.int32), (), ())


def all_cases(images: Arrays) -> list[Case]:
    """The cases of the issue, (a) to (c)."""
    return [
        digits_case("(a) digits, MLP 2×128", "", 35),
        digits_case("(a) the same with dropout", '{"name": "dropout", "rate": 0.3}', 30),
        images_case("(b) 28×28 images, MLP 784-64-10", MLP_64, images, 5),
        images_case("(c) 28×28 images, residual MLP 64, 4 blocks", '{"name": "resnet_mlp"}', images, 8),
    ]


def further_cases(images: Arrays) -> list[Case]:
    """What needs convolutions or changed images: 2,000 rows and 4 epochs are enough to tell."""
    conv, augmentation = '{"name": "resnet_conv"}', '{"name": "augmentation"}'
    return [
        images_case("(d) residual convolutional net", conv, images, 1.5, rows=2000, epochs=4),
        images_case("(e) MLP 784-64-10 with augmentation", MLP_64, images, 1, augmentation, rows=2000, epochs=4),
        images_case("(f) (d) with augmentation", conv, images, 1, augmentation, rows=2000, epochs=4),
    ]


def ensemble_case() -> Case:
    """Five members in one run, on the data of (a)."""
    return digits_case("ensemble", '{"name": "ensemble", "members": 5}', 1)


def run_engine(case: Case, seeds: Sequence[int] = SEEDS) -> None:
    """Our engine: one trace, three seeds."""
    from models.engine_rules import uses_xla
    from training.worker.engine import Engine

    settings = case.experiment.training
    xla = uses_xla(case.plan, settings.epochs * -(-case.rows[0] // settings.batch_size))
    engine = Engine(case.plan, case.rows, settings.batch_size, xla=xla)
    engine.prepare(case.splits[0])
    for seed in seeds:
        engine.train(case.splits[seed], seed=seed, epochs=settings.epochs)


def run_fit(case: Case) -> None:
    """`model.fit` as in any tutorial, a new model for each seed."""
    import keras

    from training.worker.build import build, make

    settings = case.experiment.training
    for seed, split in zip(SEEDS, case.splits, strict=True):
        keras.utils.set_random_seed(seed)
        model = build(case.plan)
        if case.plan.augmentation:
            model = keras.Sequential([*(make(layer) for _, layer in case.plan.augmentation), model])
        model.compile(make(case.plan.optimizer), "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(
            split.x_train,
            split.y_train,
            validation_data=(split.x_validation, split.y_validation),
            batch_size=settings.batch_size,
            epochs=settings.epochs,
            verbose=0,
        )


def run_numpy(case: Case) -> None:
    """The matrix products alone that one run of three seeds cannot do without: the limit."""
    sizes = [layer.call.get("units") for layer in case.plan.layers if layer.call.path == "layers.Dense"]
    widths = [int(np.prod(case.plan.input_shape)), *sizes]
    settings, (train, validation, test) = case.experiment.training, case.rows
    generator = np.random.default_rng(0)
    weights = [generator.random(pair, np.float32) for pair in pairwise(widths)]
    inputs = [generator.random((settings.batch_size, width), np.float32) for width in widths]
    whole = [generator.random((train + validation + test, width), np.float32) for width in widths]
    for _ in range(len(SEEDS) * settings.epochs):
        for _ in range(-(-train // settings.batch_size)):
            for i, w in enumerate(weights):
                _ = inputs[i] @ w
                _ = inputs[i].T @ inputs[i + 1]
                if i:
                    _ = inputs[i + 1] @ w.T
        for i, w in enumerate(weights):
            _ = whole[i] @ w
