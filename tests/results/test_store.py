"""Experiments and what is read of them, on every backend."""

import math
from dataclasses import replace

import numpy as np
import pytest

from results.records import CURVE_NAMES, RUN_FIELDS, Run
from results.schema import epochs, runs
from results.store import Store, StoreError


def test_an_experiment_is_read_as_it_was_written(store):
    spec = '{"name":"Ünïcode 🎲"}'
    experiment_id = store.add_experiment(
        spec, "Ünïcode 🎲", [("baseline", 0), ("dropout", 2**40)], visitor="abc", owner="server", now=100.5
    )
    experiment = store.experiment(experiment_id)
    assert (experiment.id, experiment.spec, experiment.name) == (experiment_id, spec, "Ünïcode 🎲")
    assert (experiment.visitor, experiment.created_at) == ("abc", 100.5)
    first, second = store.runs(experiment_id)
    assert first == Run(
        id=first.id,
        experiment_id=experiment_id,
        variant="baseline",
        seed=0,
        position=0,
        status="queued",
        message=None,
        owner="server",
        attempt=1,
        heartbeat=100.5,
        created_at=100.5,
        started_at=None,
        finished_at=None,
        setup_seconds=None,
        ended_by=None,
        provenance=None,
    )
    assert (second.variant, second.seed, second.position) == ("dropout", 2**40, 1)
    assert store.run(second.id) == second


def test_ids_cannot_be_guessed(store):
    ids = {store.add_experiment("{}", "", [], visitor="local", owner="o", now=1.0) for _ in range(20)}
    assert len(ids) == 20
    assert min(len(experiment_id) for experiment_id in ids) >= 22  # 16 random bytes in base 64


def test_what_does_not_exist_is_none_or_empty(store):
    assert store.experiment("nothing") is None
    assert store.run(1) is None
    assert store.runs("nothing") == []
    assert store.epochs([1, 2]) == []
    assert store.epochs([]) == []
    assert store.series(1) == {}
    assert store.experiments() == []
    assert not store.delete_experiment("nothing", visitor="local")


def test_a_variant_and_seed_twice_is_refused_and_nothing_stored(store):
    with pytest.raises(StoreError):
        store.add_experiment("{}", "", [("a", 0), ("b", 0), ("a", 0)], visitor="local", owner="o", now=1.0)
    assert store.experiments() == []
    assert store.queued("o") == []


def test_experiments_are_listed_newest_first_with_counts_by_status(store, add_runs):
    old = add_runs(3, visitor="ann", now=1.0)
    new = add_runs(2, visitor="bob", now=2.0)
    empty = store.add_experiment("{}", "empty", [], visitor="ann", owner="o", now=3.0)
    store.start(old[0].id, 1, {}, 4.0)
    store.cancel(old[0].experiment_id, old[1].id, visitor="ann", now=5.0)
    summaries = store.experiments()
    assert [summary.id for summary in summaries] == [empty, new[0].experiment_id, old[0].experiment_id]
    assert summaries[2].counts == {"queued": 1, "running": 1, "finished": 0, "failed": 0, "cancelled": 1}
    assert summaries[1].counts["queued"] == 2
    assert sum(summaries[0].counts.values()) == 0
    assert [summary.active for summary in summaries] == [False, True, True]
    assert [summary.id for summary in store.experiments("ann")] == [empty, old[0].experiment_id]
    assert [summary.id for summary in store.experiments("ann", limit=1)] == [empty]


def test_deleting_takes_everything_and_stops_the_worker(store, add_runs, make_record):
    (run,) = add_runs()
    (other,) = add_runs()
    for started in (run, other):
        store.start(started.id, 1, {}, 1.0)
        store.append_epochs(started.id, 1, [make_record(1)], 2.0)
    assert store.delete_experiment(run.experiment_id, visitor="local")
    assert store.run(run.id) is None
    assert not store.append_epochs(run.id, 1, [make_record(2)], 3.0)
    assert not store.finish(run.id, 1, "finished", test_metrics=[(1, 0.5, 0.5)], now=3.0)
    with store.reading() as connection:
        assert {row.run_id for row in connection.execute(epochs.select())} == {other.id}
        assert {row.id for row in connection.execute(runs.select())} == {other.id}


def test_only_the_owner_deletes(store, add_runs):
    (run,) = add_runs(visitor="ann")
    assert not store.delete_experiment(run.experiment_id, visitor="bob")
    assert store.run(run.id) == run
    assert store.delete_experiment(run.experiment_id, visitor="ann")


def test_a_deleted_runs_number_is_never_given_again(store, add_runs, make_record):
    # A worker of the deleted run may still be training: its writes must not reach another run.
    (deleted,) = add_runs()
    store.start(deleted.id, 1, {}, 1.0)
    store.delete_experiment(deleted.experiment_id, visitor="local")
    (new,) = add_runs()
    store.start(new.id, 1, {}, 1.0)
    assert new.id != deleted.id
    assert not store.append_epochs(deleted.id, 1, [make_record(1)], 2.0)


def test_purging_keeps_young_and_active_experiments(store, add_runs):
    (done,) = add_runs(now=1.0)
    (queued,) = add_runs(now=1.0)
    (running,) = add_runs(now=1.0)
    (young,) = add_runs(now=10.0)
    store.start(running.id, 1, {}, 2.0)
    for ended in (done, young):
        store.cancel(ended.experiment_id, visitor="local", now=11.0)
    assert store.purge(created_before=10.0) == 1
    left = {summary.id for summary in store.experiments()}
    assert left == {queued.experiment_id, running.experiment_id, young.experiment_id}


