"""A sheet as data to train on: classes, features, and the doubts that can be seen from the columns."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from datasets.dataset import Arrays
from datasets.reading.choices import Reading
from datasets.reading.columns import Understood, notes_of, understand_columns
from datasets.reading.description import Description, Doubt
from datasets.reading.doubts import doubts_of_classes, doubts_of_columns, doubts_of_twins
from datasets.reading.features import MIN_GROUPS, Features, find_groups, make_features
from datasets.reading.sheet import Sheet
from datasets.table import Table, TableError, encode_classes, order_classes, shown
from wording.language import _, ngettext


def make_table(sheet: Sheet, reading: Reading, target: str | None, max_bytes: int) -> Table:
    """What was understood of a sheet, with the arrays where it can be trained on.

    Raises:
        TableError: there is no such column.
    """
    target = _find_target(sheet, target)
    columns, decimal = understand_columns(sheet, reading, target)
    columns, doubts = _leave_out_copies(columns, reading)
    label = next(column for column in columns if column.use == "class")
    rows = _labelled(label)
    notes = [*sheet.notes, *notes_of(columns, sheet)]
    if lost := int((~rows).sum()):
        notes.append(_("{lost:,} rows without a class left out.").format(lost=lost))
    counts = _count_classes(label, rows)
    arrays, features, problem = None, None, None
    try:
        y, names = encode_classes(label.cells.take(rows), _("column {name}").format(name=shown(label.name)))
        features = make_features(columns, rows, max_bytes)
        group = _find_group(columns)
        groups, twins = find_groups(features.x, group, rows)
        arrays = Arrays(features.x, y, names, features.names, features.indicators, groups)
        notes.extend(_notes(features))
        doubts = [*doubts, *doubts_of_columns(columns, y, rows, twins), *doubts_of_twins(twins)]
    except TableError as error:
        problem = str(error)
    doubts = [*doubts, *doubts_of_classes(counts)]
    description = Description(
        tuple(column.told for column in columns),
        len(rows),
        target,
        counts,
        features.names if features else (),
        sheet.encoding,
        sheet.separator,
        decimal,
        sheet.header,
        tuple(notes),
        tuple(doubts),
        problem,
        sheet.format,
        sheet.skipped,
        sheet.row_names,
    )
    points = bool(features and not features.indicators and len(features.names) == 2 and not features.missing)
    return Table(arrays, "points" if points else "table", description)


def _find_target(sheet: Sheet, target: str | None) -> str:
    """The column with the classes; without a choice the last one that has values."""
    if target is None:
        filled = [name for name, cells in zip(sheet.names, sheet.columns, strict=True) if any(cells.values)]
        if not filled:
            raise TableError(_("all columns are empty"))
        return filled[-1]
    if target not in sheet.names:
        raise TableError(
            _("there is no column {target}; columns: {names}").format(
                target=shown(target), names=", ".join(map(shown, sheet.names[:20]))
            )
        )
    return target


def _find_group(columns: Sequence[Understood]) -> Understood | None:
    """The column whose rows of one value stay together, if there is one."""
    groups = [column for column in columns if column.use == "group"]
    if len(groups) > 1:
        raise TableError(
            _("{names} are groups; allowed: one such column").format(
                names=", ".join(shown(column.name) for column in groups)
            )
        )
    if groups and len(groups[0].cells.values) < MIN_GROUPS:
        different = len(groups[0].cells.values)
        raise TableError(
            _("{name} has {different} different groups; allowed: at least {min_groups}").format(
                name=shown(groups[0].name), different=different, min_groups=MIN_GROUPS
            )
        )
    return groups[0] if groups else None


def _labelled(label: Understood) -> NDArray[np.bool_]:
    """Rows that have a class: all whose cell is not empty."""
    return np.array([bool(value) for value in label.cells.values], bool)[label.cells.codes]


def _count_classes(label: Understood, rows: NDArray[np.bool_]) -> dict[str, int]:
    counts = label.cells.take(rows).counts
    there = {value: int(count) for value, count in zip(label.cells.values, counts, strict=True) if count}
    return {name: there[name] for name in order_classes(there)}


def _leave_out_copies(columns: Sequence[Understood], reading: Reading) -> tuple[tuple[Understood, ...], list[Doubt]]:
    """A feature that is the class under another name is left out unless a person keeps it; columns that number rows."""
    label = next(column for column in columns if column.use == "class")
    kept, doubts = [], []
    for column in columns:
        copied = column is not label and column.kind != "empty" and _is_copy(column, label)
        if copied and column.use != "group":
            column = replace(column, copy=True)
            if column.use == "feature" and reading.of(column.name).use is None:
                column = replace(column, use="ignore", why_ignored=_("the same as the class"))
            text = _("{name} says the same as the class {label} in every row").format(
                name=shown(column.name), label=shown(label.name)
            )
            doubts.append(_doubt(column, text))
        elif column.numbers_rows and column.use != "group":
            text = _("{name} numbers or names the rows, which says nothing of others").format(name=shown(column.name))
            doubts.append(_doubt(column, text))
        kept.append(column)
    return tuple(kept), doubts


def _doubt(column: Understood, text: str) -> Doubt:
    left_out = column.use == "ignore"
    told = _("It is left out.") if left_out else _("It is kept.")
    return Doubt(f"{text}. {told}", column.name, left_out)


def _is_copy(column: Understood, label: Understood) -> bool:
    """Whether each value goes with one class, and each class with one value."""
    if len(column.cells.values) != len(label.cells.values) or len(label.cells.values) < 2:
        return False
    pairs = column.cells.codes.astype(np.int64) * len(label.cells.values) + label.cells.codes
    return len(np.unique(pairs)) == len(label.cells.values)


def _notes(features: Features) -> Iterator[str]:
    if features.missing:
        yield _("{missing:,} missing numbers filled with the median of the training rows.").format(
            missing=features.missing
        )
    if features.texts:
        yield ngettext(
            "{count} column of texts became one 0/1 column for each value; a missing text is a value of its own.",
            "{count} columns of texts became one 0/1 column for each value; a missing text is a value of its own.",
            features.texts,
        )
    if features.x.dtype == np.float64:
        yield _("Numbers are kept in double precision: some differ only in their last digits.")
