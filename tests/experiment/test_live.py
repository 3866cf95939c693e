"""Live without a page: what replaced what, how much was tried, and the verdict on it."""

import json
from typing import Any

import numpy as np
import pytest

from analysis.early_stopping import StoppingRule
from analysis.summary import RunCurves, RunSummary, summarize_run
from analysis.verdict import half_width_factor
from experiment.changes import find_changes
from experiment.judging import judge_runs, judging_of
from experiment.live import Replaced, changes_of, count_tried, find_replaced, judge_replaced, say_tried
from experiment.spec import Experiment, parse_experiment
from wording.live import say_replaced


def experiment(strength: float = 0.001, name: str = "L2", **changes: Any) -> Experiment:
    variants = [{"name": "baseline"}, {"name": name, "techniques": [{"name": "l2", "l2": strength}]}]
    return parse_experiment(json.dumps({"variants": variants, "seeds": [0, 1, 2, 3, 4, 5], **changes}))


def runs_of(name: str, losses: list[float]) -> list[RunSummary]:
    def curves(loss: float) -> dict[str, Any]:
        names = ("train_loss", "val_loss", "objective", "train_accuracy", "val_accuracy")
        return {one: np.array([1.0, loss]) for one in names} | {"steps": np.array([1.0, 2.0])}

    return [
        summarize_run(RunCurves(name, seed, "finished", curves(loss), StoppingRule(), restores=False))
        for seed, loss in enumerate(losses)
    ]


def test_a_changed_variant_is_found_by_its_name_or_its_place() -> None:
    before = experiment()
    assert find_replaced(before, before) == ()
    assert find_replaced(before, experiment(0.003)) == (Replaced("L2", "L2"),)
    assert find_replaced(before, experiment(0.003, name="strong")) == (Replaced("strong", "L2"),)
    assert find_replaced(before, experiment(name="renamed alone")) == ()
    slower = experiment(training={"learning_rate": 0.01})
    assert find_replaced(before, slower) == (Replaced("baseline", "baseline"), Replaced("L2", "L2"))


def test_a_variant_that_is_new_replaces_none() -> None:
    more = json.loads(experiment().stored_json())
    more["variants"].append({"name": "third", "techniques": [{"name": "dropout"}]})
    assert find_replaced(experiment(), parse_experiment(json.dumps(more))) == ()


def test_every_setting_counts_once() -> None:
    tried = [experiment(strength) for strength in (0.001, 0.003, 0.01, 0.003)]
    assert count_tried([], tried[0]) is None
    assert count_tried(tried[:1], tried[1]) == 3
    assert count_tried(tried[:3], tried[3]) == 4, "the baseline and three strengths"
    assert count_tried(tried, experiment(name="the same under another name")) == 4
    assert count_tried(tried[:1], experiment(seeds=[7, 8])) is None, "seeds are no setting"
    assert count_tried(tried[:1], experiment(training={"epochs": 7})) == 4, "both variants with another end"


def test_what_was_tried_widens_the_verdict_and_is_no_change() -> None:
    plain, counted = experiment(), say_tried(experiment(), 12)
    assert parse_experiment(counted.stored_json()) == counted
    assert find_changes(plain, counted) == changes_of(plain, counted) == ()
    assert "tried" not in plain.stored_json()
    runs = [*runs_of("baseline", [0.3] * 6), *runs_of("L2", [0.29, 0.28, 0.27, 0.29, 0.28, 0.27])]
    narrow, wide = (judge_runs(one, runs).comparisons[1] for one in (plain, counted))
    assert narrow.high is not None and narrow.low is not None and wide.high is not None and wide.low is not None
    ratio = half_width_factor(6, 1 + 11 * 12) / half_width_factor(6, 2)
    assert (wide.high - wide.low) / (narrow.high - narrow.low) == pytest.approx(ratio)


def test_before_and_after_are_compared_by_seed_with_all_that_was_tried() -> None:
    after = say_tried(experiment(0.003), 5)
    old, new = runs_of("L2", [0.30, 0.31, 0.29, 0.30, 0.31, 0.29]), runs_of("L2", [0.25, 0.26, 0.24, 0.25, 0.26, 0.25])
    verdict = judge_replaced(Replaced("L2", "L2"), old, after, [*runs_of("baseline", [9.0] * 6), *new])
    comparison = next(c for c in verdict.comparisons if c.kind != "reference")
    assert comparison.kind == "better"
    assert comparison.difference is not None and comparison.high is not None
    assert comparison.difference == pytest.approx(-0.0483333)
    assert verdict.judging.tried == 5
    deviation = np.std([n.score("handed_over") - o.score("handed_over") for o, n in zip(old, new, strict=True)], ddof=1)  # type: ignore[operator]
    assert comparison.high - comparison.difference == pytest.approx(half_width_factor(6, 1 + 4 * 5) * deviation)
    assert say_replaced("Strength 0.001 → 0.003", verdict).startswith(
        "Strength 0.001 → 0.003: 0.0483 (16%) lower, better"
    )
    assert "5 settings tried" in say_replaced("x", verdict)


def test_few_seeds_and_equal_numbers_are_said() -> None:
    verdict = judge_replaced(Replaced("L2", "L2"), runs_of("L2", [0.3]), experiment(0.003), runs_of("L2", [0.2]))
    assert "cannot be told apart with 1 seed (no interval" in say_replaced("x", verdict)
    same = judge_replaced(Replaced("L2", "L2"), runs_of("L2", [0.3] * 6), experiment(0.003), runs_of("L2", [0.3] * 6))
    assert say_replaced("x", same) == "x: the same numbers as before in all 6 seeds."
    none = judge_replaced(Replaced("L2", "L2"), [], experiment(0.003), runs_of("L2", [0.2]))
    assert "no seed has been finished before and after" in say_replaced("x", none)


def test_the_reference_of_an_experiment_stays_its_own() -> None:
    assert judging_of(say_tried(experiment(), 9)).reference == "baseline"
