"""Dask loads this module in every scheduler, nanny and worker (`--preload training.worker.preload`).

A worker imports TensorFlow and compiles the first visit's networks before it registers, so that it is warm from the
moment the scheduler knows it. All of them end themselves when the process that started them is gone: neither `atexit`
nor signals reach them then.
"""

import os
import resource
import sys
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import Any

from training.worker.parent import PARENT, watch
from training.worker.xla_cache import use_xla_cache

MEMORY = "REGULARIZER_LAB_WORKER_BYTES"
"""Environment: bytes that a local worker may take."""

FOLDER = "REGULARIZER_LAB_FOLDER"
"""Environment: the folder of a local cluster, which goes with it."""

NICENESS = 10
FIRST_TO_END = 800
"""Of 1,000: where the machine has no memory left, Linux ends workers before the page server."""


def dask_setup(service: Any) -> None:
    """Called by Dask with the scheduler, nanny or worker that starts."""
    if parent := os.environ.get(PARENT):
        watch(parent, _end)
    if type(service).__name__ == "Worker":
        if parent:
            os.nice(NICENESS - os.nice(0))
            limit_memory(int(os.environ[MEMORY]))
        warm_up()
        from training.worker.warm_up import compile_first_visit

        compile_first_visit()


def limit_memory(most_bytes: int) -> None:
    """Has the operating system refuse this process more memory, where it can.

    The limit is on data: one on the address space would end TensorFlow, which reserves more than it uses. The nanny
    watches what is resident on every system (`--memory-limit`).
    """
    if sys.platform != "linux":
        return
    resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))
    with suppress(OSError):  # a container may forbid it
        Path("/proc/self/oom_score_adj").write_text(str(FIRST_TO_END))


def warm_up() -> None:
    """Loads TensorFlow with one thread, once in a process.

    One thread: a run's numbers then do not depend on the number of workers, small networks are fastest so
    (docs/benchmarks.md), and several runs share the cores evenly.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    use_xla_cache()
    import tensorflow as tf

    if tf.config.threading.get_intra_op_parallelism_threads() != 1:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    # All that tasks import: two of them that did so at once, in two threads, saw modules that were half loaded.
    import sklearn.model_selection  # noqa: F401

    import training.worker.reference_scores
    import training.worker.run  # noqa: F401


def _end() -> None:
    """The last process of the cluster leaves no folder behind."""
    if folder := os.environ.get(FOLDER):
        rmtree(folder, ignore_errors=True)
    os._exit(0)
