"""What a worker does with one run: data, engine, epoch records into the store. Loads TensorFlow when it is called."""

import logging
import platform
import threading
import time
from collections import OrderedDict
from functools import cache, lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from datasets.downloads import Download
from datasets.registry import Arrays, Dataset
from datasets.split import Split, make_split
from datasets.uploads import connect
from models.plan import Plan
from results.records import EpochRecord, Run
from results.store import Store
from results.uploads import read_upload
from training.boundary import BOUNDARY
from training.experiment import ExperimentError, parse_experiment
from training.fetch import DownloadError, fetch
from training.findings import Findings

if TYPE_CHECKING:
    from training.engine import Engine

ENGINE_VERSION = "1"
SECONDS_BETWEEN_WRITES = 0.3
SECONDS_BETWEEN_HEARTBEATS = 2.0
KEPT_ENGINES = 8
"""Traced plans that a worker keeps for the next seeds; each holds 7 to 25 MB that TensorFlow never gives back."""

logger = logging.getLogger(__name__)
_engines: "OrderedDict[Any, Engine]" = OrderedDict()


class RunLostError(Exception):
    """The run is no longer this worker's: cancelled, deleted or taken over."""


def execute(run_id: int, attempt: int, database_url: str) -> int:
    """Trains one run and writes it to the store; the outermost loop of a worker.

    Returns the worker's resident memory in bytes. Whatever goes wrong is written to the run as its message.
    """
    from training.engine import DivergedError

    store = open_store(database_url)
    recorder = Recorder(store, run_id, attempt)
    try:
        run = store.run(run_id)
        if run is not None:
            _train(run, recorder)
    except RunLostError:
        logger.info("run %s, attempt %s was cancelled or taken over", run_id, attempt)
    except (DivergedError, DownloadError, ExperimentError) as error:
        recorder.fail(str(error))
    except Exception as error:
        logger.exception("run %s failed", run_id)
        recorder.fail(f"{type(error).__name__}: {error}")
    finally:
        recorder.close()
    return int(psutil.Process().memory_info().rss)


def _train(run: Run, recorder: "Recorder") -> None:
    from training.engine import uses_xla

    stored = recorder.store.experiment(run.experiment_id)
    if stored is None:
        raise RunLostError
    experiment = parse_experiment(stored.spec)
    variant = experiment.variant(run.variant)
    settings, plan = experiment.training, experiment.plan(variant)
    dataset, arrays = experiment.dataset_of(variant), load(experiment.dataset)
    split = make_split(dataset, arrays, run.seed)
    xla = uses_xla(plan, settings.epochs * -(-len(split.y_train) // settings.batch_size))
    began = time.perf_counter()
    if not recorder.store.start(run.id, recorder.attempt, _provenance(split.checksum, xla), time.time()):
        raise RunLostError
    recorder.beat()
    engine = _engine(plan, split, settings.batch_size, xla)
    setup_seconds = time.perf_counter() - began
    findings = Findings(engine, dataset, arrays, split, run.seed, settings.epochs)

    def on_epoch(record: EpochRecord) -> None:
        recorder.add(findings.weigh(record))
        if boundary := findings.boundary_when_due():
            recorder.show(BOUNDARY, record.epoch, boundary)

    outcome = engine.train(
        split, seed=run.seed, epochs=settings.epochs, on_epoch=on_epoch, on_border=recorder.write_when_due
    )
    recorder.write()
    recorder.store.finish(
        run.id,
        recorder.attempt,
        "finished",
        ended_by=outcome.ended_by,
        setup_seconds=setup_seconds,
        test_metrics=outcome.test_metrics,
        artifacts=findings.last(outcome.final_epoch),
        now=time.time(),
    )


class Recorder:
    """Writes a run's epochs to the store in small batches, and beats while a long call keeps them back."""

    def __init__(self, store: Store, run_id: int, attempt: int) -> None:
        self.store, self.run_id, self.attempt = store, run_id, attempt
        self._waiting: list[EpochRecord] = []
        self._written = time.monotonic()
        self._closed = threading.Event()

    def beat(self) -> None:
        """Starts to keep the run's heartbeat fresh until `close`, however long tracing takes."""
        threading.Thread(target=self._beat_on, daemon=True).start()

    def _beat_on(self) -> None:
        while not self._closed.wait(SECONDS_BETWEEN_HEARTBEATS):
            self.store.append_epochs(self.run_id, self.attempt, [], time.time())

    def add(self, record: EpochRecord) -> None:
        """Keeps a record for the next write."""
        self._waiting.append(record)

    def write_when_due(self) -> None:
        """Writes what is waiting if the last write is long enough ago; also finds out about a cancel."""
        if time.monotonic() - self._written >= SECONDS_BETWEEN_WRITES:
            self.write()

    def write(self) -> None:
        """Writes what is waiting.

        Raises:
            RunLostError: the run was cancelled, deleted or taken over; nothing is written.
        """
        if not self.store.append_epochs(self.run_id, self.attempt, self._waiting, time.time()):
            raise RunLostError
        self._waiting = []
        self._written = time.monotonic()

    def show(self, name: str, epoch: int, content: bytes) -> None:
        """Writes an artifact in place of the last one of its name, after the epochs that led to it.

        Raises:
            RunLostError: the run was cancelled, deleted or taken over; nothing is written.
        """
        self.write()
        if not self.store.put_artifact(self.run_id, self.attempt, name, epoch, content, time.time()):
            raise RunLostError

    def fail(self, message: str) -> None:
        """Ends the run as failed, with the epochs so far."""
        self.store.append_epochs(self.run_id, self.attempt, self._waiting, time.time())
        self.store.finish(self.run_id, self.attempt, "failed", message=message, now=time.time())

    def close(self) -> None:
        """Ends the heartbeat."""
        self._closed.set()


def _engine(plan: Plan, split: Split, batch_size: int, xla: bool) -> "Engine":
    """The traced plan, from an earlier seed where there is one."""
    from training.engine import Engine

    rows = (len(split.y_train), len(split.y_validation), len(split.y_test))
    key = (plan, rows, batch_size, xla)
    if key not in _engines:
        _engines[key] = Engine(plan, rows, batch_size, xla=xla)
        _engines[key].prepare(split)
    _engines.move_to_end(key)
    while len(_engines) > KEPT_ENGINES:
        _engines.popitem(last=False)
    return _engines[key]


def load(dataset: Dataset) -> Arrays:
    """All rows of a data set, kept for the next run."""
    return _load_whole(dataset.whole)


@lru_cache(maxsize=4)
def _load_whole(dataset: Dataset) -> Arrays:
    if isinstance(dataset, Download):
        fetch(dataset)
    return dataset.load()


@cache
def open_store(database_url: str) -> Store:
    """The store, opened once; uploaded data are found in it."""
    store = Store(database_url)
    connect(partial(read_upload, store))
    return store


def _provenance(checksum: str, xla: bool) -> dict[str, Any]:
    """What an exact repeat of the run depends on."""
    packages = ("tensorflow", "keras", "numpy", "scikit-learn")
    return _machine() | {
        "engine": ENGINE_VERSION,
        "packages": {name: _version(name) for name in packages},
        "xla": xla,
        "data_checksum": checksum,
    }


@cache
def _version(package: str) -> str:
    return version("tensorflow_cpu" if package == "tensorflow" and platform.machine() == "x86_64" else package)


@cache
def _machine() -> dict[str, Any]:
    import tensorflow as tf

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
