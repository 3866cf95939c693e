"""Curves as arrays, read a little at a time."""

import math
import threading

import numpy as np
import pytest

from results.curves import CurveCache
from results.records import CURVE_NAMES, OPTIONAL_CURVES
from results.store import Store


@pytest.fixture
def cache(store):
    return CurveCache(store)


def start(store, runs):
    for run in runs:
        assert store.start(run.id, run.attempt, {}, 1.0)


def append(store, run, attempt, records):
    assert store.append_epochs(run.id, attempt, records, 2.0)


def test_a_run_without_epochs_has_empty_curves(cache, add_runs):
    (run,) = add_runs()
    (record,) = cache.read(run.experiment_id)
    assert record.run == run
    assert record.last_epoch == 0
    assert {name: curve.shape for name, curve in record.curves.items()} == dict.fromkeys(CURVE_NAMES, (0,))


def test_curves_hold_the_numbers_that_were_written(store, cache, add_runs, make_record):
    first, second = add_runs(2)
    start(store, (first, second))
    records = [make_record(1), make_record(2, val_loss=float("inf")), make_record(3)]
    append(store, second, 1, records)
    untouched, grown = cache.read(first.experiment_id)
    assert (untouched.run.id, untouched.last_epoch) == (first.id, 0)
    assert (grown.run.id, grown.last_epoch) == (second.id, 3)
    assert tuple(grown.curves) == CURVE_NAMES
    for name in CURVE_NAMES:
        assert grown.curves[name].dtype == np.float64
    np.testing.assert_array_equal(grown.curves["train_loss"], [1.1, 2.1, 3.1])
    np.testing.assert_array_equal(grown.curves["val_loss"], [1.2, np.nan, 3.2])
    np.testing.assert_array_equal(grown.curves["steps"], [10, 20, 30])
    np.testing.assert_array_equal(grown.curves["seconds"], [0.75] * 3)


def test_members_of_an_ensemble_grow_with_its_curves(store, cache, add_runs, make_record):
    def record(epoch, **changes):
        of_three = {"val_loss": [epoch, epoch + 1, math.inf], "val_accuracy": [0.1, 0.2, epoch / 100]}
        return make_record(epoch, series={"members": of_three, "weights": {"norm": 1.0}}, **changes)

    ensemble, plain = add_runs(2)
    start(store, (ensemble, plain))
    append(store, plain, 1, [make_record(1, series={"weights": {"norm": 1.0}})])
    append(store, ensemble, 1, [record(1), record(2)])
    seen, other = cache.read(ensemble.experiment_id)
    assert other.members == {}
    np.testing.assert_array_equal(seen.members["val_loss"], [[1, 2], [2, 3], [np.nan, np.nan]])
    append(store, ensemble, 1, [record(3)])
    seen, _ = cache.read(ensemble.experiment_id)
    np.testing.assert_array_equal(seen.members["val_accuracy"], [[0.1] * 3, [0.2] * 3, [0.01, 0.02, 0.03]])
    (fresh, _) = CurveCache(store).read(ensemble.experiment_id)
    np.testing.assert_array_equal(fresh.members["val_loss"], seen.members["val_loss"])
    store.finish(ensemble.id, 1, "finished", now=3.0)
    (ended, _) = cache.read(ensemble.experiment_id)
    assert ended.members is seen.members
    with pytest.raises(ValueError, match="read-only"):
        ended.members["val_loss"][0, 0] = 0.0


def test_optional_curves_grow_with_the_runs_that_have_them(store, cache, add_runs, make_record):
    """Older runs have none of them; no label noise, no losses by noise; what was not finite is NaN."""

    def record(epoch, changed):
        losses = {"train_loss_unchanged": epoch / 10, "train_loss_changed": changed}
        return make_record(epoch, series={"val_balanced_accuracy": 0.5, "weights": {"norm": 1.0}} | losses)

    noisy, plain, older = add_runs(3)
    start(store, (noisy, plain, older))
    append(store, plain, 1, [make_record(1, series={"val_balanced_accuracy": 0.25})])
    append(store, older, 1, [make_record(1)])
    append(store, noisy, 1, [record(1, 2.5)])
    cache.read(noisy.experiment_id)
    append(store, noisy, 1, [record(2, 2.25), record(3, math.inf)])
    for read in (cache, CurveCache(store)):
        seen, other, oldest = read.read(noisy.experiment_id)
        assert tuple(seen.curves) == (*CURVE_NAMES, *OPTIONAL_CURVES)
        np.testing.assert_array_equal(seen.curves["train_loss_unchanged"], [0.1, 0.2, 0.3])
        np.testing.assert_array_equal(seen.curves["train_loss_changed"], [2.5, 2.25, np.nan])
        np.testing.assert_array_equal(seen.curves["val_balanced_accuracy"], [0.5] * 3)
        np.testing.assert_array_equal(seen.curves["train_loss"], [1.1, 2.1, 3.1])
        assert tuple(other.curves) == (*CURVE_NAMES, "val_balanced_accuracy")
        assert tuple(oldest.curves) == CURVE_NAMES
    with pytest.raises(ValueError, match="read-only"):
        seen.curves["train_loss_changed"][0] = 0.0


