"""What a worker does with one run: data, engine, epoch records and findings into the store."""

import logging
import time
from collections import OrderedDict
from typing import Any

import psutil

from datasets.split import Split, make_split
from experiment.machine import this_machine
from experiment.run_key import is_compiled, run_keys
from experiment.spec import Experiment, ExperimentError, Variant, parse_experiment
from results.faults import StoreError
from results.findings.boundary import BOUNDARY
from results.records import EpochRecord, Run, RunKey
from training.worker.data import load, open_store, uploaded_files
from training.worker.engine import DivergedError, Engine
from training.worker.fetch import DownloadError
from training.worker.inspection import ModelInspector
from training.worker.parent import is_over
from training.worker.provenance import provenance
from training.worker.recorder import Recorder, RunLostError

KEPT_ENGINES = 8
"""Keras models that a worker keeps for the next seeds; what is compiled, `compiled_epoch` keeps."""

logger = logging.getLogger(__name__)
_engines: OrderedDict[Any, Engine] = OrderedDict()


def execute(run_id: int, attempt: int, database_url: str) -> int:
    """Trains one run and writes it to the store; the outermost loop of a worker.

    Returns the worker's resident memory in bytes. Whatever goes wrong is written to the run as its message.

    Raises:
        StoreError: the store did not answer before the run began.
    """
    store = open_store(database_url)
    recorder = Recorder(store, run_id, attempt)
    try:
        run = store.run(run_id)
        if run is not None:
            _train(run, recorder)
    except RunLostError:
        logger.info("run %s, attempt %s was cancelled or taken over", run_id, attempt)
    except StoreError:  # before the run began: the queue tries it again, and blames no worker
        raise
    except (DivergedError, DownloadError, ExperimentError) as error:
        recorder.fail(str(error))
    except Exception as error:
        logger.exception("run %s failed", run_id)
        if not is_over():
            recorder.fail(f"{type(error).__name__}: {error}")
    finally:
        recorder.close()
    return int(psutil.Process().memory_info().rss)


def _train(run: Run, recorder: Recorder) -> None:
    stored = recorder.store.experiment(run.experiment_id)
    if stored is None:
        raise RunLostError
    experiment = parse_experiment(stored.spec, uploaded_files(recorder.store), stored=True)
    variant = experiment.variant(run.variant)
    settings = experiment.training
    dataset, arrays = experiment.dataset_of(variant), load(experiment.dataset)
    split = make_split(dataset, arrays, run.seed)
    began = time.perf_counter()
    known, key = provenance(split.checksum, xla=is_compiled(experiment, variant)), _key(experiment, run)
    if not recorder.store.start(run.id, recorder.attempt, known, time.time(), key=key):
        raise RunLostError
    recorder.start_heartbeat()
    engine = prepared_engine(experiment, variant, split)
    setup_seconds = time.perf_counter() - began
    inspector = ModelInspector(engine, dataset, arrays, split, run.seed, settings.epochs)

    def on_epoch(record: EpochRecord) -> None:
        recorder.add(inspector.with_weights(record))
        if boundary := inspector.boundary_when_due():
            recorder.write_artifact(BOUNDARY, record.epoch, boundary)

    outcome = engine.train(
        split, seed=run.seed, epochs=settings.epochs, on_epoch=on_epoch, between_calls=recorder.write_when_due
    )
    recorder.finish(
        ended_by=outcome.ended_by,
        setup_seconds=setup_seconds,
        test_metrics=outcome.test_metrics,
        artifacts=inspector.last(outcome.final_epoch),
    )


def _key(experiment: Experiment, run: Run) -> RunKey:
    """What decides the run's numbers here."""
    asked = run.variant, run.seed
    return run_keys(experiment, [asked], this_machine())[asked]


def prepared_engine(experiment: Experiment, variant: Variant, split: Split) -> Engine:
    """The engine of a variant, from an earlier seed where there is one."""
    plan, batch_size = experiment.plan(variant), experiment.training.batch_size
    rows, xla = (len(split.y_train), len(split.y_validation), len(split.y_test)), is_compiled(experiment, variant)
    key = (plan, rows, batch_size, xla)
    if key not in _engines:
        _engines[key] = Engine(plan, rows, batch_size, xla=xla)
        _engines[key].prepare(split)
    _engines.move_to_end(key)
    while len(_engines) > KEPT_ENGINES:
        _engines.popitem(last=False)
    return _engines[key]
