"""What each column of a sheet is: its kind, how its numbers are written, and what it is used for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from datasets.reading.cells import (
    MOST,
    NEARLY_ALL,
    PLAINLY,
    Cells,
    Notation,
    are_dates,
    days,
    has_day_first,
    is_ambiguous,
    is_missing,
    looks_like_number,
    parse_number,
    possible_notations,
    prefer,
    votes_for,
)
from datasets.reading.choices import Kind, Reading, Use
from datasets.reading.description import Column
from datasets.reading.sheet import Sheet
from datasets.table import shown
from wording.language import _

MAX_CATEGORIES = 50
"""Different texts of a column that becomes one 0/1 column for each: more are names or numbers of rows."""

EXAMPLES = 3
IDENTIFIER = re.compile(r"(?i)(id|index|idx|no|nr|key|row|rowid|uuid|guid|.*[ _.-]id|id[ _.-].*)|.*[a-z]I[Dd]")
LARGEST = 3e38
"""Of a float32; larger numbers count as infinite."""


@dataclass(frozen=True, eq=False)
class Understood:
    """A column and what it is.

    Attributes:
        odd: values that are no numbers in a column that has nearly only numbers.
        why_ignored: in a few words; empty: it is used, or a person decided.
        numbers_rows: whether it counts or names the rows.
        copy: whether it is the class under another name.
    """

    name: str
    cells: Cells
    kind: Kind
    use: Use = "feature"
    notation: Notation = PLAINLY
    odd: tuple[str, ...] = ()
    why_ignored: str = ""
    numbers_rows: bool = False
    copy: bool = False

    @property
    def doubted(self) -> bool:
        """Whether a person is asked about it."""
        return self.numbers_rows or self.copy

    @cached_property
    def by_value(self) -> NDArray[np.float64]:
        """The number that each different value says, days since 1970-01-01 of a date; NaN where it says none."""
        if self.kind == "date":
            day_first = has_day_first(self.cells.values)
            return np.array([days(value, day_first=day_first) for value in self.cells.values], np.float64)
        numbers = np.array([parse_number(value, self.notation) for value in self.cells.values], np.float64)
        return np.where(np.abs(numbers) <= LARGEST, numbers, np.nan)

    def numbers(self) -> NDArray[np.float64]:
        """The number in each row, shape (rows,); NaN where it is missing."""
        return self.by_value[self.cells.codes]

    @property
    def lost(self) -> NDArray[np.bool_]:
        """Which of the different values count as missing."""
        empty = np.array([not value for value in self.cells.values], bool)
        return empty if self.kind == "text" else empty | np.isnan(self.by_value)

    @property
    def told(self) -> Column:
        """As pages and the command line show it."""
        present = [value for value, lost in zip(self.cells.values, self.lost, strict=True) if not lost]
        missing = int(self.cells.counts[self.lost].sum())
        day_first = self.kind == "date" and has_day_first(self.cells.values)
        return Column(self.name, self.kind, self.use, missing, tuple(present[:EXAMPLES]), self.notation, day_first)

    @property
    def marks(self) -> tuple[str, ...]:
        """What is taken for missing numbers beside empty cells."""
        return tuple(value for value, lost in zip(self.cells.values, self.lost, strict=True) if lost and value)


def understand_columns(sheet: Sheet, reading: Reading, target: str) -> tuple[tuple[Understood, ...], str]:
    """All columns with kind and use; and the file's decimal mark."""
    notations = [possible_notations(cells.values) for cells in sheet.columns]
    decimal = reading.decimal or _decimal(notations, sheet.separator)
    found = (
        _kind(name, cells, possible, decimal, reading)
        for name, cells, possible in zip(sheet.names, sheet.columns, notations, strict=True)
    )
    columns = [_with_use(column, place, sheet, reading, target) for place, column in enumerate(found)]
    return tuple(columns), decimal


def _decimal(notations: Sequence[frozenset[Notation]], separator: str | None) -> str:
    """The mark that most columns agree on; where all are ambiguous as 1,234 is: a comma beside semicolons."""
    votes = [vote for possible in notations if (vote := votes_for(possible))]
    if votes:
        return "," if 2 * votes.count(",") > len(votes) else "."
    ambiguous = any(Notation(",") in possible and PLAINLY not in possible for possible in notations)
    return "," if ambiguous and separator == ";" else "."


def _kind(name: str, cells: Cells, possible: frozenset[Notation], decimal: str, reading: Reading) -> Understood:
    chosen = reading.of(name).kind
    if chosen == "number":
        return Understood(name, cells, "number", notation=_most_parsed(cells, decimal))
    if chosen is not None:
        return Understood(name, cells, chosen)
    if not any(cells.values):
        return Understood(name, cells, "empty")
    counts = cells.counts
    present = np.array([bool(value) for value in cells.values])
    missing = np.array([is_missing(value) for value in cells.values])
    if not missing.all() and counts[~missing].sum() >= MOST * counts[present].sum():
        if possible:
            return Understood(name, cells, "number", notation=prefer(possible, decimal))
        if are_dates(cells.values):
            return Understood(name, cells, "date")
    like = np.array([looks_like_number(value) for value in cells.values])
    if counts[like].sum() >= NEARLY_ALL * counts[present].sum():
        notation = _most_parsed(cells, decimal)
        odd = tuple(value for value in cells.values if not is_missing(value) and notation.parse(value) is None)
        return Understood(name, cells, "text", odd=odd)
    return Understood(name, cells, "text")