def test_reading_often_gives_the_same_as_reading_once(store, cache, add_runs, make_record):
    runs = add_runs(3)
    start(store, runs)
    for epoch in range(1, 9):
        for run in runs[: 1 + epoch % 3]:
            known = cache.read(run.experiment_id)[run.position].last_epoch
            append(store, run, 1, [make_record(known + 1), make_record(known + 2)])
    store.finish(runs[0].id, 1, "finished", now=9.0)
    fresh = CurveCache(store).read(runs[0].experiment_id)
    for seen, expected in zip(cache.read(runs[0].experiment_id), fresh, strict=True):
        assert seen.run == expected.run
        assert expected.last_epoch > 0
        for name in CURVE_NAMES:
            np.testing.assert_array_equal(seen.curves[name], expected.curves[name])


def test_what_did_not_change_is_the_same_object(store, cache, add_runs, make_record):
    still, moving = add_runs(2)
    start(store, (still, moving))
    append(store, still, 1, [make_record(1)])
    before = cache.read(still.experiment_id)
    append(store, moving, 1, [make_record(1)])
    after = cache.read(still.experiment_id)
    assert after[0] is before[0]
    assert after[1] is not before[1]
    store.append_epochs(still.id, 1, [], 3.0)  # a heartbeat is nothing to look at
    assert cache.read(still.experiment_id)[0] is before[0]
    store.finish(still.id, 1, "finished", now=4.0)
    ended = cache.read(still.experiment_id)[0]
    assert ended is not before[0]
    assert ended.curves is before[0].curves


def test_arrays_given_out_never_change(store, cache, add_runs, make_record):
    (run,) = add_runs()
    start(store, (run,))
    append(store, run, 1, [make_record(1)])
    (before,) = cache.read(run.experiment_id)
    append(store, run, 1, [make_record(2)])
    cache.read(run.experiment_id)
    np.testing.assert_array_equal(before.curves["train_loss"], [1.1])
    with pytest.raises(ValueError, match="read-only"):
        before.curves["train_loss"][0] = 0.0
    with pytest.raises(TypeError):
        before.curves["train_loss"] = np.zeros(1)


def test_a_new_attempt_begins_with_empty_curves(store, cache, add_runs, make_record):
    (run,) = add_runs()
    start(store, (run,))
    append(store, run, 1, [make_record(1), make_record(2)])
    cache.read(run.experiment_id)
    store.retry(run.id, 1, now=3.0)
    assert cache.read(run.experiment_id)[0].last_epoch == 0
    store.start(run.id, 2, {}, 4.0)
    append(store, run, 2, [make_record(1, val_loss=7.0)])
    np.testing.assert_array_equal(cache.read(run.experiment_id)[0].curves["val_loss"], [7.0])


def test_an_attempt_that_changes_between_the_two_queries_is_not_mixed(store, cache, add_runs, make_record):
    (run,) = add_runs()
    start(store, (run,))
    append(store, run, 1, [make_record(1)])
    cache.read(run.experiment_id)
    read_runs = store.runs

    def runs_then_retry(experiment_id):
        found = read_runs(experiment_id)
        store.retry(run.id, 1, now=3.0)
        store.start(run.id, 2, {}, 4.0)
        store.append_epochs(run.id, 2, [make_record(1, val_loss=7.0), make_record(2, val_loss=7.0)], 5.0)
        return found

    store.runs = runs_then_retry
    (mixed,) = cache.read(run.experiment_id)
    store.runs = read_runs
    assert (mixed.run.attempt, list(mixed.curves["val_loss"])) == (1, [1.2])
    (settled,) = cache.read(run.experiment_id)
    assert (settled.run.attempt, list(settled.curves["val_loss"])) == (2, [7.0, 7.0])


def test_the_last_epochs_of_an_ended_run_are_seen(store, cache, add_runs, make_record):
    (run,) = add_runs()
    start(store, (run,))
    append(store, run, 1, [make_record(1)])
    cache.read(run.experiment_id)
    append(store, run, 1, [make_record(2)])
    store.finish(run.id, 1, "finished", now=3.0)
    (record,) = cache.read(run.experiment_id)
    assert (record.run.status, record.last_epoch) == ("finished", 2)