def test_the_queue_is_ordered_by_age_then_position(store, add_runs):
    late = add_runs(2, now=20.0)
    early = add_runs(2, now=10.0)
    add_runs(1, owner="another server", now=5.0)
    store.start(early[0].id, 1, {}, 21.0)
    assert [waiting.run.id for waiting in store.queued("server")] == [early[1].id, late[0].id, late[1].id]


def test_the_runs_in_hand_and_those_that_are_over(store, add_runs):
    first, second, third = add_runs(3, visitor="ann")
    store.start(first.id, 1, {}, 1.0)
    store.start(second.id, 1, {}, 1.0)
    store.finish(second.id, 1, "finished", now=2.0)
    assert [run.id for run in store.running("server")] == [first.id]
    assert store.attempts([first.id, second.id, third.id, 999]) == {first.id: 1, third.id: 1}
    assert store.attempts([]) == {}


def test_how_far_runs_are_is_told_of_their_current_attempt(store, add_runs, make_record):
    first, second = add_runs(2)
    store.start(first.id, 1, {}, 1.0)
    assert store.last_epochs([first.id, second.id]) == {}
    store.append_epochs(first.id, 1, [make_record(1), make_record(2)], 2.0)
    assert store.last_epochs([first.id, second.id, 999]) == {first.id: 2}
    store.retry(first.id, 1, worker_lost=False, now=3.0)
    assert store.last_epochs([first.id]) == {}


def test_epochs_come_back_in_the_order_of_the_names(store, add_runs, make_record):
    (run,) = add_runs()
    store.start(run.id, 1, {}, 1.0)
    record = make_record(1)
    store.append_epochs(run.id, 1, [record], 2.0)
    assert store.epochs([run.id]) == [(run.id, 1, record)]


def test_epochs_are_read_after_the_known_ones(store, add_runs, make_record):
    first, second, third = add_runs(3)
    for run in (first, second, third):
        store.start(run.id, 1, {}, 1.0)
        store.append_epochs(run.id, 1, [make_record(epoch) for epoch in range(1, 13)], 2.0)
    rows = store.epochs([second.id, first.id], {first.id: 11, third.id: 3})
    assert [(run_id, attempt, record.epoch) for run_id, attempt, record in rows] == [
        (first.id, 1, 12),
        *((second.id, 1, epoch) for epoch in range(1, 13)),
    ]


def test_epochs_of_an_earlier_attempt_are_not_read(store, add_runs, make_record):
    (run,) = add_runs()
    store.start(run.id, 1, {}, 1.0)
    store.append_epochs(run.id, 1, [make_record(1, series={"norm": 1}), make_record(2)], 2.0)
    store.retry(run.id, 1, now=3.0)
    assert store.epochs([run.id]) == []
    assert store.series(run.id) == {}
    store.start(run.id, 2, {}, 4.0)
    store.append_epochs(run.id, 2, [make_record(1)], 5.0)
    assert [(attempt, record.epoch) for _, attempt, record in store.epochs([run.id])] == [(2, 1)]


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf, np.float32("nan")])
def test_a_loss_that_is_not_finite_is_not_a_number(store, add_runs, make_record, loss):
    (run,) = add_runs()
    store.start(run.id, 1, {}, 1.0)
    store.append_epochs(run.id, 1, [make_record(1, train_loss=loss, val_loss=loss, objective=loss)], 2.0)
    ((_, _, record),) = store.epochs([run.id])
    assert all(math.isnan(value) for value in (record.train_loss, record.val_loss, record.objective))
    assert record.train_accuracy == 0.3
    with store.reading() as connection:
        assert connection.execute(epochs.select()).one().train_loss is None


def test_numbers_from_numpy_are_stored_as_numbers(store, add_runs, make_record):
    # SQLite would take an int64 as a blob, without an error.
    (run,) = add_runs()
    store.start(run.id, 1, {}, 1.0)
    record = make_record(np.int64(1), val_loss=np.float32(0.5), steps=np.int64(7))
    store.append_epochs(run.id, 1, [record], 2.0)
    ((_, _, stored),) = store.epochs([run.id])
    assert (stored.epoch, stored.val_loss, stored.steps) == (1, 0.5, 7)


def test_series_come_back_by_epoch_with_null_for_what_is_not_finite(store, add_runs, make_record):
    (run,) = add_runs()
    store.start(run.id, 1, {}, 1.0)
    members = {"members": [{"val_loss": 0.5}, {"val_loss": math.inf}], "norms": (1.0, math.nan), "text": "ä"}
    store.append_epochs(run.id, 1, [make_record(1), make_record(2, series=members)], 2.0)
    assert store.series(run.id) == {
        2: {"members": [{"val_loss": 0.5}, {"val_loss": None}], "norms": [1.0, None], "text": "ä"}
    }


def test_provenance_is_a_mapping_again(store, add_runs):
    (run,) = add_runs()
    provenance = {"engine": "1", "packages": {"keras": "3.15.1"}, "xla": False, "threads": 2}
    store.start(run.id, 1, provenance, 1.0)
    assert store.run(run.id).provenance == provenance


def test_the_dataclass_names_every_column():
    assert set(RUN_FIELDS) == set(runs.c.keys())
    assert tuple(epochs.c.keys()) == ("run_id", "attempt", "epoch", *CURVE_NAMES, "series")


def test_another_store_on_the_same_database_sees_the_same(store, add_runs):
    (run,) = add_runs()
    with Store(store.url) as other:
        assert other.url == store.url
        assert other.run(run.id) == run
        assert replace(run, status="running") != run