def _most_parsed(cells: Cells, decimal: str) -> Notation:
    """The notation in which most rows of a column are numbers that a person calls one."""
    candidates = [Notation(mark, thousands) for mark in ".," for thousands in ("", *".,".replace(mark, ""))]
    if all_of_them := possible_notations(cells.values):
        return prefer(all_of_them, decimal)

    def parsed(notation: Notation) -> tuple[int, bool, bool]:
        numbers = np.array([notation.parse(value) is not None for value in cells.values], bool)
        return int(cells.counts[numbers].sum()), notation.decimal == decimal, not notation.thousands

    return max(candidates, key=parsed)


def _with_use(column: Understood, place: int, sheet: Sheet, reading: Reading, target: str) -> Understood:
    """What a column is used for: what a person says, else what its values allow."""
    if column.name == target:
        return replace(column, use="class")
    numbers_rows = (sheet.row_names and place == 0) or _numbers_rows(column, unnamed=place in sheet.unnamed)
    column = replace(column, numbers_rows=numbers_rows)
    if chosen := reading.of(column.name).use:
        return replace(column, use=chosen)
    why = _why_ignored(column)
    if column.kind == "date" and reading.of(column.name).kind == "date":
        why = ""
    return replace(column, use="ignore" if why else "feature", why_ignored=why)


def _why_ignored(column: Understood) -> str:
    if column.kind == "empty":
        return "empty"
    if column.numbers_rows:
        return _("it numbers or names the rows")
    if column.kind == "date":
        return _("dates; they become numbers only if you say so")
    if column.kind == "number" and bool(column.lost.all()):
        return _("no finite number")
    if column.kind == "text" and (texts := len(column.cells.values)) > MAX_CATEGORIES:
        return _("{texts:,} different texts, more than {max_categories}").format(
            texts=texts, max_categories=MAX_CATEGORIES
        )
    return ""


def _numbers_rows(column: Understood, *, unnamed: bool) -> bool:
    """Whether it counts the rows one by one; or is called so, or nothing at all, and is different in each row."""
    cells = column.cells
    rows = len(cells.codes)
    if len(cells.values) != rows or rows < 2 or column.kind in ("empty", "date"):
        return False
    if column.kind == "text":
        return not column.odd
    numbers = column.numbers()
    whole = bool(np.isfinite(numbers).all() and (numbers == np.round(numbers)).all())
    return whole and (bool((np.diff(numbers) == 1).all()) or unnamed or IDENTIFIER.fullmatch(column.name) is not None)


def notes_of(columns: Sequence[Understood], sheet: Sheet) -> list[str]:
    """What was done to the columns."""
    notes = []
    left_out = [f"{shown(c.name)} ({c.why_ignored})" for c in columns if c.why_ignored and not c.doubted]
    if left_out:
        notes.append(_("Columns left out: {names}.").format(names="; ".join(left_out)))
    used = [column for column in columns if column.use == "feature"]
    numbers = [column for column in used if column.kind == "number"]
    for told in dict.fromkeys(column.notation.told for column in numbers):
        if told:
            names = ", ".join(shown(column.name) for column in numbers if column.notation.told == told)
            notes.append(_("Read as numbers, {told}: {names}.").format(told=told, names=names))
    if ambiguous := [c for c in numbers if is_ambiguous(possible_notations(c.cells.values))]:
        column = ambiguous[0]
        value = next(value for value in column.cells.values if re.search(r"[.,]", value))
        names = ", ".join(shown(c.name) for c in ambiguous)
        number = column.by_value[list(column.cells.values).index(value)]
        notes.append(
            _("Thousands or decimals? {value} is read as {number:g} in {names}; the decimal mark decides it.").format(
                value=shown(value), number=number, names=names
            )
        )
    if zeros := [c.name for c in numbers if any(v[:1] == "0" and v[1:2].isdigit() for v in c.cells.values)]:
        notes.append(
            _("Leading zeros are lost in numbers: {names}. Call it text to keep them.").format(
                names=", ".join(map(shown, zeros))
            )
        )
    if marked := [f"{shown(c.name)}: {', '.join(map(shown, c.marks[:5]))}" for c in numbers if c.marks]:
        notes.append(_("Taken for missing numbers: {names}.").format(names="; ".join(marked)))
    notes.extend(_odd(column, sheet) for column in columns if column.odd)
    for column in (c for c in used if c.kind == "date"):
        order = _("day before month") if has_day_first(column.cells.values) else _("month before day, or year first")
        notes.append(_("{name} became days since 1970-01-01 ({order}).").format(name=shown(column.name), order=order))
    return notes


def _odd(column: Understood, sheet: Sheet) -> str:
    value = column.odd[0]
    line = int(sheet.lines[np.argmax(column.cells.codes == column.cells.values.index(value))])
    more = _(" and {count:,} other values").format(count=len(column.odd) - 1) if len(column.odd) > 1 else ""
    return _(
        "{name} is read as text: nearly all of its values are numbers, but not {value} (line {line:,}){more}. "
        "Call it a number to count those as missing."
    ).format(name=shown(column.name), value=shown(value), line=line, more=more)
