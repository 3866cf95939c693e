"""How far an experiment is: time left, reckoned by hand."""

from typing import Literal

import numpy as np
import pytest

from experiment.progress import measure
from results.curves import RunRecord
from results.records import CURVE_NAMES
from tests.export.reports import make_experiment, make_run, make_stored

Status = Literal["queued", "running", "finished"]


def records(*runs: tuple[Status, list[float]]) -> list[RunRecord]:
    """A run for each state, with the seconds of its epochs."""
    experiment = make_experiment(("v",), seeds=len(runs))
    found = []
    for seed, (status, seconds) in enumerate(runs):
        run = make_stored(make_run(experiment, "v", seed), seed, status=status)
        found.append(RunRecord(run, {name: np.array(seconds) for name in CURVE_NAMES}))
    return found


def test_nothing_is_known_before_the_first_epoch() -> None:
    assert measure(records(("running", []), ("queued", [])), 10, 1).seconds_left is None


def test_time_left_is_the_mean_epoch_times_the_epochs_left() -> None:
    progress = measure(records(("running", [1.0, 1.0, 1.0]), ("queued", [])), 10, 1)
    assert (progress.epochs, progress.all_epochs) == (3, 20)
    assert progress.seconds_left == pytest.approx(17.0)
    assert measure(records(("running", [1.0]), ("queued", [])), 10, 2).seconds_left == pytest.approx(19 / 2)


def test_a_long_first_epoch_counts_once_for_each_run_that_is_to_come() -> None:
    """Teachers: 30 s in the first epoch, then 1 s in each."""
    going = ("running", [31.0, 1.0, 1.0])
    assert measure(records(going), 10, 1).seconds_left == pytest.approx(7.0)
    assert measure(records(going, ("queued", [])), 10, 1).seconds_left == pytest.approx(7 + 10 + 30)
    done = ("finished", [31.0, *[1.0] * 9])
    assert measure(records(done, ("queued", [])), 10, 1).seconds_left == pytest.approx(10 + 30)
