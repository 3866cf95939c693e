"""The split of a data set into training, validation and test rows, with label noise and scaling."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.dataset import Arrays, Dataset, FloatArray, IntArray, Values

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
Statistic = Any
ROWS_AT_ONCE = 4096

TEST_SEED = 0
SUBSET, NOISE = (0, 1), (0, 2)
"""Streams of random numbers beside the engine's (seed, epoch), whose epochs count from 1."""


@dataclass(frozen=True)
class Split:
    """Scaled arrays of one run; `noisy` is that of `ChosenRows`, `checksum` that of the unscaled data set."""

    x_train: FloatArray
    y_train: IntArray
    noisy: Mask
    x_validation: FloatArray
    y_validation: IntArray
    x_test: FloatArray
    y_test: IntArray
    checksum: str


@dataclass(frozen=True, eq=False)
class ChosenRows:
    """Which rows of a data set a run trains on and is judged on.

    Attributes:
        train: row numbers, shape (training rows,); their first n are those of a smaller training set.
        labels: what the training rows are trained as, label noise included, shape (training rows,).
        noisy: whether label noise changed a training row's label, shape (training rows,).
        validation: row numbers.
        test: row numbers, the same for every seed.
    """

    train: Rows
    labels: IntArray
    noisy: Mask
    validation: Rows
    test: Rows


def choose_rows(dataset: Dataset, y: IntArray, seed: int) -> ChosenRows:
    """The rows of a run with this seed; `y` are the true labels of all rows.

    Labels are changed in the whole pool, of which the training rows are the first: a row is noisy in every training set
    that has it, or in none.
    """
    pool, validation, test = split_rows(y, dataset.held_out, seed, dataset.groups)
    labels = change_labels(y[pool], dataset.label_noise, dataset.classes, seed)
    noisy, size = labels != y[pool], dataset.training_rows
    return ChosenRows(pool[:size], labels[:size], noisy[:size], validation, test)


def split_rows(y: IntArray, held_out: int, seed: int, groups: IntArray | None = None) -> tuple[Rows, Rows, Rows]:
    """Row numbers (training pool in nesting order, validation, test), stratified by `y`.

    Rows of one group are all in one of them; the parts are then about as large as they would be without groups.

    Test rows do not depend on the seed. Any first n rows of the pool are stratified to within one row a class, so
    that smaller training sets lie within larger ones.
    """
    rows = np.arange(len(y))
    rest, test = _hold_out(rows, y, held_out, TEST_SEED, groups)
    pool, validation = _hold_out(rest, y, held_out, seed, groups)
    return _nest(pool, y, np.random.default_rng([seed, *SUBSET])), validation, test


def _hold_out(rows: Rows, y: IntArray, size: int, seed: int, groups: IntArray | None) -> tuple[Rows, Rows]:
    """Rows that are left, and about `size` that are held out; of groups, a share of those of each class."""
    from sklearn.model_selection import train_test_split  # a second that no first page should wait for

    if groups is None:
        left, held = train_test_split(rows, test_size=size, stratify=y[rows], random_state=seed)
        return left, held
    _, first, of_group = np.unique(groups[rows], return_index=True, return_inverse=True)
    strata = y[rows][first]
    counts = np.bincount(strata)
    strata = np.where(counts[strata] < 2, counts.argmax(), strata)  # a class in one group is in one part anyway
    number = max(1, round(size / len(rows) * len(first)))
    enough = len(np.unique(strata)) <= min(number, len(first) - number)
    _, held_groups = train_test_split(
        np.arange(len(first)), test_size=number, stratify=strata if enough else None, random_state=seed
    )
    held = np.isin(of_group, held_groups)
    return rows[~held], rows[held]


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


def scale(
    train: Values, *others: Values, per_feature: bool, indicators: tuple[int, ...] = ()
) -> tuple[FloatArray, ...]:
    """Subtracts the mean and divides by the standard deviation of the training rows.

    Per feature for tables and points, where a missing value becomes the median of the training rows. Over all pixels
    at once for images: a pixel that is almost always black would else be blown up. So would a text that few rows have:
    `indicators` are the features that stay 0 and 1.
    """
    if per_feature:
        train, *rest = _fill(train, *others)
        others = tuple(rest)
    mean, deviation = measure_scale(train, per_feature=per_feature, indicators=indicators)
    return tuple(_standardize(a, mean, deviation) for a in (train, *others))


def measure_scale(train: Values, *, per_feature: bool, indicators: tuple[int, ...] = ()) -> tuple[Statistic, Statistic]:
    """Mean and standard deviation by which `scale` scales; values that are all the same are only shifted."""
    if per_feature:
        (train,) = _fill(train)
    mean, deviation = _pixel_statistics(train) if train.dtype == np.uint8 else _statistics(train, per_feature)
    deviation = np.where(deviation > 0, deviation, 1.0)
    if indicators:
        places = list(indicators)
        mean[places], deviation[places] = 0.0, 1.0
    return mean, deviation


def _statistics(train: Values, per_feature: bool) -> tuple[Statistic, Statistic]:
    axis = 0 if per_feature else None
    return train.mean(axis=axis, dtype=np.float64), train.std(axis=axis, dtype=np.float64)


def _pixel_statistics(train: Values) -> tuple[Statistic, Statistic]:
    """Mean and standard deviation by counting the 256 values: `std` would make float64 of all pixels."""
    counts = sum(np.bincount(rows.reshape(-1), minlength=256) for rows in _pieces(train))
    values = np.arange(256.0)
    mean = np.average(values, weights=counts)
    return mean, np.sqrt(np.average((values - mean) ** 2, weights=counts))


def _standardize(a: Values, mean: Statistic, deviation: Statistic) -> FloatArray:
    """Computed in float64, piece by piece: 24,000 colour images are 590 MB of it."""
    result = np.empty(a.shape, np.float32)
    for piece, rows in zip(_pieces(result), _pieces(a), strict=True):
        piece[...] = (rows - mean) / deviation
    return result


def _pieces(a: NDArray[Any]) -> Iterator[NDArray[Any]]:
    return (a[i : i + ROWS_AT_ONCE] for i in range(0, len(a), ROWS_AT_ONCE))


def _fill(train: Values, *others: Values) -> list[Values]:
    """Missing values become the median of the training rows, or 0 where those have none either."""
    if not any(np.isnan(a).any() for a in (train, *others)):
        return [train, *others]
    known = np.where(np.isnan(train).all(axis=0), 0, train)
    median = np.nanmedian(known, axis=0).astype(train.dtype)
    return [np.where(np.isnan(a), median, a) for a in (train, *others)]


def make_split(dataset: Dataset, arrays: Arrays, seed: int) -> Split:
    """The arrays that a run with this seed trains and is judged on."""
    rows = choose_rows(dataset, arrays.y, seed)
    x_train, x_validation, x_test = scale(
        *(arrays.x[part] for part in (rows.train, rows.validation, rows.test)),
        per_feature=dataset.kind != "image",
        indicators=arrays.indicators,
    )
    return Split(
        x_train,
        rows.labels,
        rows.noisy,
        x_validation,
        arrays.y[rows.validation],
        x_test,
        arrays.y[rows.test],
        checksum(arrays),
    )


def checksum(arrays: Arrays) -> str:
    """SHA-256 over values and labels."""
    digest = hashlib.sha256(np.ascontiguousarray(arrays.x).data)
    digest.update(np.ascontiguousarray(arrays.y).data)
    return digest.hexdigest()
