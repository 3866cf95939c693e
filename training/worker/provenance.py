"""What an exact repeat of a run depends on."""

import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tensorflow as tf

from training.worker.engine import ENGINE_VERSION

PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn")


def provenance(checksum: str, *, xla: bool) -> dict[str, Any]:
    """Versions, processor and threads of this worker, and what the run adds: XLA or not, the checksum of its data."""
    return _machine() | {
        "engine": ENGINE_VERSION,
        "packages": {name: _version(name) for name in PACKAGES},
        "xla": xla,
        "data_checksum": checksum,
    }


@cache
def _version(package: str) -> str:
    return version("tensorflow_cpu" if package == "tensorflow" and platform.machine() == "x86_64" else package)


@cache
def _machine() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "processor": processor(),
        "intra_op_threads": tf.config.threading.get_intra_op_parallelism_threads(),
    }


def processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
