"""The machine that numbers were made on: what beside the experiment decides them."""

import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from experiment.version import VERSION
from models.engine_rules import ENGINE_VERSION

PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn")


@cache
def this_machine() -> dict[str, Any]:
    """Versions of engine, program and packages, and the processors of this process's machine."""
    return {
        "engine": ENGINE_VERSION,
        "program": VERSION,
        "packages": {name: _version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "processor": processor(),
        "graphics": graphics(),
    }


def _version(package: str) -> str:
    return version("tensorflow_cpu" if package == "tensorflow" and platform.machine() == "x86_64" else package)


def processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def graphics() -> list[str]:
    """The NVIDIA processors that TensorFlow may find, as far as the system tells."""
    files = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    lines = (line for file in files for line in file.read_text(encoding="utf-8").splitlines())
    return [line.split(":", 1)[1].strip() for line in lines if line.startswith("Model")]
