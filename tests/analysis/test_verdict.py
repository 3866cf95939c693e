"""The verdict's rule: worked by hand, against scipy.stats, and by simulation how often it claims what is not so."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from analysis.verdict import (
    MOST_SEEDS,
    Comparison,
    Judging,
    Verdict,
    half_width_factor,
    judge,
    measure_deviation,
)
from benchmarks.verdict import look
from tests.examples import examples

LOSSES = Judging("handed_over", 0.01, "baseline")
ACCURACIES = Judging("accuracy", 0.005, "baseline", resolution=1 / 100)

Failed = Mapping[str, Sequence[int]]


def judged(
    values: Mapping[str, Sequence[float | None]], judging: Judging = LOSSES, failed: Failed | None = None
) -> Verdict:
    """The verdict on values by variant, one for each of the seeds 0, 1, 2 ..."""
    seeds = range(max(map(len, values.values())))
    scores = {name: dict(enumerate(found)) for name, found in values.items()}
    return judge(scores, seeds, judging, failed or {})


def against(
    baseline: Sequence[float | None], other: Sequence[float | None], judging: Judging = LOSSES, **more: Any
) -> Comparison:
    return judged({"baseline": baseline, "other": other, **more}, judging).comparisons[1]


def test_the_constants_of_the_interval() -> None:
    factors = {k: [round(half_width_factor(n, k), 2) for n in (5, 10, 20, 40)] for k in (2, 8)}
    assert factors == {2: [2.01, 1.15, 0.77, 0.55], 8: [3.66, 1.63, 0.98, 0.66]}
    assert half_width_factor(MOST_SEEDS + 1, 2) < half_width_factor(MOST_SEEDS, 2)
    n, k = 7, 3
    a = 0.04 / (k - 1)
    p = 1.4 * (20 * a) ** (1 / 8) * a / n
    assert half_width_factor(n, k) == pytest.approx(stats.t.isf(p / 2, n - 1) / sqrt(n), rel=1e-12)


def test_a_difference_beyond_the_margin_is_better_or_worse_and_losses_are_good_when_low() -> None:
    noise = [0.001, -0.001, 0.0005, -0.0005, 0.0002]
    baseline = [1.0] * 5
    for shift, kind in ((-0.1, "better"), (0.1, "worse"), (0.0005, "no_difference")):
        found = against(baseline, [1 + shift + value for value in noise])
        assert found.kind == kind
        mean, sd, factor = shift + np.mean(noise), np.std(noise, ddof=1), half_width_factor(5, 2)
        assert found.difference == pytest.approx(mean)
        assert (found.low, found.high) == pytest.approx((mean - factor * sd, mean + factor * sd))


def test_accuracies_are_good_when_high_and_never_more_certain_than_their_resolution() -> None:
    found = against([0.80] * 5, [0.90] * 5, ACCURACIES)
    assert found.kind == "better"
    assert found.high is not None and found.high - 0.1 == pytest.approx(half_width_factor(5, 2) / 100)
    assert against([0.80] * 5, [0.81] * 5, ACCURACIES).kind == "undecided"
    assert measure_deviation([1.0, 1.0], 1.0, 0.01) == 0.01


def test_a_change_of_no_consequence_makes_no_difference_however_many_seeds_it_wins() -> None:
    """Digits under L2 = 1e-7: lower in 41 of 50 seeds, by 4e-7 on average."""
    generator = np.random.default_rng(0)
    baseline = generator.normal(0.25, 0.04, 50)
    differences = np.where(np.arange(50) < 41, -6e-7, 5e-7)
    found = against(baseline.tolist(), (baseline + differences).tolist())
    assert found.kind == "no_difference"
    assert judged({"baseline": baseline.tolist(), "L2": (baseline + differences).tolist()}).best is None


def test_pairing_sees_what_the_spread_between_seeds_hides() -> None:
    """Dropout 0.3 against 0.3001: losses spread by 0.039, their differences by 0.00016."""
    baseline = [0.14, 0.18, 0.22]
    found = against(baseline, [value + d for value, d in zip(baseline, (1e-4, -2e-4, 1e-4), strict=True)])
    assert found.kind == "no_difference" and found.seeds == 3


@pytest.mark.parametrize(("seeds", "kind"), [(1, "undecided"), (2, "undecided"), (4, "undecided"), (5, "better")])
def test_few_seeds_never_show_a_difference(seeds: int, kind: str) -> None:
    found = against([1.0] * seeds, [0.5 + 0.001 * seed for seed in range(seeds)])
    assert found.kind == kind
    assert found.note == (None if seeds >= 5 else "few_seeds")
    assert (found.low is None) == (seeds == 1)


def test_what_is_handed_over_and_the_best_epoch_are_two_questions() -> None:
    """Early stopping and baseline share their best epoch, but not the model handed over: 0.242 against 0.178."""
    generator = np.random.default_rng(1)
    best = generator.normal(0.178, 0.01, 5)
    assert against((best + 0.064).tolist(), best.tolist()).kind == "better"
    assert against(best.tolist(), best.tolist(), replace(LOSSES, what="best_epoch")).note == "identical"


def test_only_the_finished_beginning_of_the_seeds_is_compared() -> None:
    found = against([1.0, 1.0, None, 1.0, 1.0, 1.0], [0.5, 0.51, 0.5, 0.5, 0.5, 0.5])
    assert [seed for seed, _ in found.differences] == [0, 1]
    found = against([1.0] * 6, [0.5, 0.51, 0.52, float("nan"), 0.5, 0.5])
    assert found.seeds == 3


def test_behind_a_lost_seed_no_more_seeds_would_settle_it() -> None:
    values = {"baseline": [1.0] * 5, "other": [0.9, 1.02, 0.85, None, 0.99]}
    waiting = judged(values).comparisons[1]
    assert (waiting.seeds, waiting.lost, waiting.to_come) == (3, (), 2)
    assert waiting.more_seeds
    lost = judged(values, failed={"other": [3], "baseline": [4]}).comparisons[1]
    assert (lost.seeds, lost.lost, lost.lost_by, lost.more_seeds) == (3, (3, 4), ("other", "baseline"), None)
    assert judged(values, failed={"baseline": [0]}).comparisons[1].lost_by == ("baseline",)


def test_ties_and_two_seeds_are_not_described_by_a_posterior() -> None:
    rare = against([1.0] * 10, [*[1.0] * 6, 0.5, 0.4, 0.5, 0.45])
    assert (rare.note, rare.shares, rare.new_low) == ("ties", None, None)
    assert against([1.0, 1.0], [0.5, 0.6]).shares is None


def test_nothing_finished_is_nothing_said() -> None:
    found = judged({"baseline": [], "other": [0.5]})
    assert (found.margin, found.best) == (None, None)
    assert [c.kind for c in found.comparisons] == ["reference", "undecided"]
    assert found.comparisons[1].difference is None


def test_ties_claim_nothing() -> None:
    """A rule that fires in two seeds of ten is the same run in the other eight."""
    same = [1.0] * 10
    assert against(same, same).note == "identical"
    assert against(same[:2], same[:2]).kind == "undecided"
    rare = against(same, [*same[:8], 0.5, 0.4])
    assert (rare.kind, rare.note, rare.more_seeds) == ("undecided", "ties", None)
    assert against([1.0] * 4, [1.0, 1.0001, 1.0, 1.0001]).note == "ties", "two others are fewer than three"
    assert against([1.0] * 6, [1.0, 0.5, 0.5001, 0.5002, 0.5, 0.4999], LOSSES).note is None


def test_not_worse_is_claimed_where_it_holds() -> None:
    found = against([1.0] * 8, [0.985 + value for value in (0.012, -0.012, 0.01, -0.01, 0.008, -0.008, 0.0, 0.001)])
    assert found.kind == "undecided" and found.not_worse
    assert not against([1.0] * 8, [1.005 + (-1) ** seed * 0.02 for seed in range(8)]).not_worse


@pytest.mark.parametrize("mean", [-0.03, 0.02, 0.004])
def test_more_seeds_are_the_fewest_with_which_it_would_probably_be_claimed(mean: float) -> None:
    noise = np.array([0.02, -0.02, 0.015, -0.015, 0.01, -0.01]) * (1 if abs(mean) > 0.01 else 0.3)
    found = against([1.0] * 6, (1 + mean + noise).tolist())
    assert found.kind == "undecided" and found.more_seeds
    sd = float(np.std(noise, ddof=1))

    def enough(n: int) -> bool:
        return (half_width_factor(n, 2) + 0.84 / sqrt(n)) * sd < abs(abs(mean) - 0.01)

    total = 6 + found.more_seeds
    assert enough(total) and not any(enough(n) for n in range(7, total))


def test_beyond_200_seeds_no_number_is_named() -> None:
    assert against([1.0] * 5, [0.9901 + (-1) ** seed * 0.1 for seed in range(5)]).more_seeds is None


def test_the_best_is_better_than_every_other_by_the_same_rule() -> None:
    noise = [0.001, -0.001, 0.0007, -0.0004, 0.0002]
    values = {"baseline": [1.0] * 5, "a": [0.8 + n for n in noise], "b": [0.6 - n for n in noise]}
    assert judged(values).best == "b"
    values["c"] = [0.6 + 0.02 * n for n in noise]
    assert judged(values).best is None
    assert [c.kind for c in judged(values).comparisons] == ["reference", "better", "better", "better"]


def test_new_data_of_the_same_kind_have_a_wider_interval() -> None:
    judging = replace(LOSSES, overlap=0.25)
    found = against([1.0] * 10, [0.9 + 0.01 * (seed % 3) for seed in range(10)], judging)
    assert found.low is not None and found.new_low is not None and found.difference is not None
    ratio = (found.difference - found.new_low) / (found.difference - found.low)
    assert ratio == pytest.approx(sqrt(1 + 10 * 0.25 / 0.75))


@examples(100)
@given(
    st.lists(st.tuples(st.floats(0.1, 2.0), st.floats(0.1, 2.0)), min_size=3, max_size=30),
    st.floats(0.0, 0.2),
    st.booleans(),
)
def test_shares_are_students_posterior_and_add_to_one(
    pairs: list[tuple[float, float]], margin: float, accuracy: bool
) -> None:
    judging = replace(ACCURACIES if accuracy else LOSSES, margin=margin, resolution=0.001)
    found = against(*zip(*pairs, strict=True), judging)  # type: ignore[arg-type]
    shares = found.shares
    assume(shares is not None)  # over half ties
    assert shares is not None
    assert shares.better + shares.same + shares.worse == pytest.approx(1, abs=1e-9)
    differences = np.array([b - a for a, b in pairs])
    edge = margin * (1 if accuracy else abs(np.mean([a for a, _ in pairs])))
    scale = max(differences.std(ddof=1), 0.001) / sqrt(len(pairs))
    above = float(stats.t.sf(edge, len(pairs) - 1, differences.mean(), scale))
    assert (shares.better if accuracy else shares.worse) == pytest.approx(above, abs=1e-9)


@examples(100)
@given(st.lists(st.floats(0.5, 1.5), min_size=3, max_size=25), st.integers(0, 10_000))
def test_swapping_two_variants_turns_the_kind_round(values: list[float], seed: int) -> None:
    other = (np.array(values) + np.random.default_rng(seed).normal(-0.05, 0.03, len(values))).tolist()
    absolute = replace(ACCURACIES, resolution=0.0)
    there = against(values, other, absolute)
    back = against(other, values, absolute)
    turned = {"better": "worse", "worse": "better"}
    assert back.kind == turned.get(there.kind, there.kind)


def first_claims(variants: int, looks: Sequence[int], experiments: int, seed: int) -> list[float]:
    """Shares of experiments of one recipe, each variant under seeds of its own, that claim any difference at a look."""
    generator = np.random.default_rng(seed)
    claims = np.zeros((experiments, len(looks)), bool)
    for number in range(experiments):
        losses = generator.normal(0.25, 0.04, (variants, max(looks)))
        for place, count in enumerate(looks):
            values = {("baseline", *"abcdefgh")[i]: row[:count].tolist() for i, row in enumerate(losses)}
            found = judged(values)
            claims[number, place] = any(c.kind in ("better", "worse") for c in found.comparisons)
    return [*claims.mean(0), claims.any(1).mean()]


@pytest.mark.parametrize("variants", [2, 8])
def test_identical_recipes_are_seldom_told_apart_and_ever_less_so_with_more_seeds(variants: int) -> None:
    """Today's words were "suggestive" in 26, 62, 35 and 10% of experiments with 3, 4, 5 and 10 seeds."""
    shares = first_claims(variants, (3, 4, 5, 10, 20), 400, seed=variants)
    assert shares[:2] == [0, 0]
    assert max(shares) <= 0.05 + 2 * sqrt(0.05 * 0.95 / 400)
    assert shares[2] >= shares[4]


