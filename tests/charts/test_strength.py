"""The chart of a technique's strength: where strengths stand, how high its axis goes, what stands out."""

import numpy as np
import pytest

from analysis.averages import measure_spread
from analysis.early_stopping import StoppingRule
from analysis.strengths import Strength, find_lowest, measure_strength
from analysis.summary import RunCurves, summarize_run
from charts.strength import name_places, place_strengths, strength_figure


def strength(value: float, *losses: float) -> Strength:
    return Strength(value, measure_spread(losses), measure_spread([loss / 10 for loss in losses]))


VALLEY = [strength(0.0, 0.2, 0.3), strength(0.001, 0.1, 0.2), strength(0.002, 0.15, 0.2), strength(0.1, 2.3, 2.3)]


def test_zero_stands_left_of_the_smallest() -> None:
    assert np.allclose(place_strengths([0.0, 0.001, 0.002, 0.1]), [-3.6, -3.0, np.log10(0.002), -1.0])


def test_names_that_would_run_into_each_other_are_left_out() -> None:
    assert name_places(VALLEY, place_strengths([s.value for s in VALLEY])) == ["0", "0.001", "", "0.1"]


def test_a_strength_that_lets_nothing_be_learned_does_not_flatten_the_valley() -> None:
    layout = strength_figure(VALLEY, "Strength", 1, 0.001, revision="x")["layout"]
    low, high = layout["yaxis"]["range"]
    assert high - 0.06 * (0.5 - 0.015) == pytest.approx(2 * 0.25), "twice the mean without it, and a margin"
    assert low == pytest.approx(0.015 - 0.06 * (0.5 - 0.015)), "below the lowest training loss"
    assert layout["shapes"][0]["x0"] == -3.0, "the line at the chosen strength"


def test_the_lowest_mean_is_found_and_the_weakest_of_equals() -> None:
    assert find_lowest(VALLEY) == VALLEY[1]
    assert find_lowest([strength(0.1, 1.0), strength(0.0, 1.0)]) == strength(0.0, 1.0)
    assert find_lowest([strength(0.1)]) is None


def test_only_finished_runs_count_for_a_strength() -> None:
    def run(status: str, loss: float) -> RunCurves:
        curves = {name: np.array([loss]) for name in ("train_loss", "val_loss", "train_accuracy", "val_accuracy")}
        return RunCurves("L2", 0, status, curves, StoppingRule(), restores=False)

    found = measure_strength(0.5, [summarize_run(run("finished", 1.0)), summarize_run(run("failed", 9.0))])
    assert (found.value, found.val_loss.values, found.train_loss.mean) == (0.5, (1.0,), 1.0)
