"""What a ZIP file holds, by its directory: nothing is unpacked before sizes and names are known to be harmless."""

import io
import stat
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import Literal

from datasets.table import TableError
from wording.language import _

BROKEN = (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError, NotImplementedError, RuntimeError, KeyError)
MAX_ENTRIES = 200_000

Content = Literal["npz", "excel", "images"]

EXCEL_PARTS = ("[Content_Types].xml", "xl/", "content.xml")
"""Of .xlsx and .ods."""


def is_zip(content: bytes) -> bool:
    """Whether this is a ZIP file, as NPZ and Excel files are, too."""
    return content.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def open_archive(content: bytes) -> zipfile.ZipFile:
    """The archive.

    Raises:
        TableError: it is broken.
    """
    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except BROKEN as error:
        raise TableError(_("the file is broken ({error})").format(error=error)) from None


def unpacked_size(content: bytes) -> int:
    """Bytes of everything in it once it is unpacked, as its directory says.

    Raises:
        TableError: the file is broken.
    """
    with open_archive(content) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def content_of(archive: zipfile.ZipFile) -> Content:
    """What kind of file it is.

    Raises:
        TableError: it holds too many files, or one that could be written where it does not belong.
    """
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise TableError(
            _("the file holds {entries:,} files; allowed: up to {max_entries:,}").format(
                entries=len(entries), max_entries=MAX_ENTRIES
            )
        )
    for entry in entries:
        _check(entry)
    names = [entry.filename for entry in entries]
    if any(name.startswith(EXCEL_PARTS) for name in names):
        return "excel"
    if not names or any(name.endswith(".npy") for name in names):
        return "npz"
    return "images"


def _check(entry: zipfile.ZipInfo) -> None:
    """Refuses links, and paths that lead out of the folder."""
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in "".join(path.parts[:1]):
        raise TableError(_("the file holds a path that leads elsewhere: {path!r}").format(path=entry.filename[:80]))
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise TableError(
            _("the file holds a link: {path!r}; allowed: files in folders").format(path=entry.filename[:80])
        )
    if entry.flag_bits & 1:
        raise TableError(_("the file is locked with a password"))
