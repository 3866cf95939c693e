"""Where names and rows are: lines before the header, row names, what rows have more or less than the header."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from datasets.reading.cells import MISSING_MARKS, looks_like_number
from datasets.reading.dialect import ONE_COLUMN, SAMPLE, filled_width, usual_width
from datasets.reading.records import Record, Source
from datasets.table import MAX_ROWS, TableError, shown
from wording.language import _

ROW_NAMES = "row names"


@dataclass(frozen=True)
class Layout:
    """Where the rows of a file are, and what their columns are called.

    Attributes:
        names: of the columns, each once.
        unnamed: places of columns that have no name in the file.
        header: its line; 0: none.
        first: the line in which rows begin.
        row_names: whether the first column has the row names, which the header does not name.
        notes: what was done.
    """

    names: tuple[str, ...]
    unnamed: frozenset[int]
    header: int
    first: int
    row_names: bool
    notes: tuple[str, ...]

    def rows(self, source: Source) -> Iterator[Record]:
        """The rows, each with as many cells as there are columns; missing last ones are empty."""
        width = len(self.names)
        for record in source():
            if record.line >= self.first and any(record.cells) and not _is_comment(record, width):
                yield Record(record.line, record.cells[:width] + [""] * (width - len(record.cells)))


def find_layout(source: Source, chosen: int | None) -> Layout:
    """Where names and rows are; `chosen` is the header's line where a person says it.

    Raises:
        TableError: rows and header disagree, or there are no rows.
    """
    sample = list(islice(source(), SAMPLE))
    header, first, notes = _choose_header(sample, chosen)
    cells = [] if header is None else header.cells
    if header is not None and header.cells and header.cells[0].startswith("#") and _is_comment_header(header, sample):
        cells = [header.cells[0].lstrip("# "), *header.cells[1:]]
    if not cells:
        cells = [""] * usual_width([record for record in sample if record.line >= first])
    shape = _measure(source, first, len(cells))
    row_names = shape.row_names(len(cells))
    if row_names:
        cells = [ROW_NAMES, *cells]
        notes.append(_("The rows have one value more than the header: the first ones are row names."))
    elif shape.surplus is not None:
        raise TableError(shape.surplus)
    if not shape.rows:
        raise TableError(_(ONE_COLUMN))
    if len(cells) < 2:
        raise TableError(_(ONE_COLUMN))
    notes.extend(shape.notes(len(cells)))
    names, twins = _unique(cells)
    if twins:
        told = "; ".join(
            _("{new} is another {old}").format(new=shown(new), old=shown(old)) for new, old in twins.items()
        )
        notes.append(_("Names that are there twice: {told}.").format(told=told))
    unnamed = frozenset(i for i, cell in enumerate(cells) if not cell) if header else frozenset()
    line = header.line if header else 0
    return Layout(names, unnamed, line, first, row_names, tuple(notes))


def _choose_header(sample: Sequence[Record], chosen: int | None) -> tuple[Record | None, int, list[str]]:
    """The header, the line in which rows begin, and what was skipped before."""
    if not sample:
        raise TableError(_(ONE_COLUMN))
    if chosen:
        header = next((record for record in sample if record.line == chosen), None)
        if header is None:
            raise TableError(_("line {chosen:,} has no values: it cannot be the header").format(chosen=chosen))
        return header, chosen + 1, []
    width = usual_width(list(sample))
    if not width:
        raise TableError(_(ONE_COLUMN))
    if sample[0].cells[0].lower().startswith("@relation"):
        raise TableError(_("this is an ARFF file: save it as CSV"))
    skipped = 0
    while skipped < len(sample) - 1 and _is_before_header(sample, skipped, width):
        skipped += 1
    notes = _told(sample[:skipped])
    header = sample[skipped]
    if chosen == 0:
        return None, header.line, notes
    body = [record for record in sample[skipped + 1 :] if len(record.cells) == len(header.cells)]
    if _is_data(header, body):
        notes.append(
            _(
                "Line {line:,} looks like data, so it is a row, and the columns are numbered: if it is the header, say "
                "so."
            ).format(line=header.line)
        )
        return None, header.line, notes
    if header.cells and all(looks_like_number(cell) for cell in header.cells):
        notes.append(_("All names of columns are numbers: if the first line is data, say that there is no header."))
    return header, header.line + 1, notes


def is_directive(record: Record) -> bool:
    """Whether it is Excel's `sep=;`, which names the separator."""
    return record.line == 1 and re.fullmatch(r"sep=.?", "".join(record.cells), re.IGNORECASE) is not None


def _is_before_header(sample: Sequence[Record], place: int, width: int) -> bool:
    """A `sep=` line, a comment, or a title: few values above records of more."""
    record = sample[place]
    filled = sum(map(bool, record.cells))
    if is_directive(record):
        return True
    if record.cells[0].startswith("#"):
        return not _is_comment_header(record, sample)
    if filled <= 1:
        return not filled or len(record.cells) < width or width > 2
    return filled_width(record) < width - 1  # one less is a header without a name for the row names


