"""Which change of a run is possible in which state, on every backend."""

import pytest

from results.store import StoreError
from results.test_metrics import read_test_metrics

STATES = ["queued", "running", "finished", "failed", "cancelled"]


@pytest.fixture
def run_in(store, add_runs):
    """A run brought into a state, always as attempt 1."""

    def bring(state):
        (run,) = add_runs()
        if state in ("running", "finished", "failed"):
            assert store.start(run.id, 1, {"engine": "1"}, 110.0)
        if state in ("finished", "failed"):
            assert store.finish(run.id, 1, state, message="over", now=120.0)
        if state == "cancelled":
            assert store.cancel(run.experiment_id, visitor="local", now=120.0) == 1
        return store.run(run.id)

    return bring


def unchanged(store, run):
    now = store.run(run.id)
    return (now, now.heartbeat) == (run, run.heartbeat) and store.epochs([run.id]) == []


def changes(store, run, attempt, record):
    """Every change that names an attempt, by name."""
    return {
        "start": lambda: store.start(run.id, attempt, {}, 200.0),
        "append": lambda: store.append_epochs(run.id, attempt, [record], 200.0),
        "beat": lambda: store.append_epochs(run.id, attempt, [], 200.0),
        "finish": lambda: store.finish(run.id, attempt, "finished", test_metrics=[(1, 1.0, 1.0)], now=200.0),
        "fail": lambda: store.finish(run.id, attempt, "failed", message="why", now=200.0),
        "give up": lambda: store.finish(run.id, attempt, "cancelled", now=200.0),
        "retry": lambda: store.retry(run.id, attempt, now=200.0),
    }


