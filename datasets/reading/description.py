"""What was understood of a file: columns, classes, and how it was read. Page, command line and notes all read this."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from datasets.reading.choices import Kind, Use
from wording.language import _

Format = Literal["text", "excel", "parquet", "npz", "images"]
TOLD_OF_COLUMNS = ("name", "kind", "use", "missing", "examples")
TOLD = ("columns", "rows", "target", "classes", "features", "encoding", "separator", "decimal", "header")


@dataclass(frozen=True)
class Column:
    """A column of a file.

    Attributes:
        name: its own, even where the file calls two alike.
        missing: cells without a value.
        examples: some values, as they are in the file.
        notation: of numbers: decimal mark, thousands mark, what stands before and after.
        day_first: whether dates begin with the day.
    """

    name: str
    kind: Kind
    use: Use
    missing: int
    examples: tuple[str, ...]
    notation: tuple[str, str, str, str] = (".", "", "", "")
    day_first: bool = False


@dataclass(frozen=True)
class Doubt:
    """Something that can make every result meaningless, and what can be done about it.

    Attributes:
        text: what was found.
        column: that can be left out or kept; None: nothing can be pressed.
        left_out: whether it is left out now.
    """

    text: str
    column: str | None = None
    left_out: bool = False


@dataclass(frozen=True)
class Description:
    """What was understood of a file.

    Attributes:
        columns: all of them, in the order of the file; none for images.
        rows: of the file, those without a class among them.
        target: the column with the classes; None where the file has no columns.
        classes: rows of each class, in the order of the classes.
        features: what the network sees; a text is one feature for each value. Empty for images.
        encoding, separator, decimal: of a text file; None for other formats.
        header: the line with the names, counted from 1; 0: none. None for other formats.
        notes: what was done.
        doubts: what to look at before training.
        problem: why it cannot be trained on as it is read now; None: it can.
        format: of the file.
        skipped: lines before names and rows.
        row_names: whether rows have a first value that the header does not name.
    """

    columns: tuple[Column, ...]
    rows: int
    target: str | None
    classes: Mapping[str, int]
    features: tuple[str, ...]
    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    header: int | None = None
    notes: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    problem: str | None = None
    format: Format = "text"
    skipped: int = 0
    row_names: bool = False

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)

    def told(self) -> dict[str, Any]:
        """The object that `python -m training --describe` prints."""
        problem = (
            (_("This cannot be trained on as it is: {problem}.").format(problem=self.problem),) if self.problem else ()
        )
        notes = [*problem, *self.notes, *(doubt.text for doubt in self.doubts)]
        columns = [{key: getattr(column, key) for key in TOLD_OF_COLUMNS} for column in self.columns]
        return {**{key: getattr(self, key) for key in TOLD}, "columns": columns, "notes": notes}

    def packed(self) -> dict[str, Any]:
        """All of it as JSON values; `unpack` reads them."""
        return asdict(self)


def unpack(values: dict[str, Any]) -> Description:
    """The description that `Description.packed` gave."""
    columns = tuple(
        Column(**{**column, "examples": tuple(column["examples"]), "notation": tuple(column["notation"])})
        for column in values["columns"]
    )
    doubts = tuple(Doubt(**doubt) for doubt in values["doubts"])
    rest = {key: tuple(values[key]) for key in ("features", "notes")}
    return Description(**{**values, **rest, "columns": columns, "doubts": doubts})
