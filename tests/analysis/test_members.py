"""An ensemble against its members."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.early_stopping import StoppingRule
from analysis.members import measure_members
from analysis.summary import CLEAN_NAMES, RunCurves, summarize_run, summarize_variant

MakeRun = Callable[..., RunCurves]

# Two members over three epochs; the first is better at epoch 2, the second at epoch 3.
LOSSES = np.array([[0.9, 0.4, 0.8], [0.7, 0.6, 0.2]])


def with_members(run: RunCurves, losses: NDArray[np.float64]) -> RunCurves:
    scores = {
        "train_loss": losses / 2,
        "val_loss": losses,
        "train_accuracy": 1 - losses / 2,
        "val_accuracy": 1 - losses,
    }
    return replace(run, members={name: scores[name] for name in CLEAN_NAMES})


def test_members_are_measured_where_the_ensemble_is(make_run: MakeRun) -> None:
    run = make_run("ensemble", 0, [0.5, 0.3, 0.31], rule=StoppingRule(patience=5))  # its best epoch is the second
    found = measure_members(summarize_variant([*map(summarize_run, [with_members(run, LOSSES)])]))
    assert found is not None
    assert found.mean["best_val_loss"].mean == pytest.approx(0.5)
    assert found.best["best_val_loss"].mean == pytest.approx(0.4)
    assert found.mean["final_val_loss"].mean == pytest.approx(0.5)
    assert found.best["final_val_loss"].mean == pytest.approx(0.2)
    assert found.best["final_val_accuracy"].mean == pytest.approx(0.8)
    assert found.best["generalization_gap_final"].mean == pytest.approx(0.1)


def test_the_best_member_of_each_seed_is_chosen_by_validation_loss(make_run: MakeRun) -> None:
    first = with_members(make_run("e", 0, [0.5, 0.3, 0.2]), LOSSES)
    second = with_members(make_run("e", 1, [0.5, 0.3, 0.2]), LOSSES[::-1] + 0.2)
    found = measure_members(summarize_variant([*map(summarize_run, [first, second])]))
    assert found is not None
    assert found.best["final_val_loss"].values == pytest.approx((0.2, 0.4))
    assert found.best["final_val_loss"].sd == pytest.approx(np.sqrt(0.02))


def test_what_has_not_finished_or_has_no_members_is_left_out(make_run: MakeRun) -> None:
    plain, running = make_run("e", 0, [0.5, 0.3]), make_run("e", 1, [0.5, 0.3, 0.2], status="running")
    assert measure_members(summarize_variant([*map(summarize_run, [plain])])) is None
    assert measure_members(summarize_variant([*map(summarize_run, [with_members(running, LOSSES)])])) is None
