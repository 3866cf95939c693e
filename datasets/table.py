"""What every file of somebody's own must be, whatever its format: classes with enough rows, finite values, a size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.dataset import Arrays, IntArray, Kind

MAX_ROWS = 100_000
MAX_FEATURES = 2_000
MAX_SIDE = 64
MAX_VALUES = 100_000_000
"""Rows times features: 400 MB as float32."""

MIN_CLASSES, MAX_CLASSES = 2, 100
MIN_ROWS_PER_CLASS = 10
"""So that each class is in the training, the validation and the test rows, whatever the seed."""

MAX_CHARACTERS_SHOWN = 60


class TableError(ValueError):
    """A file that cannot be trained on; the message says what is wrong and what is allowed."""


@dataclass(frozen=True, eq=False)
class Table:
    """A file as it was read. `notes` say what was done to it: rows and columns left out, values filled in."""

    arrays: Arrays
    kind: Kind
    notes: tuple[str, ...] = ()

    @property
    def class_counts(self) -> NDArray[np.int64]:
        """Rows of each class (classes,)."""
        return np.bincount(self.arrays.y, minlength=len(self.arrays.class_names))


def shown(name: object) -> str:
    """A name from a file, short enough for a message."""
    text = str(name)
    return f'"{text[:MAX_CHARACTERS_SHOWN]}…"' if len(text) > MAX_CHARACTERS_SHOWN else f'"{text}"'


def encode_classes(labels: Sequence[Any] | NDArray[Any], what: str) -> tuple[IntArray, tuple[str, ...]]:
    """Class indices and names, in the order of the values.

    Raises:
        TableError: too few or too many classes, or one has too few rows.
    """
    values, y, counts = np.unique(np.asarray(labels), return_inverse=True, return_counts=True)
    if not MIN_CLASSES <= len(values) <= MAX_CLASSES:
        raise TableError(f"{what} has {len(values):,} different values; allowed: {MIN_CLASSES} to {MAX_CLASSES}")
    names = tuple(_class_name(value) for value in values)
    few = int(counts.argmin())
    if counts[few] < MIN_ROWS_PER_CLASS:
        raise TableError(
            f"class {shown(names[few])} of {what} has {counts[few]} rows; allowed: at least {MIN_ROWS_PER_CLASS} rows "
            "in each class, for training, validation and test"
        )
    return y.reshape(-1).astype(np.int32), names


def _class_name(value: Any) -> str:
    whole = isinstance(value, np.floating) and float(value).is_integer()
    return str(int(value)) if whole else str(value)


def check_size(rows: int, features: int) -> None:
    """Refuses what is too large for this program on any host.

    Raises:
        TableError: naming the limit.
    """
    if rows > MAX_ROWS:
        raise TableError(f"the file has more than {MAX_ROWS:,} rows; allowed: up to {MAX_ROWS:,}")
    if rows * features > MAX_VALUES:
        raise TableError(f"the file has {rows * features:,} values; allowed: up to {MAX_VALUES:,}")
