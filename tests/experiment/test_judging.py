"""Which numbers of an experiment's runs are judged, and against whom."""

import json
from typing import Any

import numpy as np
import pytest

from analysis import lines, summary
from analysis.early_stopping import StoppingRule
from analysis.summary import RunCurves, RunSummary, summarize, summarize_run
from experiment.judging import judge_runs, judging_of
from experiment.presets import FIRST_VISIT, presets, recorded_curves
from experiment.spec import Experiment, parse_experiment
from results import records

STOP = {"name": "early_stopping", "patience": 2}


def experiment_of(*names: str, **parts: Any) -> Experiment:
    variants = [{"name": name, "techniques": [STOP] if name == "stop" else []} for name in names]
    return parse_experiment(json.dumps({"variants": variants, "dataset": {"name": "wine"}, **parts}))


def run_of(
    variant: str, seed: int, losses: list[float], *, restores: bool = False, status: str = "finished"
) -> RunSummary:
    values = np.array(losses)
    curves = {"train_loss": values, "val_loss": values, "train_accuracy": 1 - values, "val_accuracy": 1 - values}
    curves["val_balanced_accuracy"] = 0.9 - values
    return summarize_run(RunCurves(variant, seed, status, curves, StoppingRule(patience=2), restores))


def test_the_reference_is_the_baseline_else_the_first_variant_unless_it_is_said() -> None:
    assert judging_of(experiment_of("a", "baseline")).reference == "baseline"
    assert judging_of(experiment_of("a", "b")).reference == "a"
    assert judging_of(experiment_of("a", "b", judging={"reference": "b"})).reference == "b"


def test_the_margin_belongs_to_what_is_judged() -> None:
    experiment = experiment_of("a", "b", judging={"what": "accuracy", "margin": 0.03})
    assert judging_of(experiment).margin == 0.03
    assert judging_of(experiment, "handed_over").margin == 0.01
    assert judging_of(experiment, "balanced_accuracy").margin == 0.005
    wine = experiment.dataset
    assert judging_of(experiment).resolution == 1 / wine.held_out
    assert judging_of(experiment).overlap == pytest.approx(wine.held_out / (wine.rows - wine.held_out))
    assert judging_of(experiment, "handed_over").resolution == 0


def test_each_quantity_is_read_where_it_stands() -> None:
    losses = [0.9, 0.4, 0.5, 0.6, 0.2]
    plain, stopped = run_of("baseline", 0, losses), run_of("stop", 0, losses[:4], restores=True)
    assert [plain.score(what) for what in ("handed_over", "best_epoch", "accuracy", "balanced_accuracy")] == (
        pytest.approx([0.2, 0.2, 0.8, 0.7])
    )
    assert [stopped.score(what) for what in ("handed_over", "best_epoch", "accuracy", "balanced_accuracy")] == (
        pytest.approx([0.4, 0.4, 0.6, 0.5])
    )


def test_early_stopping_counts_as_what_it_hands_over() -> None:
    """The same best epoch, but 0.24 against 0.18 in the hand: a difference, and none "if stopped in time"."""
    generator = np.random.default_rng(0)
    runs = []
    for seed in range(5):
        low = 0.18 + 0.01 * generator.random()
        runs += [run_of("baseline", seed, [0.5, low, low + 0.03, low + 0.06])]
        runs += [run_of("stop", seed, [0.5, low, low + 0.03, low + 0.06], restores=True)]
    experiment = experiment_of("baseline", "stop", seeds=list(range(5)))
    assert judge_runs(experiment, runs).comparisons[1].kind == "better"
    assert judge_runs(experiment, runs, "best_epoch").comparisons[1].note == "identical"


def test_running_and_failed_runs_end_what_is_compared() -> None:
    experiment = experiment_of("baseline", "a", seeds=[0, 1, 2])
    runs = [run_of("baseline", seed, [0.5, 0.4]) for seed in range(3)]
    runs += [run_of("a", 0, [0.3]), run_of("a", 1, [0.3], status="failed"), run_of("a", 2, [0.3])]
    comparison = judge_runs(experiment, runs).comparisons[1]
    assert (comparison.seeds, comparison.lost, comparison.lost_by) == (1, (1,), ("a",))


def test_every_preset_has_the_seeds_that_a_difference_needs() -> None:
    for experiment in presets().values():
        assert experiment.seeds == tuple(range(len(experiment.seeds)))
        assert len(experiment.seeds) in (5, 10), "ten where a run takes a second"


def test_the_first_visit_has_a_mixed_answer() -> None:
    runs = [summarize_run(run) for run in recorded_curves(FIRST_VISIT)]
    kinds = [comparison.kind for comparison in judge_runs(presets()[FIRST_VISIT], runs).comparisons]
    assert kinds == ["reference", "better", "undecided", "better"]


def test_optional_curves_have_one_name_each() -> None:
    """Analysis and store import nothing of each other."""
    assert summary.BALANCED_ACCURACY == records.BALANCED_ACCURACY
    assert set(lines.SHOWN["memorization"]) == set(records.NOISE_CURVES)


def test_noise_is_learned_last_in_the_recording_of_noisy_labels() -> None:
    """When half of what the baseline starts with is learned on clean rows, changed labels cost more than at first."""
    means = {variant.name: variant.mean for variant in summarize(map(summarize_run, recorded_curves("noisy_labels")))}
    unchanged, changed = (means["baseline"][name] for name in records.NOISE_CURVES)
    learned = int(np.argmax(unchanged < unchanged[0] / 2))
    assert changed[learned] > changed[0]
    assert changed[-1] < 0.1, "in the end it knows them by heart"
