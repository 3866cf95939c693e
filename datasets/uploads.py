"""People's own data: which uploaded file and column, found and read once in a process."""

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

from pydantic import field_validator

from datasets.csv_file import find_delimiter, read_csv, read_frame
from datasets.dataset import Arrays, Dataset, Kind
from datasets.npz_file import is_npz, read_npz, unpacked_size
from datasets.table import Table, TableError
from models.parameters import identifier

Reader = Callable[[str], bytes | None]

NOT_CHOSEN = "no file of your own is chosen: upload one under Data"
NOT_HERE = "the file with the data is not on this host: upload it again under Data (your own data), then try again"
MAX_FILE_BYTES = 200 * 2**20
"""Largest file where the host sets no limit; .streamlit/config.toml has the same."""


_connected: list[Reader] = []


def connect(reader: Reader) -> None:
    """Says where uploaded files are found: a function from SHA-256 to content, or None. Once in each process."""
    _connected[:] = [reader]
    _read.cache_clear()
    columns.cache_clear()


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


def _fetch(sha256: str) -> bytes:
    content = _connected[0](sha256) if _connected else None
    if content is None:
        raise TableError(NOT_HERE)
    return content


def read_file(content: bytes) -> None:
    """Reads a file as far as it can be without a choice of the target.

    Raises:
        TableError: it can never be trained on.
    """
    if is_npz(content):
        read_npz(content)
    else:
        read_frame(content)


@lru_cache(maxsize=4)
def columns(sha256: str) -> tuple[str, ...]:
    """The columns of an uploaded CSV file; none of an NPZ file.

    Raises:
        TableError: it is not here, or no CSV file.
    """
    content = _fetch(sha256)
    return () if is_npz(content) else tuple(read_frame(content).columns)


def delimiter(sha256: str) -> str:
    """What separates the values of an uploaded CSV file."""
    return find_delimiter(_fetch(sha256).decode("utf-8-sig").lstrip().partition("\n")[0])


@lru_cache(maxsize=4)
def _read(sha256: str, target: str | None) -> Table:
    content = _fetch(sha256)
    return read_npz(content) if is_npz(content) else read_csv(content, target)


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

    @property
    def table(self) -> Table:
        """The file as it was read.

        Raises:
            TableError: it is not here, or is no data that can be trained on.
        """
        if not self.sha256:
            raise TableError(NOT_CHOSEN)
        return _read(self.sha256, self.target)

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
