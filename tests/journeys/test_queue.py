"""Real workers: what a visitor's runs go through, from the queue to the store."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from experiment.spec import Experiment, parse_experiment
from experiment.used import is_used
from results.artifacts import read_artifact
from results.curves import CurveCache, RunRecord
from results.findings.kept_model import MODEL
from results.findings.samples import read_samples
from results.records import Run
from results.store import Store
from results.test_metrics import read_test_metrics
from training.dispatch import dispatcher
from training.dispatch.dispatcher import WORKER_LOST
from training.dispatch.questions import Question, QuestionError
from training.dispatch.queue import Queue
from training.dispatch.tasks import augment_samples

SMALL = '{"dataset": {"name": "wine"}, "training": {"epochs": 5}, "architecture": {"name": "mlp", "widths": [8]}'


def small(*, seeds: Sequence[int] = (0,), variants: Sequence[str] = ("baseline",)) -> Experiment:
    """Ends within a second or two."""
    names = ", ".join(f'{{"name": "{name}"}}' for name in variants)
    return parse_experiment(f'{SMALL}, "seeds": {list(seeds)}, "variants": [{names}]}}')


def endless() -> Experiment:
    """Does not end during a test unless it is cancelled."""
    return parse_experiment(
        '{"training": {"epochs": 1000, "batch_size": 1}, "architecture": {"name": "mlp", "widths": [512, 512]},'
        ' "seeds": [0]}'
    )


def wait_for(condition: Callable[[], bool], seconds: float = 180) -> None:
    """Until the condition holds; fails after a time that is only a safeguard."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def ended(store: Store, identifier: str) -> bool:
    return not any(run.active for run in store.runs(identifier))


def curves(store: Store, identifier: str) -> dict[tuple[str, int], list[float]]:
    records: Sequence[RunRecord] = CurveCache(store).read(identifier)
    return {(r.run.variant, r.run.seed): r.curves["val_loss"].tolist() for r in records}


def worker_processes() -> list[psutil.Process]:
    """The processes of ours that have TensorFlow loaded."""
    return [
        p for p in psutil.Process().children(recursive=True) if any("tensorflow" in m.path for m in p.memory_maps())
    ]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("store") / "results.db"
    with Store(f"sqlite:///{path}") as opened:
        yield opened


@pytest.fixture(scope="module")
def queue(store: Store) -> Iterator[Queue]:
    before = set(psutil.Process().children(recursive=True))  # a database's, perhaps
    opened = Queue(store, adopts=True, address=None, workers=1)
    opened.start()
    yield opened
    opened.close()
    assert set(psutil.Process().children(recursive=True)) <= before, "closing leaves no process behind"


def test_a_click_before_the_workers_are_warm_is_queued_not_lost(queue: Queue, store: Store) -> None:
    assert queue.state.ready_workers == 0
    identifier = queue.submit(small(seeds=(0, 1), variants=("a", "b")), "local")
    assert {run.status for run in store.runs(identifier)} == {"queued"}
    wait_for(lambda: ended(store, identifier))
    runs = store.runs(identifier)
    assert [run.status for run in runs] == ["finished"] * 4
    assert {len(values) for values in curves(store, identifier).values()} == {5}
    provenance = runs[0].provenance
    assert provenance is not None
    assert provenance["intra_op_threads"] == 1
    assert {"engine", "packages", "processor", "xla", "data_checksum"} <= provenance.keys()


def test_the_same_experiment_gives_the_same_numbers_again_in_any_order(queue: Queue, store: Store) -> None:
    first = queue.submit(small(seeds=(0, 1, 2)), "local", anew=True)
    second = queue.submit(small(seeds=(2, 0, 1)), "local", anew=True)
    wait_for(lambda: ended(store, first) and ended(store, second))
    assert curves(store, first) == curves(store, second)


