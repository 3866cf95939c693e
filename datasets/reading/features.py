"""Columns with a use, as the arrays that train: numbers, one 0/1 column for each text, classes, groups."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from datasets.dataset import IntArray, Values
from datasets.reading.columns import Understood
from datasets.table import MAX_FEATURES, MISSING, TableError, check_size
from wording.language import _

TOLERANCE = 1e-4
"""Of a column's standard deviation: what float32 may lose. Milliseconds since 1970 are all the same to it."""


MIN_GROUPS = 10
"""So that training, validation and test rows have some each."""


@dataclass(frozen=True, eq=False)
class Features:
    """The network's input: `x` (rows, features), NaN where a number is missing, and names of the features.

    Attributes:
        indicators: places of the features that are 0 or 1 for a text; they are not scaled.
        missing: numbers that are not there.
        texts: columns that became indicators.
    """

    x: Values
    names: tuple[str, ...]
    indicators: tuple[int, ...]
    missing: int
    texts: int


def make_features(columns: Sequence[Understood], rows: NDArray[np.bool_], max_bytes: int) -> Features:
    """The features of these rows.

    Raises:
        TableError: none is left, or they are too many.
    """
    used = [column for column in columns if column.use == "feature"]
    names = [name for column in used for name in feature_names(column, rows)]
    if not names:
        left_out = "; ".join(f"{column.name} ({column.why_ignored or column.use})" for column in columns)
        raise TableError(
            _("no column is left that the network could learn from: {left_out}").format(left_out=left_out[:400])
        )
    if len(names) > MAX_FEATURES:
        raise TableError(
            _("the columns make {names:,} features; allowed: up to {max_features:,}").format(
                names=len(names), max_features=MAX_FEATURES
            )
        )
    count = int(rows.sum())
    check_size(count, len(names))
    numbers = {column.name: column.numbers()[rows] for column in used if column.kind != "text"}
    dtype = np.float64 if any(map(_loses, numbers.values())) else np.float32
    if count * len(names) * np.dtype(dtype).itemsize > max_bytes:
        raise TableError(
            _("the features take {size:,} bytes; allowed here: {max_bytes:,}").format(
                size=count * len(names) * np.dtype(dtype).itemsize, max_bytes=max_bytes
            )
        )
    x = np.empty((count, len(names)), dtype)
    indicators: list[int] = []
    place = 0
    for column in used:
        if column.kind == "text":
            categories = _categories(column, rows)
            codes = column.cells.codes[rows]
            for code, _text in categories:
                x[:, place] = codes == code
                indicators.append(place)
                place += 1
        else:
            x[:, place] = numbers[column.name]
            place += 1
    missing = sum(int(np.isnan(values).sum()) for values in numbers.values())
    return Features(x, tuple(names), tuple(indicators), missing, sum(column.kind == "text" for column in used))


def feature_names(column: Understood, rows: NDArray[np.bool_]) -> Iterator[str]:
    """What the features of a column are called."""
    if column.kind == "text":
        yield from (f"{column.name} = {text or MISSING}" for _, text in _categories(column, rows))
    else:
        yield column.name


def _categories(column: Understood, rows: NDArray[np.bool_]) -> list[tuple[int, str]]:
    """Codes and texts that the rows have, in the order of the texts."""
    there = np.unique(column.cells.codes[rows])
    return sorted(((int(code), column.cells.values[code]) for code in there), key=lambda pair: pair[1])


def _loses(numbers: NDArray[np.float64]) -> bool:
    """Whether float32 is too coarse for a column."""
    known = numbers[np.isfinite(numbers)]
    if not known.size:
        return False
    lost = np.abs(known - known.astype(np.float32)).max()
    return bool(lost > TOLERANCE * known.std())


@dataclass(frozen=True)
class Twins:
    """How many rows there are, how many of them more than once, and how many different ones."""

    rows: int
    repeated: int
    different: int

    @property
    def kept_together(self) -> bool:
        """Whether equal rows stay on one side of a split: not where there are too few different ones to split."""
        return self.repeated > 0 and self.different >= MIN_GROUPS


def find_groups(
    x: Values, column: Understood | None = None, rows: NDArray[np.bool_] | None = None
) -> tuple[IntArray | None, Twins]:
    """Which rows must stay together (rows,): equal ones, and those of one group; None: none must.

    Args:
        x: the features.
        column: has the groups; a row with an empty one is alone.
        rows: of the column's, those of `x`.
    """
    equal = _number_equal_rows(x)
    counts = np.bincount(equal)
    twins = Twins(len(x), int(counts[counts > 1].sum()), len(counts))
    if column is None:
        return (equal if twins.kept_together else None), twins
    codes = column.cells.codes[slice(None) if rows is None else rows].astype(np.int64)
    if "" in column.cells.values:
        alone = codes == column.cells.values.index("")
        codes[alone] = len(column.cells.values) + np.arange(int(alone.sum()))
    groups = np.unique(codes, return_inverse=True)[1].astype(np.int32)
    return (_join(groups, equal) if twins.kept_together else groups), twins


def _number_equal_rows(x: Values) -> IntArray:
    """The same number for rows that are equal (rows,), by a hash of 64 bits."""
    hashes = (blake2b((row + row.dtype.type(0)).tobytes(), digest_size=8).digest() for row in x)  # -0.0 becomes 0.0
    numbers = np.fromiter((int.from_bytes(digest) for digest in hashes), np.uint64, len(x))
    return np.unique(numbers, return_inverse=True)[1].astype(np.int32)


def _join(first: IntArray, second: IntArray) -> IntArray:
    """Rows that are in one group by either: connected parts of the graph between the groups of both."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = int(first.max()) + 1
    nodes = size + int(second.max()) + 1
    edges = coo_array((np.ones(len(first), np.int8), (first, size + second)), shape=(nodes, nodes))
    return np.asarray(connected_components(edges, directed=False)[1][first], np.int32)
