"""What must be known about an SQLite file before anything is written to it."""

import errno
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from results.faults import StoreError, file_gone, store_error
from results.schema import SCHEMA_VERSION, TABLES_OF_VERSION

BUSY_SECONDS = 10.0
_HEADER = b"SQLite format 3\0"


def prepare_file(path: Path, *, creates: bool = True) -> None:
    """Refuse a file that is not ours to write, then see to it that it exists and keeps a write-ahead log.

    A refused file is left as it was, byte for byte, without a log beside it.

    Args:
        path: of the file.
        creates: whether a missing file is made, with its folder.

    Raises:
        StoreError: missing and not to be made, unreadable, not a database, of a newer schema version or of another
            program.
    """
    try:
        if creates:
            path.parent.mkdir(parents=True, exist_ok=True)
        elif not path.exists():
            raise file_gone(path)
        if path.exists() and path.stat().st_size > 0:
            require_ours(str(path), *_inspect(path))
            _require_writable(path)
        _switch_on_log(path)
    except (OSError, sqlite3.Error) as error:
        raise store_error(str(path), error) from error


def require_ours(database: str, version: int, tables: set[str]) -> None:
    """Raise StoreError unless the database is empty or holds our tables in a version that we know.

    Tables of others beside ours do not matter, unless a later version needs their names.
    """
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"the database {database} has schema version {version}, this program knows versions up to "
            f"{SCHEMA_VERSION}: use a newer program or another database"
        )
    expected = TABLES_OF_VERSION.get(version)
    ours = expected is not None and tables & TABLES_OF_VERSION[SCHEMA_VERSION] == expected
    if not ours or (version == 0 and tables):
        raise StoreError(f"the database {database} belongs to another program: choose another one")


def _inspect(path: Path) -> tuple[int, set[str]]:
    """Schema version and table names, read without writing.

    Even with mode=ro SQLite creates a log and its index beside a file that keeps one; `immutable` prevents
    that, but does not see what is still in the log. So it is used only where there is no log.
    """
    require_header(path)
    log = path.with_name(f"{path.name}-wal")
    if not log.exists():
        try:
            return _read_version_at(f"{path.as_uri()}?mode=ro&immutable=1")
        except sqlite3.DatabaseError:
            if not log.exists():  # else another process has begun to write meanwhile: read with its log
                raise
    return _read_version_at(f"{path.as_uri()}?mode=ro")


def _require_writable(path: Path) -> None:
    """SQLite opens a file that it may only read without a word, and fails at the first change."""
    if not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError(errno.EACCES, "the file is read-only")


def require_header(path: Path) -> None:
    """Raise sqlite3.DatabaseError unless a database begins there; SQLite takes a few bytes for an empty one."""
    with path.open("rb") as file:
        if file.read(len(_HEADER)) != _HEADER:
            error = sqlite3.DatabaseError("file is not a database")
            error.sqlite_errorcode = sqlite3.SQLITE_NOTADB
            raise error


def read_version(connection: sqlite3.Connection) -> tuple[int, set[str]]:
    """Schema version and table names of an open database."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return int(version), {name for (name,) in names}


def _read_version_at(address: str) -> tuple[int, set[str]]:
    with closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as connection:
        return read_version(connection)


def _switch_on_log(path: Path) -> None:
    """Set WAL mode, which the file remembers: readers and one writer do not wait for each other.

    The busy timeout does not cover the switch itself (two processes on a new file), hence the loop.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        while True:
            try:
                (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
                continue
            if mode != "wal":
                raise StoreError(f"the database {path} cannot keep a write-ahead log: use a local disk")
            return
