"""A delimited text (CSV and its kin) as a sheet."""

from array import array
from collections.abc import Iterator
from functools import partial

import numpy as np

from datasets.reading.choices import Reading
from datasets.reading.dialect import find_separator
from datasets.reading.layout import Layout, find_layout
from datasets.reading.records import Source, read_records
from datasets.reading.sheet import Sheet
from datasets.reading.text_encoding import find_encoding, has_mark
from datasets.table import TableError
from wording.language import _


def read_delimited(content: bytes, reading: Reading) -> Sheet:
    """The columns of a text file.

    Raises:
        TableError: it is empty, no text, or rows and header disagree.
    """
    if not content.strip(b"\xef\xbb\xbf \t\r\n"):
        raise TableError(_("the file is empty, or no text: save it as CSV, UTF-8"))
    encoding = find_encoding(content, reading.encoding)
    separator = reading.separator or find_separator(content, encoding)
    notes = (
        []
        if encoding == "utf-8" or has_mark(content)
        else [_("The text is read as {encoding}.").format(encoding=encoding)]
    )
    source = partial(read_records, content, encoding, separator)
    return read_rows(source, reading, encoding=encoding, separator=separator, notes=tuple(notes))


def read_rows(
    source: Source,
    reading: Reading,
    *,
    encoding: str | None = None,
    separator: str | None = None,
    notes: tuple[str, ...] = (),
) -> Sheet:
    """The columns of records, once it is known where names and rows are."""
    layout = find_layout(source, reading.header)
    from datasets.reading.packing import pack  # not before the file's shape is known: Arrow takes 40 MB

    lines = array("q")
    columns = pack(_cells(source, layout, lines), len(layout.names))
    return Sheet(
        layout.names,
        columns,
        np.array(lines, np.int64),
        layout.unnamed,
        layout.row_names,
        encoding,
        separator,
        layout.header,
        (*notes, *layout.notes),
        "text" if separator else "excel",
        (layout.header or layout.first) - 1,
    )


def _cells(source: Source, layout: Layout, lines: "array[int]") -> Iterator[list[str]]:
    """The cells of each row; writes down in which line it begins."""
    for record in layout.rows(source):
        lines.append(record.line)
        yield record.cells
