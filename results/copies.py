"""A copy of an SQLite database on a disk that SQLite cannot work on: a mounted bucket, a network disk.

A copy is consistent, and is opened like any other database. The earlier one stays beside it as PATH.previous, because
on such disks a file may take the place of another one in parts.
"""

import errno
import fcntl
import logging
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from results.faults import StoreError
from results.location import SECONDS_BETWEEN_COPIES
from results.sqlite_file import read_version, require_header, require_ours

SECONDS_TO_WAIT_FOR_OTHERS = 5.0
_ERRORS = (OSError, sqlite3.Error)
_FAULTS_OF_THE_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)

logger = logging.getLogger(__name__)


class Copies:
    """Keeps a copy up to date from a thread of its own, from `start` until `close`.

    Args:
        database: the file that the store has open.
        copy: the file that the copy is kept in, in a folder that exists.
        seconds_between: how long changes wait for the next copy.

    Attributes:
        error: why the last copy failed; None if it did not.
        copied_at: when the last good copy was begun, in unix seconds; None before the first one of this process.
    """

    def __init__(self, database: Path, copy: Path, seconds_between: float = SECONDS_BETWEEN_COPIES) -> None:
        self.error: str | None = None
        self.copied_at: float | None = None
        self._database, self._copy, self._seconds_between = database, copy, seconds_between
        self._copied_state: tuple[object, ...] | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="copies", daemon=True)

    def start(self) -> None:
        """Begin with a copy at once, so that a disk that cannot be written to is found out early."""
        self._thread.start()

    def close(self) -> None:
        """Copy what has changed since the last copy, and end. It takes as long as that copy, and a little more."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            closing_now = self._closing.is_set()
            self._copy_if_changed()
            if closing_now:
                return
            self._closing.wait(self._seconds_between)

    def _copy_if_changed(self) -> None:
        began = time.time()
        try:
            state = _state_of(self._database)  # before the copy: what changes meanwhile comes with the next one
            if state == self._copied_state:
                return
            copy_database(self._database, self._copy)
        except _ERRORS as error:
            if self.error is None:
                logger.error("the database cannot be copied to %s: %s; trying again", self._copy, error)
            self.error = str(error)
        else:
            if self.error is not None:
                logger.warning("the database is copied to %s again", self._copy)
            self.error, self.copied_at, self._copied_state = None, began, state


def copy_database(database: Path, copy: Path) -> None:
    """Copy an open database; what is at `copy` goes to its `.previous`.

    Raises:
        OSError, sqlite3.Error: the copy failed. What was there is still there, at one of the two places.
    """
    partial = _beside(copy, ".partial")
    with _working_folder(database) as folder:
        snapshot = folder / "snapshot.db"
        snapshot.unlink(missing_ok=True)  # of a process that was killed
        _take_snapshot(database, snapshot)
        shutil.copyfile(snapshot, partial)
        snapshot.unlink()
        _flush(partial)
        if _exists(copy):
            copy.replace(_beside(copy, ".previous"))
        # A copy that was once a database in use may have left a log, which SQLite would add to the new one.
        for suffix in ("-wal", "-shm"):
            _beside(copy, suffix).unlink(missing_ok=True)
        partial.replace(copy)


def _flush(path: Path) -> None:
    """See to it that a file is on its disk before it replaces another one."""
    with path.open("rb") as file:
        try:
            os.fsync(file.fileno())
        except OSError as error:  # some mounted file systems have no such call
            if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
                raise


def restore_database(database: Path, copy: Path) -> Path | None:
    """Put the copy, or if it is damaged the one before it, where the database is to be, if there is none yet.

    Returns:
        The file that was taken; None if the database was there, or nothing was ever copied.

    Raises:
        StoreError: there are copies and none is good, or they are of another program or of a newer version.
        OSError, sqlite3.Error: a disk does not answer or is full, which says nothing against the copy.
    """
    if not copy.parent.is_dir():
        raise StoreError(f"DATABASE_COPY is {copy}, but there is no folder {copy.parent}: mount its disk, or make it")
    if _has_content(database):
        return None
    database.parent.mkdir(parents=True, exist_ok=True)
    with _working_folder(database) as folder:
        if _has_content(database):  # another process has restored it meanwhile
            return None
        candidates = [path for path in (copy, _beside(copy, ".previous")) if _exists(path)]
        reasons = []
        for candidate in candidates:
            reason = _bring(candidate, folder / "restored.db")
            if reason is None:
                if candidate != copy and _exists(copy):  # else it would take the place of the good one at the next copy
                    copy.replace(_beside(copy, ".damaged"))
                _put_in_place(folder / "restored.db", database)
                return candidate
            logger.error("the copy %s of the database is damaged: %s", candidate, reason)
            reasons.append(f"{candidate}: {reason}")
    if reasons:
        raise StoreError(
            f"the database {database} is not there, and no copy of it is good ({'; '.join(reasons)}): put a good copy "
            f"there, or move these files away to begin with an empty database"
        )
    return None


def _bring(candidate: Path, scratch: Path) -> str | None:
    """Bring a copy to the local disk and check it there; what is wrong with it, or None."""
    for suffix in ("", "-wal"):  # with its log, if it is a database that was in use there
        source, target = _beside(candidate, suffix), _beside(scratch, suffix)
        target.unlink(missing_ok=True)
        if _exists(source):
            shutil.copyfile(source, target)
    try:
        require_header(scratch)
        with closing(sqlite3.connect(scratch)) as connection:
            found = [line for (line,) in connection.execute("PRAGMA quick_check(1)")]
            if found == ["ok"]:
                require_ours(str(candidate), *read_version(connection))
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # raises what closing would keep to itself
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _FAULTS_OF_THE_DISK:
            raise
        return str(error)
    return None if found == ["ok"] else str(found[0]).splitlines()[-1]


def _put_in_place(scratch: Path, database: Path) -> None:
    for suffix in ("-wal", "-shm"):  # of the file that was here: SQLite would add its log to this one
        _beside(database, suffix).unlink(missing_ok=True)
    scratch.replace(database)


def _take_snapshot(database: Path, snapshot: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_WAIT_FOR_OTHERS

    def stop_waiting(status: int, _remaining: int, _total: int) -> None:
        # While another program holds the database locked, `backup` tries again without an end.
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > deadline:
            raise TimeoutError(f"{database} is locked by another program")

    # mode=rw: reading the log takes a file that is shared with the writers. A missing database is not made.
    with (
        closing(sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True, timeout=1.0)) as source,
        closing(sqlite3.connect(snapshot)) as target,
    ):
        source.backup(target, progress=stop_waiting)
        target.execute("PRAGMA journal_mode = DELETE")  # the copy is one file, which can be read where it lies


def _state_of(database: Path) -> tuple[object, ...]:
    """What changes whenever something is written: number, size and time of the file and of its log."""
    log = _beside(database, "-wal")
    states = [database.stat(), *([log.stat()] if _exists(log) else [])]
    return tuple((state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns) for state in states)


@contextmanager
def _working_folder(database: Path) -> Iterator[Path]:
    """A folder on the database's own disk, for one process at a time.

    Raises:
        TimeoutError: another process is still copying.
    """
    folder = _beside(database, ".copying")
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    deadline = time.monotonic() + SECONDS_TO_WAIT_FOR_OTHERS
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError("another process is still copying the database") from None
                time.sleep(0.05)
        yield folder
    finally:
        os.close(descriptor)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _exists(path: Path) -> bool:
    """Unlike Path.exists, an error of the disk is not taken for a missing file.

    Raises:
        OSError: the disk does not answer.
    """
    try:
        path.stat()
    except FileNotFoundError:
        return False
    return True


def _has_content(path: Path) -> bool:
    return _exists(path) and path.stat().st_size > 0