def test_looking_after_every_added_seed_stays_below_five_percent() -> None:
    *_, ever = first_claims(2, range(5, 41), 150, seed=3)
    assert ever <= 0.05 + 2 * sqrt(0.05 * 0.95 / 150)


@pytest.mark.parametrize("variants", [2, 4])
def test_the_simulation_of_the_documents_judges_as_the_program_does(variants: int) -> None:
    generator = np.random.default_rng(7)
    for shift, spread in ((0.0, 0.02), (-0.05, 0.02), (0.05, 0.02), (0.0, 0.002)):
        reference = generator.normal(1.0, 0.1, (20, 12))
        differences = generator.normal(shift, spread, (20, 12))
        margins = 0.01 * np.abs(reference.cumsum(-1) / np.arange(1, 13))
        found = look(differences, margins, variants)
        for path in range(20):
            for count in range(1, 13):
                others = {f"v{i}": [2.0] * count for i in range(variants - 2)}
                base, own = reference[path, :count], (reference + differences)[path, :count]
                kind = against(base.tolist(), own.tolist(), **others).kind
                told = {
                    "better": found.better[path, count - 1],
                    "worse": found.worse[path, count - 1],
                    "no_difference": found.same[path, count - 1],
                }
                assert {name for name, claimed in told.items() if claimed} == ({kind} - {"undecided"})
