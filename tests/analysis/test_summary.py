"""Summaries of hand-worked runs; `make_run` gives training losses of half the validation losses."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from analysis.early_stopping import StoppingRule
from analysis.summary import RunCurves, VariantSummary, summarize, summarize_run, summarize_variant

MakeRun = Callable[..., RunCurves]


def variant_of(runs: Sequence[RunCurves]) -> VariantSummary:
    return summarize_variant([summarize_run(run) for run in runs])


CURVE = [0.9, 0.4, 0.5, 0.6, 0.2]  # patience 2 fires at epoch 4 and restores epoch 2, whatever comes after


def test_the_model_handed_over_is_the_last_one_unless_the_technique_restores(make_run: MakeRun) -> None:
    marked = summarize_run(make_run("baseline", 0, CURVE))
    assert (marked.epochs, marked.stopping.stop_epoch, marked.best_epoch, marked.final_epoch) == (5, 4, 2, 5)
    assert marked.best == {"train_loss": 0.2, "val_loss": 0.4, "train_accuracy": 0.8, "val_accuracy": 0.6}
    assert marked.final == {"train_loss": 0.1, "val_loss": 0.2, "train_accuracy": 0.9, "val_accuracy": 0.8}
    assert (marked.generalization_gap_best, marked.generalization_gap_final) == pytest.approx((0.2, 0.1))
    assert marked.seconds == 5 * 0.25
    restored = summarize_run(make_run("stop", 0, CURVE[:4], restores=True))
    assert (restored.stopping.stop_epoch, restored.best_epoch, restored.final_epoch) == (4, 2, 2)
    assert restored.final == restored.best == marked.best


@pytest.mark.parametrize("restores", [False, True])
def test_where_all_epochs_are_ignored_best_is_null_and_its_values_are_the_final_ones(
    make_run: MakeRun, restores: bool
) -> None:
    summary = summarize_run(make_run("a", 0, CURVE, rule=StoppingRule(start_from_epoch=5), restores=restores))
    assert (summary.best_epoch, summary.final_epoch) == (None, 5)
    assert summary.best == summary.final
    assert summary.generalization_gap_best == summary.generalization_gap_final


def test_the_rule_watches_its_own_monitor(make_run: MakeRun) -> None:
    run = make_run("a", 0, CURVE, rule=StoppingRule("val_accuracy", patience=2, baseline=0.75))
    assert summarize_run(run).best_epoch == 2


def test_the_onset_of_a_run_is_that_of_its_losses(make_run: MakeRun) -> None:
    run = make_run("a", 0, 0.5 + 0.01 * np.abs(np.arange(1, 41) - 20))
    run = RunCurves("a", 0, "finished", {**run.curves, "train_loss": np.linspace(0.5, 0.1, 40)}, run.rule, False)
    onset = summarize_run(run).onset
    assert onset is not None and onset.epoch == 20


def test_a_run_without_epochs_has_no_numbers(make_run: MakeRun) -> None:
    for run in (make_run("a", 0, [], status="queued"), RunCurves("a", 0, "queued", {}, StoppingRule(), True)):
        summary = summarize_run(run)
        assert (summary.epochs, summary.best_epoch, summary.final_epoch, summary.onset) == (0, None, None, None)
        assert (summary.best, summary.final, summary.generalization_gap_final) == (None, None, None)
        variant = variant_of([run])
        assert (dict(variant.mean), variant.seeds_in_mean, variant.onset_of_mean) == ({}, (), None)


def test_the_mean_ends_where_the_first_ended_run_ends(make_run: MakeRun) -> None:
    # The run that stopped at epoch 2 was the worst one; without the cut the mean would leap from 0.5 to 0.1.
    variant = variant_of([make_run("a", 0, [0.3, 0.2, 0.1]), make_run("a", 1, [0.7, 0.8])])
    assert variant.mean["val_loss"].tolist() == pytest.approx([0.5, 0.5])
    assert variant.mean["train_loss"].tolist() == pytest.approx([0.25, 0.25])


@pytest.mark.parametrize("status", ["finished", "failed", "cancelled"])
def test_every_ended_run_cuts_the_mean_and_a_running_one_does_not(make_run: MakeRun, status: str) -> None:
    whole, short = make_run("a", 0, [0.3, 0.2, 0.1]), [0.7, 0.8]
    assert len(variant_of([whole, make_run("a", 1, short, status=status)]).mean["val_loss"]) == 2
    growing = variant_of([whole, make_run("a", 1, short, status="running")])
    assert growing.mean["val_loss"].tolist() == pytest.approx([0.5, 0.5, 0.1])


def test_diverged_and_queued_runs_are_not_in_the_mean(make_run: MakeRun) -> None:
    runs = [
        make_run("a", 0, [0.3, 0.2, 0.1]),
        make_run("a", 1, [0.7, np.nan], status="failed"),
        make_run("a", 2, [], status="queued"),
        make_run("a", 3, [], status="running"),
    ]
    variant = variant_of(runs)
    assert variant.seeds_in_mean == (0,)
    assert variant.mean["val_loss"].tolist() == [0.3, 0.2, 0.1]
    assert [run.seed for run in variant.runs] == [0, 1, 2, 3]


def test_a_jump_where_a_running_run_ends_is_no_onset(make_run: MakeRun) -> None:
    # Each curve falls throughout; the mean rises where the lower one has no epochs yet.
    high, low = np.linspace(2.0, 1.9, 60), np.linspace(1.0, 0.5, 30)
    variant = variant_of([make_run("a", 0, high), make_run("a", 1, low, status="running")])
    assert variant.mean["val_loss"][-1] > variant.mean["val_loss"][29]
    assert variant.onset_of_mean is None


def test_spreads_are_over_finished_runs(make_run: MakeRun) -> None:
    runs = [
        make_run("a", 0, CURVE),
        make_run("a", 1, [0.9, 0.8, 0.7]),
        make_run("a", 2, [0.1], status="running"),
        make_run("a", 3, [0.1], status="cancelled"),
    ]
    spreads = variant_of(runs).spreads
    assert list(spreads["best_val_loss"].values) == [0.4, 0.7]
    assert list(spreads["final_epoch"].values) == [5, 3]
    assert list(spreads["stop_epoch"].values) == [4]
    assert (spreads["onset_epoch"].n, spreads["onset_epoch"].mean) == (0, None)


def test_variants_come_in_the_order_of_their_first_run(make_run: MakeRun) -> None:
    runs = [make_run(name, seed, CURVE) for seed in (0, 1) for name in ("z", "a", "m")]
    variants = summarize(map(summarize_run, runs))
    assert [variant.name for variant in variants] == ["z", "a", "m"]
    assert [run.seed for run in variants[0].runs] == [0, 1]
    assert summarize([]) == ()


def test_24_runs_are_summarized_faster_than_their_curves_are_written(make_run: MakeRun) -> None:
    random = np.random.default_rng(0)
    truth = 0.3 + np.exp(-np.arange(150) / 10) + 0.002 * np.arange(150)
    runs = [make_run(f"v{v}", s, truth + random.normal(0, 0.01, 150)) for v in range(8) for s in range(3)]

    def seconds(work: Callable[[], object]) -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    def write() -> None:
        json.dumps([{name: curve.tolist() for name, curve in run.curves.items()} for run in runs])

    # Side by side: 3 to 4 ms against three times as many.
    pairs = [(seconds(lambda: summarize(map(summarize_run, runs))), seconds(write)) for _ in range(20)]
    summarizing, writing = (min(column) for column in zip(*pairs, strict=True))
    assert summarizing < writing


def test_analysis_needs_numpy_alone() -> None:
    heavy = ("tensorflow", "keras", "pandas", "streamlit", "plotly", "sqlalchemy", "pydantic")
    code = f"import sys, analysis.summary; print([m for m in {heavy} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert loaded == "[]\n"
