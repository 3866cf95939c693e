"""An SQLite file that is open, told apart from another file that is put in its place."""

import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from results.faults import file_gone, store_error
from results.sqlite_file import prepare_file

logger = logging.getLogger(__name__)

_Identity = tuple[int, int]
"""Device and number of a file: a path leads to another one once that changes."""


class OpenFile:
    """What a process has open under a path.

    A process that goes on with connections to a file that was deleted or replaced writes where nobody ever reads, and
    SQLite does not tell. So the path is looked at before each transaction, which takes some microseconds.

    Args:
        path: of the database.
        connect: drops the connections that there are, and opens the database anew.
    """

    def __init__(self, path: Path, connect: Callable[[], None]) -> None:
        self._path, self._connect = path, connect
        self._log, self._index = path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")
        self._lock = Lock()
        self._opened: _Identity | None = None
        self._opened_log: _Identity | None = None

    def open(self, *, creates: bool) -> None:
        """Open what is there, or make it.

        Raises:
            StoreError: it is missing and not to be made, or it cannot be opened.
        """
        prepare_file(self._path, creates=creates)
        # Before the connections: if the file changes in between, the next look finds out.
        opened = _identify(self._path)
        self._connect()
        self._opened = opened
        self._is_open()

    def follow(self) -> None:
        """Go on with the file that the path leads to now.

        Raises:
            StoreError: none is there, or the one that is there cannot be opened.
        """
        try:
            if self._is_open():
                return
            with self._lock, locked_folder(self._path.parent):
                if not self._is_open():
                    self._set_old_log_aside()
                    self.open(creates=False)
        except OSError as error:
            raise store_error(str(self._path), error) from error

    def _is_open(self) -> bool:
        log, found = _identify(self._log), _identify(self._path)  # in this order: see `_set_old_log_aside`
        if found is None:
            raise file_gone(self._path)
        if found != self._opened:
            return False
        self._opened_log = log
        return True

    def _set_old_log_aside(self) -> None:
        """SQLite would add the log of the file that was here before to the new one, and so destroy it.

        It is known by its number, as it was seen while the old file was still in its place. A log that the new file
        has already, from another process or from whoever put it here, has another one.
        """
        logger.warning("another database was put at %s: going on with that one", self._path)
        if self._opened_log is not None and _identify(self._log) == self._opened_log:
            # Kept: it may hold what the old file lacks.
            self._log.replace(self._log.with_name(f"{self._log.name}.replaced"))
            self._index.unlink(missing_ok=True)


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Keeps everybody else out who asks for the same folder, threads and processes of this machine."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _identify(path: Path) -> _Identity | None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino
