"""Artifacts of runs: the latest of each name, of the current attempt, while the run is running."""

import pytest

from results.artifacts import read_artifact, read_artifacts


@pytest.fixture
def running(store, add_runs):
    run, other = add_runs(2)
    for each in (run, other):
        store.start(each.id, 1, {}, 1.0)
    return run, other


def test_the_latest_of_a_name_is_kept(store, running):
    run, other = running
    assert store.put_artifact(run.id, 1, "boundary", 3, b"first", 2.0)
    assert store.put_artifact(run.id, 1, "boundary", 5, b"\x00second\xff", 3.0)
    assert store.put_artifact(run.id, 1, "norms", 5, b"", 4.0)
    assert read_artifact(store, run.id, "boundary") == (5, b"\x00second\xff")
    assert read_artifact(store, run.id, "norms") == (5, b"")
    assert read_artifact(store, other.id, "boundary") is None
    assert store.run(run.id).heartbeat == 4.0


def test_those_of_an_experiment_are_read_at_once(store, running, add_runs):
    (foreign,) = add_runs()
    store.start(foreign.id, 1, {}, 1.0)
    for run in (*running, foreign):
        store.put_artifact(run.id, 1, "boundary", 1, str(run.id).encode(), 2.0)
    store.put_artifact(running[0].id, 1, "norms", 1, b"", 2.0)
    expected = {run.id: (1, str(run.id).encode()) for run in running}
    assert read_artifacts(store, running[0].experiment_id, "boundary") == expected
    assert read_artifacts(store, "nothing", "boundary") == {}


def test_a_run_that_is_not_running_writes_none(store, running, add_runs):
    run, cancelled = running
    (queued,) = add_runs()
    store.cancel(cancelled.experiment_id, cancelled.id, visitor="local", now=2.0)
    assert not store.put_artifact(cancelled.id, 1, "boundary", 1, b"x", 3.0)
    assert not store.put_artifact(queued.id, 1, "boundary", 1, b"x", 3.0)
    assert not store.put_artifact(run.id, 2, "boundary", 1, b"x", 3.0)
    assert not store.put_artifact(10_000, 1, "boundary", 1, b"x", 3.0)
    assert read_artifacts(store, run.experiment_id, "boundary") == {}


def test_the_end_of_a_run_writes_its_last(store, running):
    run, _ = running
    store.put_artifact(run.id, 1, "boundary", 1, b"early", 2.0)
    last = {"boundary": (9, b"late"), "mistakes": (9, b"some")}
    assert store.finish(run.id, 1, "finished", artifacts=last, now=3.0)
    assert read_artifact(store, run.id, "boundary") == (9, b"late")
    assert read_artifact(store, run.id, "mistakes") == (9, b"some")
    assert not store.finish(run.id, 1, "finished", artifacts={"boundary": (10, b"x")}, now=4.0)
    assert read_artifact(store, run.id, "boundary") == (9, b"late")


def test_another_attempt_begins_without_any(store, running):
    run, _ = running
    store.put_artifact(run.id, 1, "boundary", 7, b"old", 2.0)
    store.retry(run.id, 1, now=3.0)
    assert read_artifact(store, run.id, "boundary") is None
    store.start(run.id, 2, {}, 4.0)
    store.put_artifact(run.id, 2, "boundary", 1, b"new", 5.0)
    assert read_artifact(store, run.id, "boundary") == (1, b"new")


def test_they_are_deleted_with_the_experiment(store, running):
    run, _ = running
    store.put_artifact(run.id, 1, "boundary", 7, b"x", 2.0)
    store.delete_experiment(run.experiment_id, visitor="local")
    with store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM artifacts").scalar_one() == 0
