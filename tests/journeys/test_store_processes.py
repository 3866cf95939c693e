"""Several processes on one store: created, adopted and written at once, and killed."""

import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from results.curves import CurveCache
from results.schema import epochs
from results.store import Store

ROOT = Path(__file__).parents[2]
PRELUDE = """
import sys
from results.records import EpochRecord
from results.store import Store
def wait(word="ready"):
    print(word, flush=True)
    return sys.stdin.readline().strip()
def record(epoch):
    return EpochRecord(epoch, epoch + 0.1, epoch + 0.2, 0.3, 0.4, epoch + 0.5, 0.001, epoch, 0.0)
url = sys.argv[1]
"""


@contextmanager
def process(script, url):
    """A Python process that ran up to its first `wait()`."""
    command = [sys.executable, "-c", PRELUDE + script, url]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as child:
        try:
            assert child.stdout.readline() == "ready\n"
            yield child
        finally:
            child.kill()


def tell(child, word="go"):
    child.stdin.write(f"{word}\n")
    child.stdin.flush()


def answers(script, url, count):
    """What so many processes print when all are told to go on at once."""
    with ExitStack() as stack:
        children = [stack.enter_context(process(script, url)) for _ in range(count)]
        for child in children:
            tell(child)
        return [child.stdout.readline().strip() for child in children]


def test_several_processes_create_one_store(database_url):
    script = """
wait()
with Store(url) as store:
    print(store.add_experiment("{}", "", [("a", 0)], visitor="v", owner="o", now=1.0), flush=True)
"""
    ids = answers(script, database_url, 4)
    with Store(database_url) as store:
        assert {summary.id for summary in store.experiments()} == set(ids)
    assert len(set(ids)) == 4


def test_each_run_goes_to_one_of_two_adopters(store, add_runs):
    script = """
import uuid
store = Store(url)
owner = uuid.uuid4().hex
wait()
count = store.adopt(owner, stale_before=110.0, now=120.0)
print(count, len(store.queued(owner)), flush=True)
"""
    runs = add_runs(40)
    for run in runs[::2]:
        store.start(run.id, 1, {}, 101.0)
    told = [tuple(map(int, line.split())) for line in answers(script, store.url, 2)]
    assert sum(count for count, _ in told) == 40
    assert all(count == queued for count, queued in told)
    assert [run.attempt for run in store.runs(runs[0].experiment_id)] == [2, 1] * 20


def test_each_run_is_started_by_one_of_two_workers(store, add_runs):
    script = """
store = Store(url)
wait()
print(sum(store.start(waiting.run.id, 1, {}, 101.0) for waiting in store.queued("server")), flush=True)
"""
    runs = add_runs(30)
    assert sum(map(int, answers(script, store.url, 2))) == 30
    assert all(run.status == "running" for run in store.runs(runs[0].experiment_id))


def test_workers_write_and_pages_read_at_once(store, add_runs):
    script = """
store = Store(url)
run_id = int(wait())
written = [store.append_epochs(run_id, 1, [record(e), record(e + 1)], float(e)) for e in range(1, 101, 2)]
written.append(store.finish(run_id, 1, "finished", test_metrics=[(1, 0.5, 0.5)], now=200.0))
print(all(written), flush=True)
"""
    runs = add_runs(3)
    for run in runs:
        store.start(run.id, 1, {}, 1.0)
    cache = CurveCache(store)
    with ExitStack() as stack:
        children = [stack.enter_context(process(script, store.url)) for _ in runs]
        for child, run in zip(children, runs, strict=True):
            tell(child, run.id)
        while any(run.active for run in store.runs(runs[0].experiment_id)):
            for record in cache.read(runs[0].experiment_id):
                expected = [epoch + 0.1 for epoch in range(1, record.last_epoch + 1)]
                assert list(record.curves["train_loss"]) == expected
            assert all(child.poll() is None or child.returncode == 0 for child in children)
        assert [child.stdout.readline() for child in children] == ["True\n"] * 3
    assert [record.last_epoch for record in cache.read(runs[0].experiment_id)] == [100] * 3


def test_a_cancelled_worker_stops_at_its_next_write(store, add_runs):
    script = """
store = Store(url)
run_id = int(wait())
epoch = 0
while store.append_epochs(run_id, 1, [record(epoch := epoch + 1)], 2.0):
    pass
print(epoch - 1, flush=True)
"""
    (run,) = add_runs()
    store.start(run.id, 1, {}, 1.0)
    with process(script, store.url) as child:
        tell(child, run.id)
        while not store.epochs([run.id]):
            pass
        store.cancel(run.experiment_id, visitor="local", now=3.0)
        seen = len(store.epochs([run.id]))
        assert int(child.stdout.readline()) == seen
    assert len(store.epochs([run.id])) == seen


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_killed_writer_leaves_a_readable_store(database_url, store, add_runs, make_record):
    script = f"""
from sqlalchemy import insert
from results.schema import {epochs.name}
store = Store(url)
run_id = int(wait())
store.append_epochs(run_id, 1, [record(1), record(2)], 2.0)
with store.writing() as connection:
    connection.execute(insert({epochs.name}).values(run_id=run_id, attempt=1, epoch=3, steps=3))
    wait("half written")
"""
    (run,) = add_runs()
    store.start(run.id, 1, {}, 1.0)
    with process(script, store.url) as child:
        tell(child, run.id)
        assert child.stdout.readline() == "half written\n"
        assert [epoch.record.epoch for epoch in store.epochs([run.id])] == [1, 2]  # readers do not wait for the writer
        child.kill()
        child.wait()
    with Store(database_url) as reopened:
        assert [epoch.record.epoch for epoch in reopened.epochs([run.id])] == [1, 2]
        assert reopened.append_epochs(run.id, 1, [make_record(3)], 3.0)
    assert [epoch.record.epoch for epoch in store.epochs([run.id])] == [1, 2, 3]
