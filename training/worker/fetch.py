"""How a worker gets a data set that is not on its machine: from `keras.datasets`, into our own copy of the arrays."""

import fcntl
import logging
import os
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

import numpy as np

from datasets.downloads import Download, cache_folder
from datasets.registry import DATASETS

SECONDS_UNTIL_GIVEN_UP = 30.0
"""A network that is silent for so long; Keras itself waits for ever."""

SECONDS_BETWEEN_REPORTS = 0.5

logger = logging.getLogger(__name__)


class DownloadError(Exception):
    """A data set cannot be had; the message says why, and what can be done without it."""


def fetch(dataset: Download, report: Callable[[int], None] = lambda _: None) -> None:
    """Sees to it that the data set is on this machine; the first who asks downloads, others wait.

    Args:
        dataset: what is missing.
        report: is told the bytes so far, from another thread.

    Raises:
        DownloadError: no network, or what came is not the data set.
    """
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / f"{dataset.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # also between threads, for each has opened the file anew
        if dataset.missing is None:
            return
        try:
            with _reported(dataset, report), _silence_bounded():
                _convert(dataset)
        except Exception as error:
            logger.exception("%s could not be downloaded", dataset.name)
            raise DownloadError(_explain(dataset, error)) from error


def _convert(dataset: Download) -> None:
    """Through `keras.datasets`, which keeps what it downloads; a broken file there is downloaded once more."""
    import keras

    loader = getattr(keras.datasets, dataset.name)
    try:
        (x, y), (x_more, y_more) = loader.load_data()
    except (EOFError, zlib.error, ValueError):
        _remove(_keras_file(dataset))
        (x, y), (x_more, y_more) = loader.load_data()
    x, y = np.concatenate([x, x_more]), np.concatenate([y, y_more])
    dataset.keep(x.reshape(len(x), *dataset.shape), y.reshape(-1))


def _keras_file(dataset: Download) -> Path:
    """Where Keras keeps what it downloads; it has no public name for its folder."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / dataset.archive


def _remove(path: Path) -> None:
    if path.is_dir():
        rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _reported(dataset: Download, report: Callable[[int], None]) -> Iterator[None]:
    """Reports the size of what Keras writes, for it tells nobody else how far it is."""
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(SECONDS_BETWEEN_REPORTS):
            report(_size(_keras_file(dataset)))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


@contextmanager
def _silence_bounded() -> Iterator[None]:
    """For new sockets of the whole process: `urlretrieve`, which Keras calls, knows no timeout of its own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SECONDS_UNTIL_GIVEN_UP)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _explain(dataset: Download, error: Exception) -> str:
    embedded = ", ".join(d.label for d in DATASETS.values() if d.origin == "embedded")
    reason = str(error) or type(error).__name__
    return (
        f"{dataset.label} could not be downloaded ({reason}). Is this machine connected to the internet? "
        f"These need no network: {embedded}."
    )
