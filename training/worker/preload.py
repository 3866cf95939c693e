"""Dask loads this module in every scheduler, nanny and worker (`--preload training.worker.preload`).

A worker imports TensorFlow before it registers, so that it is warm from the moment the scheduler knows it. All of
them end themselves when the process that started them is gone: neither `atexit` nor signals reach them then.
"""

import os
import threading
from typing import Any

import psutil

PARENT = "REGULARIZER_LAB_PARENT"
"""Environment: process id of the page server or command line that owns a local cluster; unset on other clusters."""

SECONDS_BETWEEN_LOOKS = 1.0
NICENESS = 10


def dask_setup(service: Any) -> None:
    """Called by Dask with the scheduler, nanny or worker that starts."""
    if parent := os.environ.get(PARENT):
        _end_with(psutil.Process(int(parent)))
    if type(service).__name__ == "Worker":
        if parent:
            os.nice(NICENESS - os.nice(0))
        warm_up()


def warm_up() -> None:
    """Loads TensorFlow with one thread, once in a process.

    One thread: a run's numbers then do not depend on the number of workers, small networks are fastest so
    (docs/benchmarks.md), and several runs share the cores evenly.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    if tf.config.threading.get_intra_op_parallelism_threads() != 1:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    import training.worker.engine  # noqa: F401


def _end_with(parent: psutil.Process) -> None:
    """Ends this process within seconds of the parent's end."""

    def watch() -> None:
        never = threading.Event()
        while parent.is_running() and not never.wait(SECONDS_BETWEEN_LOOKS):
            pass
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
