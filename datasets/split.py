"""The split of a data set into training, validation and test rows, with label noise and scaling."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from datasets.registry import Arrays, Dataset, FloatArray, IntArray

Rows = NDArray[np.int64]

TEST_SEED = 0
SUBSET, NOISE = (0, 1), (0, 2)
"""Streams of random numbers beside the engine's (seed, epoch), whose epochs count from 1."""


@dataclass(frozen=True)
class Split:
    """Scaled arrays of one run; `checksum` is that of the unscaled data set."""

    x_train: FloatArray
    y_train: IntArray
    x_validation: FloatArray
    y_validation: IntArray
    x_test: FloatArray
    y_test: IntArray
    checksum: str


def split_rows(y: IntArray, held_out: int, seed: int) -> tuple[Rows, Rows, Rows]:
    """Row numbers (training pool in nesting order, validation, test), stratified by `y`.

    Test rows do not depend on the seed. Any first n rows of the pool are stratified to within one row a class, so
    that smaller training sets lie within larger ones.
    """
    rows = np.arange(len(y))
    rest, test = train_test_split(rows, test_size=held_out, stratify=y, random_state=TEST_SEED)
    pool, validation = train_test_split(rest, test_size=held_out, stratify=y[rest], random_state=seed)
    return _nest(pool, y, np.random.default_rng([seed, *SUBSET])), validation, test


def _nest(pool: Rows, y: IntArray, generator: np.random.Generator) -> Rows:
    """Orders the pool so that the k-th row of a class of m stands at about the share (k + 1/2) / m."""
    pool = generator.permutation(pool)
    place = np.empty(len(pool))
    for label in np.unique(y[pool]):
        of_class = np.flatnonzero(y[pool] == label)
        place[of_class] = (np.arange(len(of_class)) + 0.5) / len(of_class)
    return pool[np.argsort(place, kind="stable")]


def change_labels(y: IntArray, share: float, classes: int, seed: int) -> IntArray:
    """`y` with exactly round(share * len(y)) labels changed to another class; those of a smaller share among them."""
    generator = np.random.default_rng([seed, *NOISE])
    order = generator.permutation(len(y))
    offset = generator.integers(1, classes, len(y))
    chosen = order[: round(share * len(y))]
    changed = y.copy()
    changed[chosen] = (y[chosen] + offset[chosen]) % classes
    return changed


def scale(train: FloatArray, *others: FloatArray, per_feature: bool) -> tuple[FloatArray, ...]:
    """Subtracts the mean and divides by the standard deviation of the training rows.

    Per feature for tables and points. Over all pixels at once for images: a pixel that is almost always black would
    else be blown up.
    """
    axis = 0 if per_feature else None
    mean = train.mean(axis=axis, dtype=np.float64)
    deviation = train.std(axis=axis, dtype=np.float64)
    deviation = np.where(deviation > 0, deviation, 1.0)
    return tuple(((a - mean) / deviation).astype(np.float32) for a in (train, *others))


def make_split(dataset: Dataset, arrays: Arrays, seed: int) -> Split:
    """The arrays that a run with this seed trains and is judged on."""
    pool, validation, test = split_rows(arrays.y, dataset.held_out, seed)
    train = pool[: dataset.training_rows]
    x_train, x_validation, x_test = scale(
        arrays.x[train], arrays.x[validation], arrays.x[test], per_feature=dataset.kind != "image"
    )
    return Split(
        x_train,
        change_labels(arrays.y[train], dataset.label_noise, dataset.classes, seed),
        x_validation,
        arrays.y[validation],
        x_test,
        arrays.y[test],
        checksum(arrays),
    )


def checksum(arrays: Arrays) -> str:
    """SHA-256 over values and labels."""
    return hashlib.sha256(arrays.x.tobytes() + arrays.y.tobytes()).hexdigest()
