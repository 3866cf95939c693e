"""What can make every result meaningless, as far as columns, classes and rows show it."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from datasets.dataset import IntArray
from datasets.reading.columns import Understood
from datasets.reading.description import Doubt
from datasets.reading.features import Twins
from datasets.table import shown
from wording.language import _

MAJORITY = 0.6
"""Share of the largest class from which on it is said."""

ROWS_FOR_A_VALUE = 5
"""A feature with fewer rows for each of its values says the class of each by chance."""


def doubts_of_columns(
    columns: Sequence[Understood], y: IntArray, rows: NDArray[np.bool_], twins: Twins
) -> Iterator[Doubt]:
    """What can be seen of features, class and rows together."""
    for column in columns:
        if column.use != "feature":
            continue
        codes = column.cells.codes[rows]
        if len(np.unique(codes)) == 1:
            yield Doubt(
                _("{name} is the same in every row, so it says nothing.").format(name=shown(column.name)), column.name
            )
        elif _determines(column, codes, y, rows, twins.different):
            text = _("{name} alone tells the class of every row: is it known before the class is?").format(
                name=shown(column.name)
            )
            yield Doubt(text, column.name)


def doubts_of_rows(twins: Twins, classes: Mapping[str, int]) -> tuple[Doubt, ...]:
    """Those of a file that has no columns to speak of."""
    return (*doubts_of_twins(twins), *doubts_of_classes(classes))


def doubts_of_twins(twins: Twins) -> Iterator[Doubt]:
    """Equal rows: whoever has seen one in training knows the other."""
    if twins.repeated:
        told = _("{share:.0%} of the rows are there more than once ({repeated:,} rows).").format(
            share=twins.repeated / twins.rows, repeated=twins.repeated
        )
        if twins.kept_together:
            yield Doubt(_("{told} Equal rows stay on one side of the split.").format(told=told))
        else:
            yield Doubt(
                _("{told} Only {different} rows are different, so equal ones are on both sides of the split.").format(
                    told=told, different=twins.different
                )
            )


def _determines(column: Understood, codes: IntArray, y: IntArray, rows: NDArray[np.bool_], different: int) -> bool:
    """Whether each value has one class; or, of numbers, each class one range."""
    _, places = np.unique(codes, return_inverse=True)
    values, classes = int(places.max()) + 1, int(y.max()) + 1
    pairs = len(np.unique(places.astype(np.int64) * classes + y))
    if pairs == values and ROWS_FOR_A_VALUE * values <= different:
        return True
    if column.kind == "text":
        return False
    numbers = column.numbers()[rows]
    known = np.isfinite(numbers)
    order = np.lexsort((y[known], numbers[known]))
    changes = int((np.diff(y[known][order]) != 0).sum())
    split_values = len(np.unique(np.stack([numbers[known], y[known]]), axis=1).T) > len(np.unique(numbers[known]))
    return bool(known.all()) and changes == classes - 1 and not split_values


def doubts_of_classes(counts: Mapping[str, int]) -> Iterator[Doubt]:
    rows = sum(counts.values())
    largest = max(counts, key=lambda name: counts[name], default=None)
    if largest is not None and len(counts) > 1 and counts[largest] >= MAJORITY * rows:
        yield Doubt(
            _(
                "{share:.1%} of the rows are of class {largest}: accuracy is as high for whoever always says so. "
                "Balanced accuracy is not."
            ).format(share=counts[largest] / rows, largest=shown(largest))
        )
    alike: dict[str, list[str]] = {}
    for name in counts:
        alike.setdefault(" ".join(name.casefold().split()), []).append(name)
    for names in alike.values():
        if len(names) > 1 and len(counts) <= 1000:
            yield Doubt(
                _("The classes {names} differ in capitals or spaces only: are they one?").format(
                    names=", ".join(map(shown, names))
                )
            )