def test_ended_runs_are_not_asked_for_again(store, cache, add_runs, make_record, monkeypatch):
    ended, running = add_runs(2)
    start(store, (ended, running))
    append(store, ended, 1, [make_record(1)])
    store.finish(ended.id, 1, "finished", now=3.0)
    cache.read(ended.experiment_id)
    asked = []
    read_epochs = store.epochs
    monkeypatch.setattr(store, "epochs", lambda ids, after: asked.append(ids) or read_epochs(ids, after))
    cache.read(ended.experiment_id)
    assert asked == [[running.id]]


def test_a_missing_epoch_does_not_shift_the_others(store, cache, add_runs, make_record):
    (run,) = add_runs()
    start(store, (run,))
    append(store, run, 1, [make_record(1)])
    cache.read(run.experiment_id)
    append(store, run, 1, [make_record(3)])
    np.testing.assert_array_equal(cache.read(run.experiment_id)[0].curves["train_loss"], [1.1, np.nan, 3.1])


def test_a_deleted_experiment_is_forgotten(store, cache, add_runs):
    (run,) = add_runs()
    cache.read(run.experiment_id)
    store.delete_experiment(run.experiment_id, visitor="local")
    assert cache.read(run.experiment_id) == ()
    assert cache.read("never existed") == ()
    assert len(cache._experiments) == 0


def test_only_so_many_experiments_are_kept(store, add_runs):
    cache = CurveCache(store, capacity=2)
    ids = [add_runs()[0].experiment_id for _ in range(3)]
    first = cache.read(ids[0])
    cache.read(ids[1])
    assert cache.read(ids[0])[0] is first[0]
    cache.read(ids[2])  # the second goes: it was not read for longest
    assert cache.read(ids[0])[0] is first[0]
    assert set(cache._experiments) == {ids[0], ids[2]}


def test_many_viewers_read_while_a_worker_writes(database_url, store, cache, add_runs, make_record):
    (run,) = add_runs()
    start(store, (run,))
    problems = []

    def view():
        known = 0
        while known < 60 and not problems:
            (record,) = cache.read(run.experiment_id)
            expected = [epoch + 0.1 for epoch in range(1, record.last_epoch + 1)]
            if record.last_epoch < known or list(record.curves["train_loss"]) != expected:
                problems.append((known, record))
            known = record.last_epoch

    viewers = [threading.Thread(target=view) for _ in range(6)]
    for viewer in viewers:
        viewer.start()
    with Store(database_url) as worker:
        for epoch in range(1, 61, 2):
            append(worker, run, 1, [make_record(epoch), make_record(epoch + 1)])
    for viewer in viewers:
        viewer.join(timeout=60)
    assert not problems
    assert not any(viewer.is_alive() for viewer in viewers)


def test_one_viewer_at_a_time_refreshes_an_experiment(store, cache, add_runs, make_record, monkeypatch):
    # A second one in between would add older rows to newer arrays.
    (run,) = add_runs()
    start(store, (run,))
    append(store, run, 1, [make_record(1)])
    second = threading.Thread(target=cache.read, args=(run.experiment_id,))
    waited = []
    read_epochs = store.epochs

    def read_while_another_comes(run_ids, after):
        monkeypatch.setattr(store, "epochs", read_epochs)
        second.start()
        second.join(timeout=0.2)
        waited.append(second.is_alive())
        return read_epochs(run_ids, after)

    monkeypatch.setattr(store, "epochs", read_while_another_comes)
    assert cache.read(run.experiment_id)[0].last_epoch == 1
    second.join(timeout=10)
    assert waited == [True]
    assert not second.is_alive()


def test_a_refresh_reads_new_epochs_alone(store, cache, add_runs, make_record, monkeypatch):
    """What it costs, `make bench` measures."""
    runs = add_runs(24)
    start(store, runs)
    for run in runs:
        append(store, run, 1, [make_record(epoch) for epoch in range(1, 146)])
    read, read_epochs = [], store.epochs

    def note(run_ids, after):
        epochs = read_epochs(run_ids, after)
        read.append(len(epochs))
        return epochs

    monkeypatch.setattr(store, "epochs", note)
    cache.read(runs[0].experiment_id)
    for epoch in range(146, 149):
        for run in runs:
            append(store, run, 1, [make_record(epoch)])
        assert all(record.last_epoch == epoch for record in cache.read(runs[0].experiment_id))
    assert read == [24 * 145, 24, 24, 24]


def test_epochs_that_may_be_old_are_the_same_for_all_who_look(store, add_runs, make_record):
    (run,) = add_runs()
    cache = CurveCache(store)
    store.start(run.id, 1, {}, 1.0)
    store.append_epochs(run.id, 1, [make_record(1)], 2.0)
    first = cache.read(run.experiment_id, max_age=1e9)
    store.append_epochs(run.id, 1, [make_record(2)], 3.0)
    assert cache.read(run.experiment_id, max_age=1e9) == first
    (fresh,) = cache.read(run.experiment_id)
    assert fresh.last_epoch == 2
    assert cache.read(run.experiment_id, max_age=1e9) == (fresh,)
