"""People's own data: which uploaded file and column, found and read once in a process."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

from pydantic import PrivateAttr, field_validator

from datasets.csv_file import find_delimiter, read_csv, read_frame
from datasets.dataset import Arrays, Dataset, Kind
from datasets.npz_file import is_npz, read_npz, unpacked_size
from datasets.table import Table, TableError
from models.parameters import identifier

NOT_CHOSEN = "no file of your own is chosen: upload one under Data"
NOT_HERE = "the file with the data is not on this host: upload it again under Data (your own data), then try again"
MAX_FILE_BYTES = 200 * 2**20
"""Largest file where the host sets no limit; .streamlit/config.toml has the same."""


KEPT_TABLES = 4
"""Each has up to 400 MB."""

UPLOADS = "uploads"
"""Key of pydantic's validation context under which an `Upload` finds the `UploadedFiles` that it is read from."""

UNPACKED_SHARE = 10
"""An NPZ may unpack to so many times the size that a host allows for a file."""


def check_file(content: bytes, limit_bytes: int) -> None:
    """Refuses a file that is larger than the host allows, packed or unpacked, before anything of it is read.

    Raises:
        TableError: naming size and limit.
    """
    if len(content) > limit_bytes:
        raise TableError(f"the file has {len(content):,} bytes; allowed: up to {limit_bytes:,}")
    if is_npz(content) and (size := unpacked_size(content)) > UNPACKED_SHARE * limit_bytes:
        raise TableError(f"the file unpacks to {size:,} bytes; allowed: up to {UNPACKED_SHARE * limit_bytes:,}")


def read_file(content: bytes) -> None:
    """Reads a file as far as it can be without a choice of the target.

    Raises:
        TableError: it can never be trained on.
    """
    if is_npz(content):
        read_npz(content)
    else:
        read_frame(content)


class UploadedFiles:
    """Uploaded files by their SHA-256, each read once: the ones used last are kept for all experiments that have them.

    Args:
        fetch: gives the content of a file, or None where it is not.
    """

    def __init__(self, fetch: Callable[[str], bytes | None]) -> None:
        self._fetch = fetch
        self.table = lru_cache(KEPT_TABLES)(self._read_table)
        self.columns = lru_cache(KEPT_TABLES)(self._read_columns)

    def _read_table(self, sha256: str, target: str | None) -> Table:
        """A file as features and classes; `target` is the CSV's column with the classes.

        Raises:
            TableError: it is not here, or is no data that can be trained on.
        """
        content = self._content(sha256)
        return read_npz(content) if is_npz(content) else read_csv(content, target)

    def _read_columns(self, sha256: str) -> tuple[str, ...]:
        """The columns of a CSV file; none of an NPZ file.

        Raises:
            TableError: it is not here, or no CSV file.
        """
        content = self._content(sha256)
        return () if is_npz(content) else tuple(read_frame(content).columns)

    def delimiter(self, sha256: str) -> str:
        """What separates the values of a CSV file."""
        return find_delimiter(self._content(sha256).decode("utf-8-sig"))

    def _content(self, sha256: str) -> bytes:
        content = self._fetch(sha256)
        if content is None:
            raise TableError(NOT_HERE)
        return content


class Upload(Dataset):
    """A CSV table or an NPZ file of arrays, by the SHA-256 of the file; `target` is the column with the classes."""

    label = "Your own data"
    summary = "A CSV table, or an NPZ file with `x` and `y`. Kept here with the experiments that use it."
    source = "https://numpy.org/doc/stable/reference/generated/numpy.savez.html"
    origin = "upload"

    name: Literal["upload"] = "upload"
    sha256: str = identifier("", about="SHA-256 of the uploaded file, in hexadecimal digits.")
    target: str | None = identifier(None, about="The CSV's column with the classes; null for an NPZ file.")

    @field_validator("sha256")
    @classmethod
    def _check_sha256(cls, sha256: str) -> str:
        if sha256 and (len(sha256) != 64 or set(sha256) - set("0123456789abcdef")):
            raise ValueError("allowed: 64 hexadecimal digits in lower case")
        return sha256

    _files: UploadedFiles | None = PrivateAttr(None)

    def model_post_init(self, context: dict[str, Any] | None) -> None:
        """Keeps the files of the validation context, which this data set is read from."""
        self._files = (context or {}).get(UPLOADS)

    @property
    def files(self) -> UploadedFiles:
        """Where the file is found.

        Raises:
            TableError: none is chosen, or it was validated without files.
        """
        if not self.sha256:
            raise TableError(NOT_CHOSEN)
        if self._files is None:
            raise TableError(NOT_HERE)
        return self._files

    @property
    def table(self) -> Table:
        """The file as it was read.

        Raises:
            TableError: it is not here, or is no data that can be trained on.
        """
        return self.files.table(self.sha256, self.target)

    @property
    def kind(self) -> Kind:  # type: ignore[override]
        """Points for exactly two numeric features without missing values."""
        return self.table.kind

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Of one row, as the network takes it."""
        return self.table.arrays.x.shape[1:]

    @property
    def classes(self) -> int:  # type: ignore[override]
        """Different values of the target."""
        return len(self.table.arrays.class_names)

    @property
    def rows(self) -> int:
        return len(self.table.arrays.y)

    @property
    def uploads(self) -> tuple[str, ...]:
        return (self.sha256,)

    def load(self) -> Arrays:
        return self.table.arrays
