"""What went wrong with a database, in one line: which database, what is wrong, and what to do."""

import errno
import sqlite3
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from wording.language import say_later

PUBLIC = say_later("The database failed. The server's log says why.")


class StoreError(Exception):
    """The store cannot be opened, read or written; the message says which store, why, and what to do.

    Args:
        message: for whoever runs the program. It may name paths and addresses, but never a password.
        public: for a page that strangers see.
    """

    def __init__(self, message: str, public: str = PUBLIC) -> None:
        super().__init__(message)
        self.public = public


class _Fault(NamedTuple):
    """`told` follows the database's name."""

    told: str
    public: str


_FULL = _Fault(
    "has no room left on its disk: delete something there, or move the database to a larger disk",
    say_later("The database's disk is full. Nothing can be stored until there is room again."),
)
_READ_ONLY = _Fault(
    "cannot be written to: allow this user to write to the file and to its folder, on a disk that is not read-only",
    say_later("The database is read-only. Nothing can be stored."),
)
_LOCKED = _Fault(
    "is locked by another program: close the program that has the file open, and try again",
    say_later("The database is locked by another program. Try again in a moment."),
)
_DISK = _Fault(
    "cannot be read or written because its disk reports an error: look for a disk that is full, gone or broken",
    say_later("The disk of the database reports an error."),
)
_DAMAGED = _Fault(
    "is damaged, or is no database: stop the program, and put a backup in its place",
    say_later("The database is damaged."),
)
_CLOSED = _Fault(
    "cannot be opened: see that its folder exists and that this user may write to it",
    say_later("The database cannot be opened."),
)
_GONE = _Fault(
    "was deleted or moved while in use: put it back, or restart",
    say_later("The database is gone. Whoever runs this server must put it back."),
)
_UNREACHABLE = _Fault(
    "cannot be reached: see that its server runs, and that address, user and password are right",
    say_later("The database cannot be reached. Try again in a moment."),
)

_OF_SQLITE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_PROTOCOL: _LOCKED,
    sqlite3.SQLITE_IOERR: _DISK,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_CANTOPEN: _CLOSED,
}
_OF_SYSTEM = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
    errno.EROFS: _READ_ONLY,
    errno.EIO: _DISK,
    errno.ENOENT: _CLOSED,
    errno.ENOTDIR: _CLOSED,
    errno.EISDIR: _CLOSED,
    errno.EEXIST: _CLOSED,
}
# SQLSTATE classes of psycopg's errors: connection exception, operator intervention (the server is shut down).
_CONNECTION_LOST = ("08", "57P")


def store_error(database: str, error: Exception) -> StoreError:
    """What an error of SQLite, of PostgreSQL or of the operating system means, without statement and parameters.

    Args:
        database: its path, or its URL without the password.
        error: as it was raised, by SQLAlchemy or below it.
    """
    cause = getattr(error, "orig", None) or error if isinstance(error, SQLAlchemyError) else error
    reason = str(cause).strip().partition("\n")[0]
    fault = _fault_of(cause)
    if fault is None:
        return StoreError(f"the database {database} failed: {reason}")
    return StoreError(f"the database {database} {fault.told} ({reason})", fault.public)


def file_gone(path: object) -> StoreError:
    """The error of an SQLite file that is no longer where it was opened."""
    return StoreError(f"the database file {path} {_GONE.told}", _GONE.public)


def _fault_of(cause: BaseException) -> _Fault | None:
    if isinstance(cause, sqlite3.Error):
        # The low byte is the kind, the rest says more of it. Errors of the sqlite3 module itself have no code.
        return _OF_SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF)
    if isinstance(cause, OSError):
        return _OF_SYSTEM.get(cause.errno or 0)
    if type(cause).__module__.startswith("psycopg"):
        state = getattr(cause, "sqlstate", None)
        lost = state.startswith(_CONNECTION_LOST) if state else type(cause).__name__ == "OperationalError"
        return _UNREACHABLE if lost else None
    return None
