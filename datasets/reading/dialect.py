"""What separates the values of a text: the mark under which many records have the same number of clean cells."""

import io
import re
from collections import Counter
from itertools import islice
from typing import get_args

from datasets.reading.choices import Separator
from datasets.reading.records import Record, read_records
from datasets.reading.text_encoding import codec_of
from datasets.table import TableError
from wording.language import _, say_later

SAMPLE = 200
"""Records that are looked at."""

SEPARATORS: tuple[str, ...] = get_args(Separator)
DIRECTIVE = re.compile(r"\"?sep=(.)\"? *", re.IGNORECASE)
"""Excel's own: the first line of a file may say what separates values."""

ONE_COLUMN = say_later(
    "the file has one column only, or no rows; allowed: a header, then rows with values separated by comma, semicolon, "
    "tab or |"
)
COMMA_IN_TEXT = 0.25
LIST_IN_TEXT = re.compile(r",(?! |\d|$)")
"""A comma that is neither in a number nor in a sentence."""


def find_separator(content: bytes, encoding: str) -> str:
    """The separator of a text.

    Raises:
        TableError: with none of them there are two columns; or no record can be read.
    """
    if said := directive(content, encoding):
        return said
    scores: dict[str, float] = {}
    refused: list[TableError] = []
    for separator in SEPARATORS:
        records: list[Record] = []
        try:
            records.extend(islice(read_records(content, encoding, separator), SAMPLE))
            scores[separator] = _score(records, separator)
        except TableError as error:
            refused.append(error)
            scores[separator] = _score(records, separator) / 2
    best = max(scores, key=lambda separator: scores[separator])
    if not scores[best]:
        raise refused[0] if refused else TableError(_(ONE_COLUMN))
    return best


def directive(content: bytes, encoding: str) -> str | None:
    """The separator that the first line names, if it does nothing else."""
    first = io.TextIOWrapper(io.BytesIO(content[:64]), codec_of(encoding), errors="replace").readline()
    said = DIRECTIVE.fullmatch(first.rstrip("\r\n"))
    return said[1] if said else None


def usual_width(records: list[Record]) -> int:
    """Cells that most records have up to the last one that is filled, if they have more than one; 0: none has."""
    widths = Counter(width for record in records if (width := filled_width(record)) > 1)
    return max(widths, key=lambda width: (widths[width], width)) if widths else 0


def filled_width(record: Record) -> int:
    """Cells up to the last one that is filled."""
    return max((place for place, cell in enumerate(record.cells, start=1) if cell), default=0)


def _score(records: list[Record], separator: str) -> float:
    """Share of the records with the usual number of cells, times the share of cells in which no other mark is left."""
    width = usual_width(records)
    usual = [record for record in records if filled_width(record) == width]
    if not width:
        return 0.0
    cells = [cell for record in usual for cell in record.cells]
    unclean = sum(_uncleanness(cell, separator) for cell in cells)
    return len(usual) / len(records) * (1 - unclean / len(cells)) + 1e-6


def _uncleanness(cell: str, separator: str) -> float:
    """Whether another mark is left in a cell: a tab or the like is none of a text, a comma can be."""
    if any(other in cell for other in SEPARATORS if other not in (separator, ",")):
        return 1.0
    return COMMA_IN_TEXT if separator != "," and LIST_IN_TEXT.search(cell) else 0.0
