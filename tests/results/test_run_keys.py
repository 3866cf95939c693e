"""Runs whose numbers are there already: used, shortened, kept when their own experiment goes."""

import pytest

from results.artifacts import artifact_size, read_artifact, read_artifacts
from results.bounds import Scope, make_room
from results.curves import CurveCache
from results.records import EpochRecord, RunKey
from results.run_keys import USED, find_known
from results.test_metrics import read_test_metrics

RUN = ("baseline", 0)


def records(count):
    """Epoch e has a validation loss of e."""
    return [
        EpochRecord(e, 0.5, float(e), 0.5, 0.5, 0.5, 0.1, e, 0.1, {"weights": {"norm": e}}) for e in range(1, count + 1)
    ]


def add(store, epochs=3, *, key="k", anew=False, visitor="v", runs=(RUN,), owner="o"):
    """An experiment whose runs all have this key."""
    keys = {run: RunKey(key, epochs, anew) for run in runs}
    return store.add_experiment("{}", "n", list(runs), visitor=visitor, owner=owner, now=10.0, keys=keys)


def train(store, experiment, epochs=3, *, key="k", ended_by="epochs"):
    """The run as a worker trains it."""
    run = store.runs(experiment)[0]
    assert store.start(run.id, run.attempt, {"processor": "p"}, 11.0, key=RunKey(key, epochs))
    store.append_epochs(run.id, run.attempt, records(epochs), 12.0)
    told = {"ended_by": ended_by, "setup_seconds": 0.5, "artifacts": {"model": (epochs, b"model")}}
    metrics = [(e, 10.0 + e, 0.5) for e in range(1, epochs + 1)]
    store.finish(run.id, run.attempt, "finished", test_metrics=metrics, **told, now=13.0)
    return store.run(run.id)


def losses(store, experiment, index=0):
    return list(CurveCache(store).read(experiment)[index].curves["val_loss"])


def test_an_equal_finished_run_is_used_with_all_that_it_has(store):
    first = add(store)
    assert store.runs(first)[0].status == "queued"
    source = train(store, first)
    second = add(store, visitor="another")
    (run,) = store.runs(second)
    assert (run.status, run.ended_by, run.setup_seconds) == ("finished", "epochs", 0.5)
    assert run.provenance == {"processor": "p", USED: {"trained_at": source.finished_at, "epochs": 3}}
    assert losses(store, second) == [1.0, 2.0, 3.0]
    assert store.series(run.id) == store.series(source.id)
    assert read_test_metrics(store, second) == {run.id: {e: (10.0 + e, 0.5) for e in (1, 2, 3)}}
    assert read_artifact(store, run.id, "model") == (3, b"model")
    assert artifact_size(store, run.id, "model") == 5
    assert read_artifacts(store, second, "model") == {run.id: (3, b"model")}


@pytest.mark.parametrize(
    ("last", "ended_by", "told"), [(5, "epochs", "epochs"), (2, "early_stopping", "early_stopping")]
)
def test_a_shorter_run_is_the_beginning_of_a_longer_one_without_its_model(store, last, ended_by, told):
    train_asked = add(store, 5)
    run = store.runs(train_asked)[0]
    store.start(run.id, 1, {}, 11.0, key=RunKey("k", 5))
    store.append_epochs(run.id, 1, records(last), 12.0)
    metrics = [(e, 1.0, 0.5) for e in range(1, last + 1)]
    store.finish(
        run.id, 1, "finished", ended_by=ended_by, test_metrics=metrics, artifacts={"model": (5, b"m")}, now=1.0
    )
    shorter = add(store, 3)
    (used,) = store.runs(shorter)
    assert (used.status, used.ended_by) == ("finished", told)
    assert losses(store, shorter) == [float(e) for e in range(1, min(last, 3) + 1)]
    assert set(read_test_metrics(store, shorter)[used.id]) == set(range(1, min(last, 3) + 1))
    assert read_artifact(store, used.id, "model") is None
    assert store.epochs([used.id], {used.id: 2}) == [] if last == 2 else len(store.epochs([used.id], {used.id: 2})) == 1


def test_a_longer_run_an_unfinished_one_and_another_key_are_trained(store):
    train(store, add(store, 3))
    unfinished = add(store, 3, key="other")
    run = store.runs(unfinished)[0]
    store.start(run.id, 1, {}, 11.0, key=RunKey("other", 3))
    for experiment in (add(store, 4), add(store, 3, key="other"), add(store, 3, key="new")):
        assert store.runs(experiment)[0].status == "queued"
    assert find_known(store, [RunKey("k", 3), RunKey("k", 2), RunKey("k", 4), RunKey("other", 3)]) == {
        RunKey("k", 3),
        RunKey("k", 2),
    }


def test_the_whole_run_is_preferred_to_the_beginning_of_a_longer_one(store):
    train(store, add(store, 5), 5)
    train(store, add(store, 3, anew=True), 3)
    (run,) = store.runs(add(store, 3))
    assert read_artifact(store, run.id, "model") == (3, b"model")


