"""What streaming and storing adds to a run: the engine alone against all that a worker does beside it."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.cases import SEEDS, Case
from results.records import EpochRecord
from results.store import Store
from training.worker.engine import Engine
from training.worker.inspection import ModelInspector
from training.worker.recorder import Recorder

ROUNDS = 5


def measure_streaming(case: Case) -> float:
    """Seconds with records and findings stored in SQLite, as a share of the seconds without; the median of rounds."""
    settings = case.experiment.training
    engine = Engine(case.plan, case.rows, settings.batch_size, xla=True)
    engine.prepare(case.splits[0])
    shares = []
    with TemporaryDirectory() as folder, Store(f"sqlite:///{Path(folder) / 'results.db'}") as store:
        for _ in range(ROUNDS):
            plain = _time(engine, case)
            stored = _time(engine, case, store)
            shares.append(stored / plain)
    return sorted(shares)[ROUNDS // 2]


def _time(engine: Engine, case: Case, store: Store | None = None) -> float:
    epochs, split, dataset = case.experiment.training.epochs, case.splits[0], case.experiment.dataset
    arrays = dataset.load()
    if store is None:
        began = time.perf_counter()
        engine.train(split, seed=SEEDS[0], epochs=epochs)
        return time.perf_counter() - began
    experiment = store.add_experiment("{}", "", [("v", SEEDS[0])], visitor="local", owner="bench", now=time.time())
    recorder = Recorder(store, store.runs(experiment)[0].id, 1)
    store.start(recorder.run_id, 1, {}, time.time())
    began = time.perf_counter()
    recorder.start_heartbeat()
    inspector = ModelInspector(engine, dataset, arrays, split, SEEDS[0], epochs)

    def on_epoch(record: EpochRecord) -> None:
        recorder.add(inspector.with_weights(record))

    engine.train(split, seed=SEEDS[0], epochs=epochs, on_epoch=on_epoch, between_calls=recorder.write_when_due)
    recorder.write()
    store.finish(recorder.run_id, 1, "finished", artifacts=inspector.last(epochs), now=time.time())
    recorder.close()
    return time.perf_counter() - began
