"""The process that owns a local cluster: its scheduler, nannies and workers end with it."""

import os
import threading
from collections.abc import Callable

import psutil

PARENT = "REGULARIZER_LAB_PARENT"
"""Environment: process id and start time of the page server or command line that owns a local cluster; unset on other
clusters."""

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_CLOCKS_MAY_DIFFER = 2.0


def identify(process: psutil.Process) -> str:
    """The process as `PARENT` names it: its id alone may be another's by the time that it is looked at."""
    return f"{process.pid} {process.create_time()}"


def watch(parent: str, end: Callable[[], None]) -> None:
    """Calls `end` within seconds of the parent's end, at once where that is over already."""
    process = _find(parent)
    if process is None:  # Dask would report an exception here and go on without a watcher
        end()

    def look() -> None:
        never = threading.Event()
        while _runs(process):
            never.wait(SECONDS_BETWEEN_LOOKS)
        end()

    threading.Thread(target=look, daemon=True).start()


def is_over() -> bool:
    """Whether this process is about to end with its cluster: whatever fails now is no fault of a run's.

    The first of the cluster's processes that sees its parent gone removes the folder in which others still work.
    """
    parent = os.environ.get(PARENT)
    return parent is not None and not _runs(_find(parent))


def _find(parent: str) -> psutil.Process | None:
    """The process that `identify` has named; None if it is over."""
    pid, started = parent.split()
    try:
        process = psutil.Process(int(pid))
        return process if abs(process.create_time() - float(started)) < SECONDS_CLOCKS_MAY_DIFFER else None
    except psutil.NoSuchProcess:
        return None


def _runs(process: psutil.Process | None) -> bool:
    try:
        return process is not None and process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
