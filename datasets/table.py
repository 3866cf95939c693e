"""What every file of somebody's own must be, whatever its format: classes with enough rows, finite values, a size."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.dataset import Arrays, IntArray, Kind
from datasets.reading.cells import Cells, is_plain_number
from datasets.reading.description import Description
from models.names import shorten, visible
from models.refusals import RefusalError
from wording.language import _

MAX_ROWS = 100_000
MAX_FEATURES = 2_000
MAX_SIDE = 64
MAX_VALUES = 100_000_000
"""Rows times features: 400 MB as float32."""

MIN_CLASSES, MAX_CLASSES = 2, 100
MIN_ROWS_PER_CLASS = 10
"""So that each class is in the training, the validation and the test rows, whatever the seed."""

MISSING = "(missing)"
"""How an empty cell among texts is called."""


class TableError(RefusalError):
    """A file that cannot be trained on; the message says what is wrong and what is allowed."""


@dataclass(frozen=True, eq=False)
class Table:
    """A file as it was read: what was understood of it, and `arrays` where it can be trained on."""

    arrays: Arrays | None
    kind: Kind
    description: Description

    def checked(self) -> Arrays:
        """The arrays.

        Raises:
            TableError: why there are none.
        """
        if self.arrays is None:
            raise TableError(self.description.problem or "")
        return self.arrays

    @property
    def class_counts(self) -> NDArray[np.int64]:
        """Rows of each class (classes,)."""
        return np.array(list(self.description.classes.values()), np.int64)


def shown(name: object) -> str:
    """A name from a file, short enough for a message."""
    return f'"{shorten(visible(str(name)))}"'


def order_classes(names: Iterable[str]) -> list[str]:
    """Classes in their order: numbers by value, where all are numbers, else texts."""
    texts = sorted(names)
    if all(is_plain_number(text) for text in texts):
        return sorted(texts, key=float)
    return texts


def encode_classes(cells: Cells, what: str) -> tuple[IntArray, tuple[str, ...]]:
    """Class indices and names; `cells` has no empty ones.

    Raises:
        TableError: too few or too many classes, or one has too few rows.
    """
    counts = {value: int(count) for value, count in zip(cells.values, cells.counts, strict=True) if count}
    if not MIN_CLASSES <= len(counts) <= MAX_CLASSES:
        raise TableError(
            _("{what} has {counts:,} different values; allowed: {min_classes} to {max_classes}").format(
                what=what, counts=len(counts), min_classes=MIN_CLASSES, max_classes=MAX_CLASSES
            )
        )
    names = order_classes(counts)
    few = min(names, key=lambda name: counts[name])
    if counts[few] < MIN_ROWS_PER_CLASS:
        raise TableError(
            _(
                "class {few} of {what} has {counts} rows; allowed: at least {min_rows_per_class} rows in each class, "
                "for training, validation and test"
            ).format(few=shown(few), what=what, counts=counts[few], min_rows_per_class=MIN_ROWS_PER_CLASS)
        )
    places = {name: place for place, name in enumerate(names)}
    return np.array([places.get(value, -1) for value in cells.values], np.int32)[cells.codes], tuple(names)


def check_size(rows: int, features: int) -> None:
    """Refuses what is too large for this program on any host.

    Raises:
        TableError: naming the limit.
    """
    if rows > MAX_ROWS:
        raise TableError(
            _("the file has more than {max_rows:,} rows; allowed: up to {max_rows:,}").format(max_rows=MAX_ROWS)
        )
    if rows * features > MAX_VALUES:
        raise TableError(
            _("the file has {rows:,} values; allowed: up to {max_values:,}").format(
                rows=rows * features, max_values=MAX_VALUES
            )
        )
