"""People's own data: which uploaded file and column, found and read once in a process."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationInfo, field_validator

from datasets.dataset import Arrays, Dataset, IntArray, Kind
from datasets.reading.choices import Reading
from datasets.reading.description import Description
from datasets.reading.process import read_apart
from datasets.table import Table, TableError
from models.parameters import identifier
from wording.language import _, language, say_later

NOT_CHOSEN = say_later("no file of your own is chosen: upload one under Data")
NOT_HERE = say_later(
    "the file with the data is not on this host: upload it again under Data (your own data), then try again"
)
READ_DIFFERENTLY = say_later("the file with the data is read differently today than when this was trained")
MAX_FILE_BYTES = 200 * 2**20
"""Largest file where the host sets no limit; .streamlit/config.toml has the same."""


KEPT_TABLES = 4
"""Each has up to 400 MB."""

STORED = "stored"
"""Key of the context under which it says whether the text comes from the store, whose facts are trusted."""

UPLOADS = "uploads"
"""Key of pydantic's validation context under which an `Upload` finds the `UploadedFiles` that it is read from."""


Choices = tuple[str, str | None, Reading, str]
"""SHA-256, target, reading and the language of its description: what a table depends on."""


class UploadedFiles:
    """Uploaded files by their SHA-256, each read once: the ones used last are kept for all experiments that have them.

    Args:
        fetch: gives the content of a file, or None where it is not.
        limit_bytes: largest file that this host allows, which limits what is made of it, too.
    """

    def __init__(self, fetch: Callable[[str], bytes | None], limit_bytes: int = MAX_FILE_BYTES) -> None:
        self._fetch, self._limit_bytes = fetch, limit_bytes
        self._tables: OrderedDict[Choices, Table] = OrderedDict()
        self._lock = Lock()

    def table(self, sha256: str, target: str | None, reading: Reading) -> Table:
        """A file as it is read with these choices; `target` is the column with the classes.

        Raises:
            TableError: it is not here, or cannot be read.
        """
        choices = (sha256, target, reading, language())
        with self._lock:
            if choices in self._tables:
                self._tables.move_to_end(choices)
                return self._tables[choices]
        content = self._fetch(sha256)
        if content is None:
            raise TableError(_(NOT_HERE))
        return self._keep(choices, read_apart(content, reading, target, self._limit_bytes))

    def check(self, content: bytes, reading: Reading) -> Table:
        """Reads a file that is not stored yet, and keeps what is read for when it is.

        Raises:
            TableError: it cannot be read.
        """
        choices = (hashlib.sha256(content).hexdigest(), None, reading, language())
        return self._keep(choices, read_apart(content, reading, None, self._limit_bytes))

    def _keep(self, choices: Choices, table: Table) -> Table:
        sha256, _target, reading, spoken = choices
        with self._lock:
            self._tables[choices] = self._tables[sha256, table.description.target, reading, spoken] = table
            while len({id(kept) for kept in self._tables.values()}) > KEPT_TABLES:
                self._tables.popitem(last=False)
        return table


class Facts(BaseModel):
    """What a stored experiment keeps of its data, so that it is shown without them."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    rows: int = Field(ge=0)
    shape: tuple[int, ...]
    classes: int = Field(ge=0)
    kind: Kind


class Upload(Dataset):
    """Somebody's own file, by its SHA-256; `target` is the column with the classes, `reading` how it is read."""

    label = "Your own data"
    summary = "A table (CSV, Excel, Parquet), a ZIP of image folders, or an NPZ file. Kept with its experiments."
    source = "https://numpy.org/doc/stable/reference/generated/numpy.savez.html"
    origin = "upload"

    name: Literal["upload"] = "upload"
    sha256: str = identifier("", about="SHA-256 of the uploaded file, in hexadecimal digits.")
    target: str | None = identifier(None, about="The column with the classes; null: the last one that has values.")
    reading: Reading = identifier(
        Reading(),
        about="How the file is read, where a person decides it.",
        exclude_if=lambda reading: reading == Reading(),
    )

    facts: Facts | None = identifier(None, about="What the store keeps of the data; no one else sets it.", exclude=True)

    @field_validator("facts")
    @classmethod
    def _trust_the_store_alone(cls, facts: Facts | None, info: ValidationInfo) -> Facts | None:
        return facts if (info.context or {}).get(STORED) else None

    @field_validator("sha256")
    @classmethod
    def _check_sha256(cls, sha256: str) -> str:
        if sha256 and (len(sha256) != 64 or set(sha256) - set("0123456789abcdef")):
            raise ValueError(_("allowed: 64 hexadecimal digits in lower case"))
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
            raise TableError(_(NOT_CHOSEN))
        if self._files is None:
            raise TableError(_(NOT_HERE))
        return self._files

    @property
    def table(self) -> Table:
        """The file as it was read, whether it can be trained on or not.

        Raises:
            TableError: it is not here, or cannot be read.
        """
        return self.files.table(self.sha256, self.target, self.reading)

    @property
    def description(self) -> Description:
        """What was understood of the file."""
        return self.table.description

    @property
    def known(self) -> Facts:
        """What the store keeps of the data, else what the file says now."""
        return self.facts or _facts(self.table)

    @property
    def kind(self) -> Kind:  # type: ignore[override]
        """Points for exactly two numeric features without missing values."""
        return self.known.kind

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Of one row, as the network takes it."""
        return self.known.shape

    @property
    def classes(self) -> int:  # type: ignore[override]
        """Different values of the target."""
        return self.known.classes

    @property
    def rows(self) -> int:
        return self.known.rows

    @property
    def groups(self) -> IntArray | None:
        return self.load().groups

    @property
    def uploads(self) -> tuple[str, ...]:
        return (self.sha256,)

    def load(self) -> Arrays:
        """The file's rows.

        Raises:
            TableError: it is not here, cannot be trained on, or is read differently than the store says.
        """
        table = self.table
        if self.facts is not None and self.facts != _facts(table):
            raise TableError(_(READ_DIFFERENTLY))
        return table.checked()


def _facts(table: Table) -> Facts:
    arrays = table.checked()
    return Facts(rows=len(arrays.y), shape=arrays.x.shape[1:], classes=len(arrays.class_names), kind=table.kind)


def open_upload(content: bytes, target: str | None = None, limit_bytes: int = MAX_FILE_BYTES) -> Upload:
    """A file that is nowhere stored, as it is read without choices.

    Raises:
        TableError: it cannot be read.
    """
    files = UploadedFiles(lambda _: content, limit_bytes)
    upload = Upload.model_construct(sha256=hashlib.sha256(content).hexdigest(), target=target)
    upload._files = files
    upload.table  # noqa: B018
    return upload