ALLOWED = {
    "queued": {"start", "fail", "give up", "retry"},
    "running": {"append", "beat", "finish", "fail", "give up", "retry"},
    "finished": set(),
    "failed": set(),
    "cancelled": set(),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("change", ["start", "append", "beat", "finish", "fail", "give up", "retry"])
def test_a_change_is_made_only_in_the_states_that_allow_it(store, run_in, make_record, state, change):
    run = run_in(state)
    allowed = change in ALLOWED[state]
    assert changes(store, run, 1, make_record(1))[change]() is allowed
    assert unchanged(store, run) is not allowed
    if not allowed:
        assert read_test_metrics(store, run.experiment_id) == {}


@pytest.mark.parametrize("state", ["queued", "running"])
@pytest.mark.parametrize("attempt", [0, 2])
@pytest.mark.parametrize("change", ["start", "append", "beat", "finish", "fail", "give up", "retry"])
def test_another_attempt_changes_nothing(store, run_in, make_record, state, attempt, change):
    run = run_in(state)
    assert changes(store, run, attempt, make_record(1))[change]() is False
    assert unchanged(store, run)


def test_starting_notes_when_and_with_what(store, run_in):
    run = run_in("running")
    assert (run.status, run.started_at, run.heartbeat) == ("running", 110.0, 110.0)
    assert run.provenance == {"engine": "1"}


def test_appending_writes_epochs_and_heartbeat(store, run_in, make_record):
    run = run_in("running")
    assert store.append_epochs(run.id, 1, [make_record(1), make_record(2)], 130.0)
    assert store.append_epochs(run.id, 1, [make_record(3)], 140.0)
    assert [epoch.record.epoch for epoch in store.epochs([run.id])] == [1, 2, 3]
    assert store.run(run.id).heartbeat == 140.0


def test_an_epoch_written_twice_is_an_error_and_writes_nothing(store, run_in, make_record):
    run = run_in("running")
    store.append_epochs(run.id, 1, [make_record(1)], 130.0)
    with pytest.raises(StoreError):
        store.append_epochs(run.id, 1, [make_record(2), make_record(1)], 140.0)
    assert [epoch.record.epoch for epoch in store.epochs([run.id])] == [1]
    assert store.run(run.id).heartbeat == 130.0


def test_finishing_notes_how_it_ended(store, run_in):
    run = run_in("running")
    metrics = [(1, 0.5, 0.9), (2, float("nan"), 0.8)]
    assert store.finish(
        run.id, 1, "finished", ended_by="early_stopping", setup_seconds=1.5, test_metrics=metrics, now=150.0
    )
    ended = store.run(run.id)
    assert (ended.status, ended.ended_by, ended.setup_seconds) == ("finished", "early_stopping", 1.5)
    assert (ended.finished_at, ended.message, ended.active) == (150.0, None, False)


def test_a_failure_keeps_its_message(store, run_in):
    run = run_in("queued")
    assert store.finish(run.id, 1, "failed", message="the worker was killed", now=150.0)
    failed = store.run(run.id)
    assert (failed.status, failed.message, failed.started_at) == ("failed", "the worker was killed", None)


@pytest.mark.parametrize("status", ["queued", "running", "done"])
def test_a_run_cannot_end_in_a_state_that_is_no_end(store, run_in, status):
    run = run_in("running")
    with pytest.raises(ValueError, match=f"{status}.*finished, failed, cancelled"):
        store.finish(run.id, 1, status, now=150.0)
    assert unchanged(store, run)


def test_cancelling_an_experiment_leaves_ended_and_foreign_runs(store, add_runs):
    queued, running, finished = add_runs(3)
    (foreign,) = add_runs()
    for run in (running, finished):
        store.start(run.id, 1, {}, 1.0)
    store.finish(finished.id, 1, "finished", now=2.0)
    assert store.cancel(queued.experiment_id, visitor="local", now=3.0) == 2
    assert store.cancel(queued.experiment_id, visitor="local", now=4.0) == 0
    assert [run.status for run in store.runs(queued.experiment_id)] == ["cancelled", "cancelled", "finished"]
    assert store.run(queued.id).finished_at == 3.0
    assert store.run(foreign.id).status == "queued"


def test_only_the_owner_cancels(store, add_runs):
    run, other = add_runs(2, visitor="ann")
    assert store.cancel(run.experiment_id, visitor="bob", now=3.0) == 0
    assert store.cancel(run.experiment_id, run.id, visitor="bob", now=3.0) == 0
    assert store.runs(run.experiment_id) == [run, other]
    assert store.cancel(run.experiment_id, visitor="ann", now=4.0) == 2


def test_one_run_can_be_cancelled_but_only_through_its_experiment(store, add_runs):
    first, second = add_runs(2)
    (foreign,) = add_runs()
    assert store.cancel(first.experiment_id, foreign.id, visitor="local", now=3.0) == 0
    assert store.cancel(first.experiment_id, first.id, visitor="local", now=3.0) == 1
    assert [store.run(run.id).status for run in (first, second, foreign)] == ["cancelled", "queued", "queued"]


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_retry_begins_again_as_the_next_attempt(store, run_in, make_record, state):
    run = run_in(state)
    assert store.retry(run.id, 1, now=160.0)
    again = store.run(run.id)
    assert (again.status, again.attempt, again.owner, again.heartbeat) == ("queued", 2, "server", 160.0)
    assert (again.started_at, again.provenance) == (None, None)
    assert not store.start(run.id, 1, {}, 170.0)  # a task of the first attempt that was still under way
    assert store.start(run.id, 2, {}, 170.0)
    assert not store.append_epochs(run.id, 1, [make_record(1)], 171.0)
    assert store.append_epochs(run.id, 2, [make_record(1)], 171.0)


def test_only_silent_runs_of_others_are_adopted(store, add_runs, make_record):
    queued, running, ended, alive, beating = add_runs(5)
    (own,) = add_runs(owner="rescuer")
    for run in (running, alive):
        store.start(run.id, 1, {}, 101.0)
    store.append_epochs(alive.id, 1, [], 115.0)
    store.cancel(ended.experiment_id, ended.id, visitor="local", now=102.0)
    store.retry(beating.id, 1, now=115.0)
    before = {run.id: store.run(run.id) for run in (ended, alive, beating, own)}
    assert store.adopt("rescuer", stale_before=115.0, now=130.0) == 2
    adopted = store.run(queued.id), store.run(running.id)
    assert [(run.status, run.owner, run.heartbeat) for run in adopted] == [("queued", "rescuer", 130.0)] * 2
    assert [run.attempt for run in adopted] == [1, 2]
    assert {run_id: store.run(run_id) for run_id in before} == before
    assert not store.append_epochs(running.id, 1, [make_record(1)], 131.0)
    assert {waiting.run.id for waiting in store.queued("rescuer")} == {own.id, queued.id, running.id}
    assert store.adopt("rescuer", stale_before=115.0, now=131.0) == 0


def test_a_beat_keeps_queued_runs_from_adoption_but_not_running_ones(store, add_runs):
    queued, running = add_runs(2)
    (foreign,) = add_runs(owner="another")
    store.start(running.id, 1, {}, 101.0)
    assert store.beat("server", 120.0) == 1
    assert [store.run(run.id).heartbeat for run in (queued, running, foreign)] == [120.0, 101.0, 100.0]
    assert store.adopt("rescuer", stale_before=110.0, now=121.0) == 2
