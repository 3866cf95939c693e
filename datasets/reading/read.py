"""Reads a file of any format that is known here: one function for pages, workers and the command line."""

import importlib
from contextlib import suppress

from datasets.reading.archive import content_of, is_zip, open_archive, unpacked_size
from datasets.reading.choices import Reading
from datasets.reading.delimited import read_delimited
from datasets.reading.sheet import Sheet
from datasets.reading.table_file import make_table
from datasets.table import Table, TableError
from wording.language import _

MAX_ARRAY_BYTES = 400_000_000
UNPACKED_SHARE = 10
"""What is read may take so many times the size that a host allows for a file."""

PARQUET, OLD_EXCEL = b"PAR1", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read_file(content: bytes, reading: Reading, target: str | None, limit_bytes: int) -> Table:
    """What a file holds, with the arrays where it can be trained on. Formats with heavy libraries load them here.

    Args:
        content: the whole file.
        reading: what a person decided.
        target: the column with the classes; None: the last one that has values.
        limit_bytes: largest file that the host allows.

    Raises:
        TableError: saying what is wrong and what is allowed.
    """
    if len(content) > limit_bytes:
        raise TableError(
            _("the file has {content:,} bytes; allowed: up to {limit_bytes:,}").format(
                content=len(content), limit_bytes=limit_bytes
            )
        )
    max_bytes = min(MAX_ARRAY_BYTES, UNPACKED_SHARE * limit_bytes)
    if is_zip(content):
        found = _read_zip(content, reading, max_bytes)
        if isinstance(found, Table):
            return found
    else:
        found = _read_sheet(content, reading, max_bytes)
    return make_table(found, reading, target, max_bytes)


def is_text(content: bytes) -> bool:
    """Whether a file would be read as a text, and not as a format of another kind."""
    return not (is_zip(content) or content.startswith((PARQUET, OLD_EXCEL)))


def load_libraries(content: bytes) -> None:
    """Loads what reading this file needs, so that it does not count as memory that the file takes."""
    kind = ""
    if is_zip(content):
        with suppress(TableError), open_archive(content) as archive:
            kind = content_of(archive)
    if kind == "images":
        importlib.import_module("datasets.reading.image_folders")
    elif kind == "excel" or content.startswith(OLD_EXCEL):
        importlib.import_module("datasets.reading.excel")
    elif content.startswith(PARQUET):
        importlib.import_module("datasets.reading.parquet")


def _read_zip(content: bytes, reading: Reading, max_bytes: int) -> Sheet | Table:
    if (size := unpacked_size(content)) > max_bytes:
        raise TableError(
            _("the file unpacks to {size:,} bytes; allowed: up to {max_bytes:,}").format(size=size, max_bytes=max_bytes)
        )
    with open_archive(content) as archive:
        kind = content_of(archive)
        if kind == "npz":
            from datasets.reading.npz_file import read_npz

            return read_npz(archive)
        if kind == "images":
            from datasets.reading.image_folders import read_images

            return read_images(archive, max_bytes)
    from datasets.reading.excel import read_excel

    return read_excel(content, reading)


def _read_sheet(content: bytes, reading: Reading, max_bytes: int) -> Sheet:
    if content.startswith(PARQUET):
        from datasets.reading.parquet import read_parquet

        return read_parquet(content, max_bytes)
    if content.startswith(OLD_EXCEL):
        from datasets.reading.excel import read_excel

        return read_excel(content, reading)
    return read_delimited(content, reading)
