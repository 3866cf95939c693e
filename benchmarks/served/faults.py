"""What can go wrong on a host, done on purpose. Each function returns when the fault is over.

Only processes that the trial started are killed or stopped, and only the trial's own small disk is filled.
"""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from benchmarks.served.server import LabServer
from benchmarks.served.witness import Witness

SECONDS_OF_LOCK = 39.0
"""More than three busy timeouts of the store."""
SECONDS_OF_FULL_DISK = 15.0
SECONDS_OF_START = 0.6
"""So soon after the server opened its scheduler or its nanny, these have not looked for their parent yet."""

_LOCK = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
"""


@dataclass
class Place:
    """Where faults happen.

    Attributes:
        server: that runs.
        witness: that keeps looking meanwhile.
        database: the SQLite file.
        chance: decides which process, and when.
    """

    server: LabServer
    witness: Witness
    database: Path
    chance: random.Random


def kill(place: Place, role: str) -> None:
    """SIGKILL to one process of a role; a killed server is started again, as a host would."""
    victims = place.server.by_role()[role]
    if role == "server":
        place.server.kill()
        place.server.start()
    elif victims:
        with suppress(psutil.NoSuchProcess):
            place.chance.choice(victims).kill()


def kill_at_start(place: Place) -> None:
    """The server is started again and killed when it has just opened its scheduler or its nanny."""
    place.server.kill()
    place.server.start()
    children = place.chance.choice((1, 2))
    deadline = time.monotonic() + 60
    while len(place.server.tree()) < 1 + children and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(place.chance.uniform(0, SECONDS_OF_START))
    kill(place, "server")


def stop_worker(place: Place) -> None:
    """SIGSTOP to a worker, which is never told to go on; `resume` tidies up afterwards."""
    workers = place.server.by_role()["worker"]
    if workers:
        place.chance.choice(workers).suspend()


def resume(place: Place) -> None:
    """Stopped processes go on."""
    for process in place.server.tree():
        with suppress(psutil.NoSuchProcess):
            if process.status() == psutil.STATUS_STOPPED:
                process.send_signal(signal.SIGCONT)


def lock(place: Place) -> None:
    """Another program holds the database's lock for writers."""
    command = [sys.executable, "-c", _LOCK, str(place.database), str(SECONDS_OF_LOCK)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            other.stdout.readline()
            place.witness.watch(SECONDS_OF_LOCK)
        finally:
            other.kill()


def fill_disk(place: Place) -> None:
    """The database's disk, a small one of its own, has no byte left for a while."""
    assert place.database.parent.is_mount(), "never the disk of others"
    ballast = place.database.parent / "ballast"
    try:
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        place.witness.watch(SECONDS_OF_FULL_DISK)
    finally:
        ballast.unlink(missing_ok=True)


FAULTS: dict[str, Callable[[Place], None]] = {
    "page server killed": partial(kill, role="server"),
    "scheduler killed": partial(kill, role="scheduler"),
    "nanny killed": partial(kill, role="nanny"),
    "worker killed": partial(kill, role="worker"),
    "server killed just after it started": kill_at_start,
    "worker stopped": stop_worker,
    "database locked": lock,
    "disk full": fill_disk,
}
KILLS = tuple(FAULTS)[:4]
OTHERS = tuple(FAULTS)[4:]
