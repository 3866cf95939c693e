"""Records of a delimited text, one after the other: each is bounded before it is parsed."""

import csv
import io
from collections.abc import Callable, Iterator
from typing import NamedTuple

from datasets.reading.choices import MAX_COLUMNS
from datasets.reading.text_encoding import codec_of
from datasets.table import TableError
from wording.language import _

MAX_CHARACTERS = 1_000_000
"""Of a record, quoted line ends included."""

csv.field_size_limit(MAX_CHARACTERS)


class Record(NamedTuple):
    """The cells of a record, outer spaces gone, and the line in which it begins, counted from 1."""

    line: int
    cells: list[str]


Source = Callable[[], Iterator[Record]]
"""Gives all records of a file, from the first one on, each time it is called."""


def read_records(content: bytes, encoding: str, separator: str) -> Iterator[Record]:
    """All records of a text but blank lines. Quotes are taken at their word: what is no CSV is refused.

    Raises:
        TableError: naming the line in which the record begins.
    """
    lines = _Lines(content, encoding)
    reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)
    while True:
        begin = lines.begin_record()
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise TableError(
                _("line {begin:,} cannot be read as CSV: {error}").format(begin=begin, error=error)
            ) from None
        if cells is None:
            return
        if len(cells) > MAX_COLUMNS:
            raise TableError(
                _("line {begin:,} has {cells:,} values; allowed: up to {max_columns:,} columns").format(
                    begin=begin, cells=len(cells), max_columns=MAX_COLUMNS
                )
            )
        if cells:
            yield Record(begin, [cell.strip() for cell in cells])


class _Lines:
    """Lines of a text, with whatever line ends; never more of a record than is allowed."""

    def __init__(self, content: bytes, encoding: str) -> None:
        self._file = io.TextIOWrapper(io.BytesIO(content), codec_of(encoding), newline="")
        self._number = self._characters = 0
        self._begin = 1

    def begin_record(self) -> int:
        """What comes next belongs to a new record; gives its line."""
        self._characters, self._begin = 0, self._number + 1
        return self._begin

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(MAX_CHARACTERS + 1)
        self._number += 1
        self._characters += len(line)
        if self._characters > MAX_CHARACTERS:
            raise TableError(
                _(
                    "the row that begins in line {begin:,} has more than {max_characters:,} characters; allowed: up to "
                    "that, and a quote that is opened must be closed"
                ).format(begin=self._begin, max_characters=MAX_CHARACTERS)
            )
        if not line:
            raise StopIteration
        return line