def test_what_was_trained_is_used_again_and_a_shorter_run_is_found_in_it(queue: Queue, store: Store) -> None:
    known = queue.submit(small(seeds=(0, 1, 2)), "local")
    assert ended(store, known), "at once"
    assert all(is_used(run) for run in store.runs(known))
    trained = queue.submit(small(seeds=(0, 1, 2)), "local", anew=True)
    wait_for(lambda: ended(store, trained))
    assert not any(is_used(run) for run in store.runs(trained))
    assert curves(store, known) == curves(store, trained)
    three = parse_experiment(small(seeds=(0, 5)).stored_json().replace('"epochs":5', '"epochs":3'))
    shorter, anew = (queue.submit(three, "local", anew=anew) for anew in (False, True))
    assert [run.status for run in store.runs(shorter)] == ["finished", "queued"], "one seed is new"
    wait_for(lambda: ended(store, shorter) and ended(store, anew))
    assert curves(store, shorter) == curves(store, anew)
    assert {len(values) for values in curves(store, shorter).values()} == {3}
    metrics = [sorted(map(str, read_test_metrics(store, one).values())) for one in (shorter, anew)]
    assert metrics[0] == metrics[1]
    beginning, whole = (store.runs(one)[0] for one in (shorter, anew))
    assert read_artifact(store, beginning.id, MODEL) is None
    assert read_artifact(store, whole.id, MODEL) is not None


def test_cancel_frees_the_worker_and_a_small_experiment_passes_a_large_one(queue: Queue, store: Store) -> None:
    large = endless()
    large = large.model_copy(update={"seeds": (0, 1)})
    first = queue.submit(large, "local")
    wait_for(lambda: store.runs(first)[0].status == "running")
    second = queue.submit(small(), "local", anew=True)
    queue.cancel(first, store.runs(first)[0].id, visitor="local")
    assert store.runs(first)[0].status == "cancelled", "the cancel shows at once"
    wait_for(lambda: ended(store, second))
    assert store.runs(first)[1].active, "the large experiment's second run is still to come or running"
    queue.cancel(first, visitor="local")
    assert ended(store, first)


def test_a_question_is_answered_while_the_worker_trains(queue: Queue, store: Store) -> None:
    identifier = queue.submit(endless(), "local")
    wait_for(lambda: store.runs(identifier)[0].status == "running")
    assert queue.questions.wait(Question(divmod, (7, 2))) == (3, 1)
    with pytest.raises(QuestionError, match="by zero"):
        queue.questions.wait(Question(divmod, (7, 0)))
    mixing = '{"variants": [{"name": "v", "techniques": [{"name": "mixup"}]}]}'
    samples = read_samples(queue.questions.wait(Question(augment_samples, (mixing, store.url))))
    assert samples.class_names == tuple(map(str, range(10)))
    assert store.runs(identifier)[0].status == "running"
    queue.cancel(identifier, visitor="local")


def kill_worker_in_mid_run(store: Store, run_id: int) -> None:
    def run() -> Run:
        found = store.run(run_id)
        assert found is not None
        return found

    attempt = run().attempt
    wait_for(lambda: run().status == "running" and bool(store.epochs([run_id])))
    for process in worker_processes():
        process.send_signal(signal.SIGKILL)
    wait_for(lambda: run().attempt > attempt or not run().active)


def test_a_run_whose_worker_is_killed_is_tried_again_then_failed_while_others_go_on(queue: Queue, store: Store) -> None:
    identifier = queue.submit(endless(), "local")
    other = queue.submit(small(), "local", anew=True)
    run_id = store.runs(identifier)[0].id
    kill_worker_in_mid_run(store, run_id)
    again = store.run(run_id)
    assert again is not None and again.attempt == 2 and again.active
    kill_worker_in_mid_run(store, run_id)
    failed = store.run(run_id)
    assert failed is not None and (failed.status, failed.message) == ("failed", WORKER_LOST)
    wait_for(lambda: ended(store, other))
    assert [run.status for run in store.runs(other)] == ["finished"]


def test_a_worker_over_the_memory_bound_is_restarted_between_runs(
    queue: Queue, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for(lambda: queue.state.ready_workers == 1)
    before = {process.pid for process in worker_processes()}
    monkeypatch.setattr(dispatcher, "BYTES_PER_WORKER", 1)
    identifier = queue.submit(small(seeds=(0, 1)), "local", anew=True)
    wait_for(lambda: ended(store, identifier))
    assert [run.status for run in store.runs(identifier)] == ["finished"] * 2
    assert not before & {process.pid for process in worker_processes()}


def test_workers_have_a_lower_priority_than_the_page_server(queue: Queue) -> None:
    wait_for(lambda: queue.state.ready_workers == 1)
    assert all(process.nice() > os.nice(0) for process in worker_processes())
