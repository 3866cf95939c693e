"""Test metrics: written when a run ends, read by one function."""

import math

from results import schema
from results.test_metrics import read_test_metrics


def test_metrics_are_read_by_run_and_epoch(store, add_runs):
    first, second, running = add_runs(3)
    (foreign,) = add_runs()
    for run in (first, second, running, foreign):
        store.start(run.id, 1, {}, 1.0)
    store.finish(second.id, 1, "finished", test_metrics=[(1, 0.5, 0.25), (2, math.inf, 0.5)], now=2.0)
    store.finish(foreign.id, 1, "finished", test_metrics=[(1, 9.0, 0.0)], now=2.0)
    store.finish(first.id, 1, "failed", message="diverged", test_metrics=[(1, 2.0, 0.75)], now=2.0)
    metrics = read_test_metrics(store, first.experiment_id)
    assert list(metrics) == [first.id, second.id]
    assert metrics[first.id] == {1: (2.0, 0.75)}
    assert metrics[second.id][1] == (0.5, 0.25)
    loss, accuracy = metrics[second.id][2]
    assert math.isnan(loss)
    assert accuracy == 0.5


def test_only_the_current_attempt_is_read(store, add_runs):
    (run,) = add_runs()
    with store.writing() as connection:
        row = {"run_id": run.id, "attempt": 1, "epoch": 2, "test_loss": 9.0, "test_accuracy": 0.0}
        connection.execute(schema.test_metrics.insert(), row)
    store.retry(run.id, 1, now=2.0)
    store.start(run.id, 2, {}, 3.0)
    store.finish(run.id, 2, "finished", test_metrics=[(1, 0.5, 0.25)], now=4.0)
    assert read_test_metrics(store, run.experiment_id) == {run.id: {1: (0.5, 0.25)}}


def test_a_cancelled_run_writes_none(store, add_runs):
    (run,) = add_runs()
    store.start(run.id, 1, {}, 1.0)
    store.cancel(run.experiment_id, visitor="local", now=2.0)
    assert not store.finish(run.id, 1, "finished", test_metrics=[(1, 0.5, 0.5)], now=3.0)
    assert read_test_metrics(store, run.experiment_id) == {}


def test_an_unknown_experiment_has_none(store):
    assert read_test_metrics(store, "nothing") == {}
