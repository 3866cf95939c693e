"""What is said of a verdict: each kind, what few seeds can show, and never a winner where there is none."""

import re
from collections.abc import Mapping, Sequence

import pytest

from analysis.verdict import Judging, Verdict, judge
from wording.verdict import (
    say_answer,
    say_briefly,
    say_comparison,
    say_disagreement,
    say_exploratory,
    say_few_seeds,
    say_new_data,
    say_points,
    say_shares,
)

NOISE = [0.001, -0.001, 0.0005, -0.0005, 0.0002]


Failed = Mapping[str, Sequence[int]]
Values = Mapping[str, Sequence[float | None]]


def judged(values: Values, judging: Judging | None = None, failed: Failed | None = None) -> Verdict:
    scores = {name: dict(enumerate(found)) for name, found in values.items()}
    seeds = range(max(map(len, values.values())))
    return judge(scores, seeds, judging or Judging("handed_over", 0.01, "baseline", overlap=0.2), failed or {})


def sentence(values: Values, **others: object) -> str:
    verdict = judged(values, **others)  # type: ignore[arg-type]
    return say_comparison(verdict.comparisons[-1], verdict)


def near(value: float) -> list[float]:
    return [value + noise for noise in NOISE]


FLAT = [1.0] * 5


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (near(0.9), r"“L2” is better than “baseline”: 0.1 \(10%\) lower \(interval −0.1\d* to −0.09\d*, 5 seeds\)."),
        (near(1.1), r"“L2” is worse than “baseline”: 0.1 \(10%\) higher \(interval \+0.09\d* to \+0.1\d*, 5 .*"),
        (near(1.0), r"“L2” makes no difference that matters against “baseline”: .*within the margin of 0.01 \(1%\)."),
        (FLAT, r"“L2” gave the same numbers as “baseline” in all 5 seeds: identical runs."),
        ([1.0, 1.0, 1.0, 1.0, 0.2], r".*exactly the same in 4 of 5 seeds, so the few others decide nothing."),
        ([0.9, 1.0, 0.95, 1.02, 0.99], r"“L2” cannot be told apart from “baseline” yet: .* About \d+ more .*"),
        ([0.9, 1.1, 0.95, 1.05, 0.95], r"“L2” cannot .* More than 200 seeds would be needed to settle it, .*"),
    ],
)
def test_a_variant_has_one_sentence_of_its_kind(other: list[float], told: str) -> None:
    found = sentence({"baseline": FLAT, "L2": other})
    assert re.fullmatch(told, found), found


def test_the_answer_groups_the_variants_and_names_a_winner_only_where_there_is_one() -> None:
    values = {"baseline": FLAT, "a": near(0.8), "b": near(1.2), "c": near(1.0)}
    answer = say_answer(judged(values))
    assert answer == (
        "Over 5 seeds: “a” (20% lower) is better than “baseline”; “b” (20% higher) is worse than “baseline”; "
        "“c” is no different from “baseline” by more than matters. “a” is better than every other variant."
    )
    both = say_answer(judged({"baseline": FLAT, "a": near(0.8), "b": near(0.799)}))
    assert "“a” (20% lower) and “b” (20% lower) are better than “baseline”" in both and "every other" not in both
    open_still = say_answer(judged({"baseline": FLAT, "a": [0.7, 1.2, 0.8, 1.1, 0.9]}))
    assert "is better" not in open_still and "not to be told apart" in open_still


@pytest.mark.parametrize("seeds", [1, 2, 3, 4])
def test_with_few_seeds_nothing_is_called_better_and_what_they_can_show_is_said(seeds: int) -> None:
    verdict = judged({"baseline": FLAT[:seeds], "a": near(0.5)[:seeds]})
    said = say_answer(verdict) + say_comparison(verdict.comparisons[1], verdict)
    assert "better" not in said and say_few_seeds(seeds) in said
    assert say_points(verdict.comparisons[1], verdict).count("seed ") == seeds


def test_one_seed_has_no_interval_and_foretells_nothing() -> None:
    assert sentence({"baseline": [1.0], "a": [0.5]}) == (
        "“a” cannot be told apart from “baseline” yet: 0.5 (50%) lower (1 seed, so no interval)."
    )


def test_without_finished_seeds_or_others_there_is_nothing_to_compare() -> None:
    assert say_answer(judged({"baseline": [1.0]})) == "There is only one variant, so there is nothing to compare."
    assert say_answer(judged({"baseline": [None], "a": [0.5]})).startswith("No seed can be compared yet: “baseline”")
    assert sentence({"baseline": [None], "a": [0.5]}) == "“a”: no seed has been finished by it and “baseline” yet."


def test_failed_seeds_are_said() -> None:
    told = sentence({"baseline": FLAT, "a": [*near(0.9)[:3], None, None]}, failed={"a": [3]})
    assert told.endswith("“a” failed or was cancelled in 1 of 5 seeds; only the seeds before seed 3 count.")
    assert "would settle" not in told
    told = sentence({"baseline": [None], "a": [0.5]}, failed={"baseline": [0]})
    assert told.startswith("“a” cannot be compared with “baseline”. “baseline” failed or was cancelled in 1 of 1 seed")


def test_accuracies_are_told_in_points() -> None:
    judging = Judging("accuracy", 0.005, "baseline", resolution=0.01)
    told = sentence({"baseline": [0.8] * 6, "a": [0.9] * 6}, judging=judging)
    assert told.startswith("“a” is better than “baseline”: 10 percentage points higher")


def test_shares_and_the_wider_interval_are_told_and_claim_nothing() -> None:
    verdict = judged({"baseline": FLAT, "a": [0.9, 1.0, 0.95, 1.02, 0.99]})
    comparison = verdict.comparisons[1]
    assert re.fullmatch(r"better [<>\d.]+%, no difference that .* [<>\d.]+%, worse [<>\d.]+%", say_shares(comparison))
    assert re.fullmatch(r"−[\d.]+ to \+[\d.]+", say_new_data(comparison, verdict))
    assert "better" not in say_exploratory(comparison, verdict)


def test_a_list_has_the_claims_alone() -> None:
    assert say_briefly(judged({"baseline": FLAT, "a": near(0.8), "b": near(1.2)})) == (
        "“a” better; “b” worse (against “baseline”)"
    )
    assert say_briefly(judged({"baseline": FLAT[:2], "a": near(0.8)[:2]})) == ""


def test_quantities_that_disagree_about_the_winner_are_said() -> None:
    final = judged({"baseline": FLAT, "a": near(0.9)})
    best = judged({"baseline": FLAT, "a": near(1.1)}, Judging("best_epoch", 0.01, "baseline"))
    assert say_disagreement({"handed_over": final, "best_epoch": best}) == (
        "The winner depends on what is judged: looked at otherwise it would be “baseline” by lowest validation loss of "
        "the whole run."
    )
    open_still = judged({"baseline": FLAT, "a": [0.9, 1.0, 0.95, 1.02, 0.99]}, Judging("accuracy", 0.005, "baseline"))
    missing = judged({"baseline": [None], "a": [None]}, Judging("balanced_accuracy", 0.005, "baseline"))
    agreeing = {"handed_over": final, "best_epoch": final, "accuracy": open_still, "balanced_accuracy": missing}
    assert say_disagreement(agreeing) == "", "what is open or missing disagrees with nothing"
    assert say_disagreement({"accuracy": open_still, "handed_over": final}) == ""


def test_seeds_that_are_still_training_are_waited_for() -> None:
    told = sentence({"baseline": FLAT, "a": [0.9, 1.02, 0.95, None, None]})
    assert told.endswith("2 seeds are still to come.")
