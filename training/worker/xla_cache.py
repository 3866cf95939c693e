"""Where XLA keeps what it compiled, so that a second process loads it: in 0.2 s instead of 1 s (docs/decisions/0023).

What lies there is machine code that workers run. So the folder is the user's own, closed to all others, and there is
one for each set of versions and kind of processor.
"""

import os
import platform
import stat
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import platformdirs

MOST_BYTES = 256_000_000
"""Of all files together; an entry takes 0.7 MB and more."""

FLAGS = "TF_XLA_FLAGS"
PACKAGES = ("keras", "numpy")


def use_xla_cache() -> None:
    """Tells TensorFlow, before it is loaded, where to keep what XLA compiles. Without a safe folder nothing is kept."""
    if "--tf_xla_persistent_cache_directory" in os.environ.get(FLAGS, ""):
        return
    root = Path(platformdirs.user_cache_dir("regularizer-lab", appauthor=False)) / "xla"
    folder = root / _key()
    try:
        for path in (root, folder):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (is_ours(root) and is_ours(folder)):
            return
        make_room(root, folder)
    except OSError:  # a disk that is full or cannot be written: XLA compiles anew
        return
    flags = (os.environ.get(FLAGS, ""), f"--tf_xla_persistent_cache_directory={folder}")
    os.environ[FLAGS] = " ".join(filter(None, flags))


def is_ours(folder: Path) -> bool:
    """Whether it is a folder, no link to one, that belongs to this user and that nobody else may enter."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077


def make_room(root: Path, current: Path) -> None:
    """Deletes the files that were written first until the others fit, those of other versions before all."""
    files = [(path, path.lstat()) for path in root.glob("*/*")]
    files.sort(key=lambda file: (file[0].parent == current, file[1].st_mtime), reverse=True)
    total = 0
    for path, found in files:
        total += found.st_size
        if total > MOST_BYTES:
            path.unlink(missing_ok=True)


def _key() -> str:
    """Of what machine code depends on: TensorFlow, the packages that make its graphs, and the processor."""
    tensorflow = version("tensorflow_cpu" if platform.machine() == "x86_64" else "tensorflow")
    parts = [tensorflow, *map(version, PACKAGES), platform.python_version(), platform.machine(), _processor()]
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def _processor() -> str:
    """What its instructions are, where the system tells: code for another processor would end the process."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))
