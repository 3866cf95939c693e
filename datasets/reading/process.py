"""Files are read in a process of their own, with a limit on memory and time: no file can harm who asks for it."""

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import BoundedSemaphore

import numpy as np

from datasets.dataset import Arrays
from datasets.reading.choices import Reading
from datasets.reading.description import unpack
from datasets.table import Table, TableError
from wording.language import _, language, say_later

ROOT = Path(__file__).parents[2]
CONTENT, REQUEST, ANSWER, ARRAYS = "content", "request.json", "answer.json", "arrays.npz"

SECONDS = 20.0
SECONDS_PER_BYTE = 1e-6
"""Beyond that: 200 MB get 220 seconds."""

KILLED = {-signal.SIGKILL, -signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGXCPU}
AT_ONCE = 2
"""Processes at a time: further files wait, so that many together take no more memory than a few."""
FAILED = say_later("the file cannot be read: what reads it failed; the server's log has the reason")
TOO_MUCH = say_later("reading the file takes more memory or time than is allowed: use fewer rows or columns")
LEAN = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ARROW_IO_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
"""Threads and pools reserve memory for themselves, which would count."""


logger = logging.getLogger(__name__)
_places = BoundedSemaphore(AT_ONCE)


def read_apart(content: bytes, reading: Reading, target: str | None, limit_bytes: int) -> Table:
    """What `read_file` gives, from a process that ends when it is done.

    Raises:
        TableError: the file is refused, or takes too much memory or time.
    """
    with tempfile.TemporaryDirectory(prefix="regularizer-lab-") as name:
        folder = Path(name)
        (folder / CONTENT).write_bytes(content)
        request = {
            "reading": reading.model_dump(mode="json"),
            "target": target,
            "limit_bytes": limit_bytes,
            "language": language(),
        }
        (folder / REQUEST).write_text(json.dumps(request), encoding="utf-8")
        with _places:
            _run(folder, SECONDS + SECONDS_PER_BYTE * len(content))
        answer = json.loads((folder / ANSWER).read_text(encoding="utf-8"))
        if "refused" in answer:
            raise TableError(answer["refused"])
        return Table(_arrays(folder, answer), answer["kind"], unpack(answer["description"]))


def _run(folder: Path, seconds: float) -> None:
    environment = {**os.environ, **LEAN, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "datasets.reading", str(folder)]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TableError(_(TOO_MUCH)) from None
    if done.returncode in KILLED:
        raise TableError(_(TOO_MUCH))
    if done.returncode:
        logger.error("the reading process failed: %s", done.stderr.decode(errors="replace")[-2000:])
        raise TableError(_(FAILED))


def _arrays(folder: Path, answer: dict[str, object]) -> Arrays | None:
    if not (folder / ARRAYS).exists():
        return None
    with np.load(folder / ARRAYS, allow_pickle=False) as kept:
        groups = kept["groups"] if "groups" in kept.files else None
        indicators = tuple(kept["indicators"].tolist())
        classes, features = (tuple(map(str, answer[name])) for name in ("class_names", "feature_names"))  # type: ignore[call-overload]
        return Arrays(kept["x"], kept["y"], classes, features, indicators, groups)