def _is_comment_header(record: Record, sample: Sequence[Record]) -> bool:
    """`# a,b,class` names the columns of what follows where nothing else does."""
    after = [other for other in sample if other.line > record.line]
    if not after or len(record.cells) < 2 or after[0].cells[0].startswith("#"):
        return False
    body = [other for other in after[1:] if len(other.cells) == len(after[0].cells)]
    return len(record.cells) == len(after[0].cells) and _is_data(after[0], body)


def _is_data(header: Record, body: Sequence[Record]) -> bool:
    """Whether a first line is a row as those below: numbers above numbers, and a text that comes again."""
    if not body or _counts(header.cells):
        return False
    numbers = [i for i in range(len(header.cells)) if _is_number_column(body, i)]
    texts = [i for i in range(len(header.cells)) if i not in numbers and any(record.cells[i] for record in body)]
    if not numbers or not all(looks_like_number(header.cells[i]) for i in numbers):
        return False
    return not texts or any(header.cells[i] and header.cells[i] in {r.cells[i] for r in body} for i in texts)


def _is_number_column(body: Sequence[Record], place: int) -> bool:
    values = [record.cells[place] for record in body if record.cells[place].lower() not in MISSING_MARKS]
    return bool(values) and sum(map(looks_like_number, values)) > 0.9 * len(values)


def _counts(cells: Sequence[str]) -> bool:
    """0, 1, 2 ... or 1, 2, 3 ...: how programs number columns that have no names."""
    return any(list(cells) == [str(start + i) for i in range(len(cells))] for start in (0, 1))


def _told(skipped: Sequence[Record]) -> list[str]:
    notes = []
    kinds: dict[str, list[Record]] = {}
    for record in skipped:
        comment, named = record.cells[0].startswith("#"), is_directive(record)
        kinds.setdefault("sep=" if named else _("comments") if comment else _("title lines"), []).append(record)
    for what, those in kinds.items():
        lines = ", ".join(f"{record.line:,}" for record in those[:5]) + ", …" * (len(those) > 5)
        notes.append(_("Skipped before the header ({what}): line {lines}.").format(what=what, lines=lines))
    return notes


@dataclass
class _Shape:
    """How long rows are, beside a header of some names. `surplus` says which row has a value under no name."""

    rows: int = 0
    short: int = 0
    trailing: int = 0
    surplus: str | None = None
    longer_by_one: int = 0
    first_values: set[str] = field(default_factory=set)
    comments: list[int] = field(default_factory=list)

    def row_names(self, names: int) -> bool:
        """Whether each row has one value more than the header, and all first ones are different."""
        everywhere = self.longer_by_one == self.rows and self.surplus is not None
        return everywhere and names > 0 and len(self.first_values) == self.rows

    def notes(self, width: int) -> Iterator[str]:
        if self.trailing and not self.row_names(width - 1):
            yield _("{trailing:,} rows end with separators, after which nothing comes: left out.").format(
                trailing=self.trailing
            )
        if self.short:
            yield _("{short:,} rows have fewer than {width:,} values: the last ones are missing.").format(
                short=self.short, width=width
            )
        if self.comments:
            lines = ", ".join(f"{line:,}" for line in self.comments[:5]) + ", …" * (len(self.comments) > 5)
            yield _("Comments between the rows were skipped: line {lines}.").format(lines=lines)


def _measure(source: Source, first: int, names: int) -> _Shape:
    """Goes through all rows once.

    Raises:
        TableError: there are too many; or one has values under no name, and they are no row names.
    """
    shape = _Shape()
    for record in source():
        if record.line < first:
            continue
        if _is_comment(record, names):
            shape.comments.append(record.line)
            continue
        if not any(record.cells):
            continue
        shape.rows += 1
        if shape.rows > MAX_ROWS:
            raise TableError(
                _("the file has more than {max_rows:,} rows; allowed: up to {max_rows:,}").format(max_rows=MAX_ROWS)
            )
        _add(shape, record, names)
        if shape.surplus is not None and not shape.row_names(names):
            raise TableError(shape.surplus)
    return shape


def _add(shape: _Shape, record: Record, names: int) -> None:
    cells = record.cells
    if len(cells) == names + 1:
        shape.longer_by_one += 1
        shape.first_values.add(cells[0])
    surplus = [cell for cell in cells[names:] if cell]
    if surplus and shape.surplus is None:
        shape.surplus = _(
            "line {line:,} has {cells:,} values under {names:,} names: nothing says what {value} is; allowed: as "
            "many values in each row as there are names"
        ).format(line=record.line, cells=len(cells), names=names, value=shown(surplus[0]))
    shape.trailing += len(cells) > names
    shape.short += len(cells) < names


def _is_comment(record: Record, names: int) -> bool:
    return len(record.cells) == 1 < names and record.cells[0].startswith("#")


def _unique(cells: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Names that are there once each, and what was called again: `label (2)`."""
    names: list[str] = []
    twins: dict[str, str] = {}
    taken = set(cells)
    for place, cell in enumerate(cells):
        name, number = cell or f"column {place + 1}", 2
        while name in names or (name != cell and name in taken):
            name, number = f"{cell or f'column {place + 1}'} ({number})", number + 1
        if cell and name != cell:
            twins[name] = cell
        names.append(name)
    return tuple(names), twins
