"""What to look at before training that depends on the split: who is in the test rows only, and how few validate."""

from collections.abc import Iterator

import numpy as np

from datasets.dataset import Arrays, Dataset
from datasets.reading.description import Doubt
from datasets.split import ChosenRows, Rows, choose_rows
from datasets.table import shown
from wording.language import _

MIN_VALIDATION_ROWS = 5
"""Of each class: of fewer, one row more or less is a fifth of what is known of it."""

NAMED = 5
UNEVEN = 1.5
"""A part may be so many times larger or smaller than it was meant to be before it is said."""


def check_split(dataset: Dataset, seed: int) -> tuple[Doubt, ...]:
    """Doubts about the split under a seed, the first of the experiment."""
    arrays = dataset.load()
    rows = choose_rows(dataset, arrays.y, seed)
    return (*_classes(arrays, rows), *_texts(arrays, rows), *_sizes(dataset, rows))


def _classes(arrays: Arrays, rows: ChosenRows) -> Iterator[Doubt]:
    parts = {"training": rows.train, "validation": rows.validation, "test": rows.test}
    counts = {name: np.bincount(arrays.y[part], minlength=len(arrays.class_names)) for name, part in parts.items()}
    lacking = np.flatnonzero(counts["training"] == 0)
    if len(lacking):
        yield Doubt(
            _("No training row has {classes}: nothing can be learned of it.").format(classes=_names(arrays, lacking))
        )
    few = np.flatnonzero(counts["validation"] < MIN_VALIDATION_ROWS)
    if len(few):
        fewest = int(counts["validation"].min())
        yield Doubt(
            _(
                "Of {rows:,} validation rows only {fewest} are of {classes}: what is measured there is mostly luck. "
                "More seeds help a little, more rows help."
            ).format(rows=len(rows.validation), fewest=fewest, classes=_names(arrays, few))
        )


def _names(arrays: Arrays, classes: Rows) -> str:
    names = [shown(arrays.class_names[label]) for label in classes[:NAMED]]
    told = ", ".join([*names, *["…"] * (len(classes) > NAMED)])
    return _("class {names}").format(names=told)


def _texts(arrays: Arrays, rows: ChosenRows) -> Iterator[Doubt]:
    """Values of a text column that no training row has."""
    held_out = np.concatenate([rows.validation, rows.test])
    unseen = [
        arrays.feature_names[place]
        for place in arrays.indicators
        if not arrays.x[rows.train, place].any() and arrays.x[held_out, place].any()
    ]
    if unseen:
        more = _(" and {count:,} others").format(count=len(unseen) - NAMED) if len(unseen) > NAMED else ""
        yield Doubt(
            _("No training row has {names}{more}: the network cannot learn what that means.").format(
                names=", ".join(map(shown, unseen[:NAMED])), more=more
            )
        )


def _sizes(dataset: Dataset, rows: ChosenRows) -> Iterator[Doubt]:
    """Groups can be so large that the parts are not what was asked for."""
    for name, part in ((_("validation"), rows.validation), (_("test"), rows.test)):
        if dataset.groups is not None and not dataset.held_out / UNEVEN <= len(part) <= dataset.held_out * UNEVEN:
            yield Doubt(
                _("Groups are so uneven that {rows:,} rows are for {name}, not about {held_out:,}.").format(
                    rows=len(part), name=name, held_out=dataset.held_out
                )
            )
