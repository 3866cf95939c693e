"""Which file systems SQLite cannot keep a database on.

With a write-ahead log the processes share memory through a file, and wait for each other by locks on it. Network disks
and mounted buckets do not offer both. SQLite does not notice, and the database is damaged sooner or later.
"""

import fcntl
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

MOUNTS = Path("/proc/self/mounts")

_ESCAPED = re.compile(r"\\([0-7]{3})")
_BEGINNINGS = (
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "drvfs", "glusterfs", "gpfs", "lustre", "ncp", "nfs", "orangefs",
    "panfs", "prl_fs", "pvfs", "smb", "vboxsf", "vmhgfs",
)  # fmt: skip
# Disks of this machine that a program serves: NTFS and exFAT, and what containers without root have as their disk.
_LOCAL_FUSE = {"fuseblk", "fuse-overlayfs", "fuse.fuse-overlayfs"}


class Mount(NamedTuple):
    """A folder from which on another file system begins, and of which type that is."""

    point: str
    type: str


def parse_mounts(table: str) -> list[Mount]:
    r"""The mounts of a table in the form of /proc/self/mounts, in its order; a blank in a folder's name is `\040`."""
    fields = (line.split(" ") for line in table.splitlines() if line.strip())
    return [Mount(_ESCAPED.sub(lambda code: chr(int(code[1], 8)), point), type_) for _, point, type_, *_ in fields]


def mount_of(path: str, mounts: Iterable[Mount]) -> Mount | None:
    """The mount that an absolute path without links lies on: the longest that contains it, the last of equal ones."""
    found = None
    for mount in mounts:
        inside = path == mount.point or path.startswith(mount.point.rstrip("/") + "/")
        if inside and (found is None or len(mount.point) >= len(found.point)):
            found = mount
    return found


def is_unfit(type_: str) -> bool:
    """Whether a file system of this type keeps SQLite's processes from waiting for each other."""
    return type_.startswith(_BEGINNINGS) or (type_.startswith("fuse") and type_ not in _LOCAL_FUSE)


def find_problem(path: Path) -> str | None:
    """Why an SQLite database cannot be at this path, which need not exist yet; None if nothing is known against it.

    Only Linux is looked at.
    """
    if sys.platform != "linux":
        return None
    real = os.path.realpath(path)
    mount = mount_of(real, parse_mounts(os.fsdecode(MOUNTS.read_bytes()))) if MOUNTS.exists() else None
    if mount is not None and is_unfit(mount.type):
        return f"it is on a network or mounted file system ({mount.type}, at {mount.point})"
    if not _takes_locks(Path(real).parent):
        return "its file system takes no locks"
    return None


def _takes_locks(folder: Path) -> bool:
    """Tried on a file of its own: who closes a database's file loses the locks that SQLite has on it."""
    try:
        file = TemporaryFile(dir=folder)  # noqa: SIM115 (closed below)
    except OSError:  # no folder yet, or none to write to: opening the database says so
        return True
    with file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True
