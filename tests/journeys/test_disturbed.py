"""Runs that are disturbed: what a cancel, a stopped worker, a killed scheduler and a lost database come to."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from experiment.limits import Limits
from experiment.spec import Experiment, parse_experiment
from results.records import Run
from results.store import Store
from tests.journeys.test_queue import ended, endless, small, wait_for, worker_processes
from training.dispatch.cluster import ALLOCATOR
from training.dispatch.counters import OUTAGES
from training.dispatch.questions import Question, QuestionError
from training.dispatch.queue import Queue


def lasting() -> Experiment:
    """Takes some seconds."""
    return parse_experiment(
        '{"training": {"epochs": 400}, "architecture": {"name": "mlp", "widths": [256]}, "seeds": [0],'
        ' "variants": [{"name": "a"}]}'
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("disturbed") / "results.db"


@pytest.fixture(scope="module")
def store(path: Path) -> Iterator[Store]:
    with Store(f"sqlite:///{path}") as opened:
        yield opened


@pytest.fixture(scope="module")
def queue(store: Store) -> Iterator[Queue]:
    opened = Queue(store, adopts=True, address=None, workers=1)
    opened.start()
    yield opened
    opened.close()


def only_run(store: Store, identifier: str) -> Run:
    (run,) = store.runs(identifier)
    return run


def begun(store: Store, identifier: str) -> Callable[[], bool]:
    return lambda: bool(store.epochs([run.id for run in store.runs(identifier)]))


def losses(store: Store, run: Run) -> list[float]:
    epochs = [stored.record for stored in store.epochs([run.id])]
    assert [record.epoch for record in epochs] == list(range(1, len(epochs) + 1))
    return [record.val_loss for record in epochs]


def test_a_worker_that_does_not_hear_a_cancel_is_replaced_and_its_run_stays_cancelled(
    queue: Queue, store: Store
) -> None:
    identifier = queue.submit(endless(), "local")
    wait_for(begun(store, identifier))
    (stopped,) = worker_processes()
    stopped.send_signal(signal.SIGSTOP)
    queue.cancel(identifier, visitor="local")
    after = queue.submit(small(), "local", anew=True)
    wait_for(lambda: ended(store, after))
    assert only_run(store, after).status == "finished"
    assert only_run(store, identifier).status == "cancelled"
    assert not stopped.is_running()


def test_a_worker_that_is_stopped_is_replaced_and_its_run_begins_again(queue: Queue, store: Store) -> None:
    wait_for(lambda: queue.problem is None)
    identifier = queue.submit(endless(), "local")
    wait_for(begun(store, identifier))
    (stopped,) = worker_processes()
    stopped.send_signal(signal.SIGSTOP)
    wait_for(lambda: only_run(store, identifier).attempt == 2 and begun(store, identifier)())
    assert not stopped.is_running()
    queue.cancel(identifier, visitor="local")


def test_a_run_that_takes_longer_than_the_host_allows_is_ended(
    queue: Queue, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    identifier = queue.submit(endless(), "local")
    wait_for(begun(store, identifier))
    monkeypatch.setattr(queue.dispatcher, "limits", Limits(run_seconds=1))
    wait_for(lambda: ended(store, identifier))
    run = only_run(store, identifier)
    assert (run.status, run.attempt) == ("failed", 1)
    assert "ended after 2 seconds; this host allows no more" in str(run.message)
    monkeypatch.undo()
    after = queue.submit(small(), "local", anew=True)
    wait_for(lambda: ended(store, after))


def test_a_database_that_goes_away_and_comes_back_costs_nothing(queue: Queue, store: Store, path: Path) -> None:
    undisturbed = queue.submit(lasting(), "local", anew=True)
    wait_for(lambda: ended(store, undisturbed))
    disturbed = queue.submit(lasting(), "local", anew=True)
    wait_for(begun(store, disturbed))
    path.rename(path.with_name("away.db"))
    wait_for(lambda: not queue.state.store_answers)
    assert queue.problem and "was deleted or moved" in queue.problem
    assert queue.state.ready_workers == 1, "the workers go on"
    before = OUTAGES._value.get()
    wait_for(lambda: OUTAGES._value.get() > before + 6)  # rounds: longer than a heartbeat
    path.with_name("away.db").rename(path)
    wait_for(lambda: ended(store, disturbed))
    run = only_run(store, disturbed)
    assert (run.status, run.attempt) == ("finished", 1)
    assert losses(store, run) == losses(store, only_run(store, undisturbed))
    wait_for(lambda: queue.problem is None)


@pytest.mark.parametrize("command", ["scheduler", "worker"])
def test_a_killed_scheduler_or_nanny_is_no_loss_of_the_runs_own_worker(
    queue: Queue, store: Store, command: str
) -> None:
    wait_for(lambda: queue.problem is None)
    identifier = queue.submit(endless(), "local")
    wait_for(begun(store, identifier))
    (service,) = (p for p in psutil.Process().children() if p.cmdline()[2:4] == ["dask", command])
    service.kill()
    wait_for(lambda: only_run(store, identifier).attempt == 2)
    assert store.losses(only_run(store, identifier).id) == 0
    queue.cancel(identifier, visitor="local")
    wait_for(lambda: queue.problem is None)


def test_a_worker_gets_no_more_memory_than_its_bound(queue: Queue) -> None:
    wait_for(lambda: queue.problem is None)
    with pytest.raises(QuestionError):
        queue.questions.wait(Question(bytearray, (5_000_000_000,)))
    assert len(queue.questions.wait(Question(bytearray, (5_000_000,)))) == 5_000_000


def test_a_worker_keeps_memory_as_we_say_and_not_as_dask_does(queue: Queue) -> None:
    wait_for(lambda: queue.problem is None)
    for name, value in ALLOCATOR.items():
        assert queue.questions.wait(Question(os.getenv, (name,))) == value


PARENT = """
import sys
from training.dispatch.cluster import LocalCluster
cluster = LocalCluster(1)
print(cluster._folder, flush=True)
cluster.start()
"""


@pytest.mark.parametrize("seconds", [0.05, 0.3, 0.6])
def test_what_was_just_started_ends_with_its_parent(seconds: float, tmp_path: Path) -> None:
    environment = os.environ | {"XDG_STATE_HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    parent = subprocess.Popen([sys.executable, "-c", PARENT], env=environment, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    folder = parent.stdout.readline().strip()
    wait_for(lambda: bool(psutil.Process(parent.pid).children()))
    time.sleep(seconds)  # the moment of its life is what is tried
    parent.kill()
    parent.communicate()

    def left() -> list[psutil.Process]:
        return [p for p in psutil.process_iter(["cmdline"]) if folder in " ".join(p.info["cmdline"] or ())]

    wait_for(lambda: not left() and not Path(folder).exists(), 30)