def test_anew_is_trained_and_stays_so_after_its_worker_was_lost(store):
    train(store, add(store))
    experiment = add(store, anew=True)
    (run,) = store.runs(experiment)
    assert run.status == "queued"
    store.start(run.id, 1, {}, 11.0, key=RunKey("k", 3))
    store.retry(run.id, 1, now=12.0)
    store.use_finished("o", 13.0)
    assert store.run(run.id).status == "queued"
    assert find_known(store, [RunKey("k", 3, anew=True)]) == set()


def test_what_waits_is_finished_once_its_numbers_are_there(store):
    first, second, foreign = add(store), add(store), add(store, owner="another server")
    store.use_finished("o", 12.0)
    assert store.runs(second)[0].status == "queued"
    train(store, first)
    store.use_finished("o", 14.0)
    assert [store.runs(e)[0].status for e in (second, foreign)] == ["finished", "queued"]
    assert store.runs(second)[0].finished_at == 14.0


def test_a_cancelled_run_is_not_finished_by_another(store):
    first, second = add(store), add(store)
    store.cancel(second, visitor="v", now=12.0)
    train(store, first)
    store.use_finished("o", 14.0)
    assert store.runs(second)[0].status == "cancelled"


def test_a_key_of_the_worker_counts_whatever_was_expected(store):
    experiment = add(store, key="expected")
    train(store, experiment, key="trained there")
    assert find_known(store, [RunKey("expected", 3), RunKey("trained there", 3)]) == {RunKey("trained there", 3)}


def by_owner(store, experiment):
    assert store.delete_experiment(experiment, visitor="v")


def by_age(store, experiment):
    with store.writing() as connection:
        connection.exec_driver_sql(f"UPDATE experiments SET created_at = 0 WHERE id = '{experiment}'")
    assert store.purge(1.0) == 1


def by_bounds(store, experiment):
    with store.writing() as connection:
        connection.exec_driver_sql(f"UPDATE experiment_uses SET looked_at = 0 WHERE experiment_id = '{experiment}'")
    count = len(store.experiments())
    assert make_room(store, Scope(), count - 1, None, now=5000.0)


@pytest.mark.parametrize("remove", [by_owner, by_age, by_bounds])
def test_what_others_use_stays_when_its_experiment_goes(store, remove):
    first = add(store, 5)
    train(store, first, 5)
    shorter, equal, third = add(store, 3), add(store, 5), add(store, 5)
    expected = [losses(store, experiment) for experiment in (shorter, equal, third)]
    attempts = [store.runs(experiment)[0].attempt for experiment in (shorter, equal, third)]
    remove(store, first)
    assert store.experiment(first) is None
    assert [losses(store, experiment) for experiment in (shorter, equal, third)] == expected
    assert [store.runs(experiment)[0].attempt for experiment in (shorter, equal, third)] == attempts
    assert len(read_artifacts(store, equal, "model")) == len(read_artifacts(store, third, "model")) == 1
    assert read_artifacts(store, shorter, "model") == {}
    assert len(read_test_metrics(store, third)) == 1
    for last in (equal, third):
        assert store.delete_experiment(last, visitor="v")
    assert losses(store, shorter) == expected[0]
    assert (store.runs(shorter)[0].variant, store.runs(shorter)[0].seed) == RUN
    assert len(store.runs(shorter)) == 1
    assert read_artifacts(store, shorter, "model") == {}, "of a later epoch"
    longer = add(store, 5)
    assert losses(store, longer) == [1.0, 2.0, 3.0, 4.0, 5.0], "all of it is still there"
    for last in (shorter, longer):
        assert store.delete_experiment(last, visitor="v")
    with store.reading() as connection:
        for table in ("runs", "run_keys", "epochs", "test_metrics", "artifacts"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() == 0


def test_equal_variants_of_one_experiment_share_and_go_together(store):
    experiment = add(store, runs=[("a", 0), ("b", 0)])
    train(store, experiment)
    store.use_finished("o", 14.0)
    assert {run.status for run in store.runs(experiment)} == {"finished"}
    other = add(store)
    assert store.delete_experiment(experiment, visitor="v")
    assert losses(store, other) == [1.0, 2.0, 3.0]


def test_bytes_count_where_they_are(store):
    first = add(store)
    train(store, first)
    second = add(store)

    def size(experiment):
        with store.reading() as connection:
            query = f"SELECT bytes FROM experiment_uses WHERE experiment_id = '{experiment}'"
            return connection.exec_driver_sql(query).scalar_one()

    assert (size(first), size(second)) == (5, 0)
    store.delete_experiment(first, visitor="v")
    assert size(second) == 5


def test_more_seeds_are_used_where_they_are_known(store):
    train(store, add(store, key="k"))
    experiment = add(store, key="other")
    stored = store.experiment(experiment)
    keys = {("baseline", 1): RunKey("k", 3)}
    assert store.extend_experiment(stored, "{ }", [("baseline", 1)], visitor="v", owner="o", now=14.0, keys=keys)
    assert [run.status for run in store.runs(experiment)] == ["queued", "finished"]


def test_a_cache_follows_a_run_that_moved(store):
    first = add(store)
    train(store, first)
    second = add(store)
    cache = CurveCache(store)
    before = list(cache.read(second)[0].curves["val_loss"])
    store.delete_experiment(first, visitor="v")
    assert list(cache.read(second)[0].curves["val_loss"]) == before
