"""Which variants differ from the reference by more than what matters: paired differences, intervals, and four kinds.

Under common random numbers two variants of one seed share rows, order and initial weights. Their differences d_1 ...
d_n are therefore much less noisy than their losses, and a change of no consequence wins in nearly every seed. So a
margin says what matters (region of practical equivalence; Benavoli et al., "Time for a Change", JMLR 18 (77), 2017),
and claims come from an interval

    mean(d) +- c_n sd(d),   c_n = t.isf(p_n / 2, n - 1) / sqrt(n),   p_n = 1.4 (20 a)^(1/8) a / n,   a = 0.04 / (k - 1)

with k the number of variants that the experiment ever had, or more where settings were tried before it (Live).
c_n shrinks with n more slowly than a t interval's, so that whoever adds seeds until something is claimed makes a false
claim in at most 5% of experiments of identical or nearly identical recipes, over all variants together (docs/verdict.md
has the simulation). It is a claim about other splits and starts of these rows, not about new data.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import fsum, isfinite, sqrt
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

What = Literal["handed_over", "best_epoch", "accuracy", "balanced_accuracy"]
Kind = Literal["reference", "better", "worse", "no_difference", "undecided"]
Note = Literal["identical", "ties", "few_seeds"]

ERROR: Final = 0.04
SEEDS_FOR_A_DIFFERENCE: Final = 5
SEEDS_FOR_NO_DIFFERENCE: Final = 3
MOST_SEEDS: Final = 200
POWER_QUANTILE: Final = 0.84
"""Of the normal distribution at 80%: so probably are the seeds that `more_seeds` says enough."""
MARGINS: Final[Mapping[What, float]] = {
    "handed_over": 0.01,
    "best_epoch": 0.01,
    "accuracy": 0.005,
    "balanced_accuracy": 0.005,
}
"""What matters unless told otherwise: of losses a share of the reference's mean, of accuracies absolute."""

Scores = Mapping[int, float | None]
"""Seed -> what is judged; None where the seed has not finished."""


@dataclass(frozen=True)
class Judging:
    """What is compared, and with what.

    Attributes:
        what: the quantity.
        margin: what matters; of losses a share of the reference's mean, of accuracies absolute.
        reference: the variant that all others are compared with.
        resolution: the smallest step of the quantity: 1 / validation rows for accuracies, 0 for losses. Paired
            differences cannot spread less.
        overlap: validation rows as a share of the rows outside the test set, which re-drawn splits share.
        tried: how many settings were looked at, the reference's included, where that is more than the variants.
    """

    what: What
    margin: float
    reference: str
    resolution: float = 0.0
    overlap: float = 0.0
    tried: int = 0

    @property
    def low_is_good(self) -> bool:
        """Losses are good when they are low, accuracies when they are high."""
        return self.what in ("handed_over", "best_epoch")


@dataclass(frozen=True)
class Shares:
    """Posterior shares of the mean difference, which add to 1: Student's t with n - 1 degrees of freedom around mean(d)
    with scale sd(d) / sqrt(n) (Corani and Benavoli, 2015, with rho = 0). They describe; nothing is claimed by them."""

    better: float
    same: float
    worse: float


@dataclass(frozen=True)
class Comparison:
    """One variant against the reference.

    Attributes:
        variant: its name.
        kind: what can be claimed.
        mean: of the quantity, over the finished beginning of its seeds.
        differences: (seed, variant less reference) over the finished beginning of the seeds of both.
        difference: their mean.
        low: lower end of the interval; None for fewer than two seeds, as all that follow.
        high: upper end.
        new_low: lower end of the wider interval for new data of the same kind (Nadeau and Bengio, 2003).
        new_high: upper end.
        shares: of the posterior; None, as the wider interval, for fewer than three seeds and for ties.
        not_worse: whether it can be claimed that it is not worse by more than the margin.
        more_seeds: how many more would settle it, if the difference stays as it is; None where it is settled or where
            more than MOST_SEEDS in all would be needed.
        note: why nothing, or nothing more, can be said.
        lost: seeds in which it or the reference ended without a result; no seed behind the first of them can count.
        lost_by: whose runs these were.
        to_come: seeds that have not ended yet and would count.
    """

    variant: str
    kind: Kind
    mean: float | None
    differences: tuple[tuple[int, float], ...] = ()
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    new_low: float | None = None
    new_high: float | None = None
    shares: Shares | None = None
    not_worse: bool = False
    more_seeds: int | None = None
    note: Note | None = None
    lost: tuple[int, ...] = ()
    lost_by: tuple[str, ...] = ()
    to_come: int = 0

    @property
    def seeds(self) -> int:
        """How many pairs were compared."""
        return len(self.differences)


@dataclass(frozen=True)
class Verdict:
    """All variants against the reference.

    Attributes:
        judging: what was compared.
        margin: what matters, in the quantity's own unit; None before the reference has finished a seed.
        seeds: how many the experiment has.
        comparisons: one for each variant, in their order; the reference's own has no numbers but its mean.
        best: the variant that is better than every other, by the same rule; None where there is none.
    """

    judging: Judging
    margin: float | None
    seeds: int
    comparisons: tuple[Comparison, ...]
    best: str | None


def judge(
    scores: Mapping[str, Scores], seeds: Sequence[int], judging: Judging, lost: Mapping[str, Collection[int]]
) -> Verdict:
    """The verdict on variants.

    A seed that has not finished is not passed over, or the seeds that are quick, or do not diverge, would be chosen:
    what is compared is the finished beginning of the list of seeds.

    Args:
        scores: variant -> seed -> quantity, in the order of the experiment; every variant that it ever had.
        seeds: in the order of the experiment.
        judging: what is compared.
        lost: variant -> its seeds that ended without a result: failed or cancelled.
    """
    count = max(len(scores), count_for_search(judging.tried))
    values = {name: _beginning(found, seeds) for name, found in scores.items()}
    means = {name: fsum(found) / len(found) if found else None for name, found in values.items()}
    reference, mean = values[judging.reference], means[judging.reference]
    margin = None if mean is None else judging.margin * (abs(mean) if judging.low_is_good else 1.0)
    comparisons = tuple(
        Comparison(name, "reference", means[name])
        if name == judging.reference
        else _with_gaps(
            _compare(name, list(zip(seeds, found, reference, strict=False)), margin, count, judging, means[name]),
            seeds,
            lost,
            judging.reference,
        )
        for name, found in values.items()
    )
    return Verdict(judging, margin, len(seeds), comparisons, _find_best(values, margin, count, judging))


def count_for_search(tried: int) -> int:
    """The number of variants with which a search of so many settings is judged, the reference included.

    Whoever tries one setting after the other makes claims on the way, at the error that is due by then. So the t-th
    setting after the reference gets 1 / (t (t + 1)) of it, which adds up to all of it however long the search is.

    >>> [count_for_search(tried) for tried in (0, 2, 3, 11)]
    [0, 3, 7, 111]
    """
    return 1 + (tried - 1) * tried if tried else 0


def half_width_factor(seeds: int, variants: int) -> float:
    """c_n: half the width of the interval in standard deviations of the differences; infinite below two seeds.

    >>> [round(half_width_factor(n, 2), 2) for n in (5, 10, 20, 40)]
    [2.01, 1.15, 0.77, 0.55]
    """
    return float(_factors(variants)[seeds]) if seeds <= MOST_SEEDS else float(_factor(np.array([seeds]), variants)[0])


@lru_cache(maxsize=256)
def _factors(variants: int) -> NDArray[np.float64]:
    """c_n for n from 0 to MOST_SEEDS."""
    return np.concatenate([[np.inf, np.inf], _factor(np.arange(2, MOST_SEEDS + 1), variants)])


def _factor(seeds: NDArray[np.integer], variants: int) -> NDArray[np.float64]:
    error = ERROR / max(variants - 1, 1)
    share = 1.4 * (20 * error) ** 0.125 * error / seeds
    return np.asarray(-stdtrit(seeds - 1.0, share / 2) / np.sqrt(seeds), np.float64)


def _beginning(scores: Scores, seeds: Sequence[int]) -> list[float]:
    """The values of the seeds up to the first one that has none."""
    found: list[float] = []
    for seed in seeds:
        value = scores.get(seed)
        if value is None or not isfinite(value):
            break
        found.append(value)
    return found


def _compare(
    name: str,
    pairs: Sequence[tuple[int, float, float]],
    margin: float | None,
    count: int,
    judging: Judging,
    mean: float | None,
) -> Comparison:
    differences = tuple((seed, own - other) for seed, own, other in pairs)
    if not differences or margin is None:
        return Comparison(name, "undecided", mean, note="few_seeds")
    values = [value for _, value in differences]
    difference = fsum(values) / len(values)
    if len(values) == 1:
        return Comparison(name, "undecided", mean, differences, difference, note="few_seeds")
    deviation = measure_deviation(values, difference, judging.resolution)
    half = half_width_factor(len(values), count) * deviation
    kind, note = _classify(values, difference, half, margin, judging)
    wider = half * sqrt(1 + len(values) * judging.overlap / (1 - judging.overlap))
    low_end, high_end = difference - half, difference + half
    worst = high_end if judging.low_is_good else -low_end
    claims_allowed = len(values) >= SEEDS_FOR_A_DIFFERENCE and note is None
    described = len(values) >= SEEDS_FOR_NO_DIFFERENCE and note not in ("ties", "identical")
    return Comparison(
        name,
        kind,
        mean,
        differences,
        difference,
        low=low_end,
        high=high_end,
        new_low=difference - wider if described else None,
        new_high=difference + wider if described else None,
        shares=_share_out(difference, deviation, len(values), margin, judging) if described else None,
        not_worse=kind == "undecided" and claims_allowed and worst < margin,
        more_seeds=_count_more_seeds(difference, deviation, len(values), margin, count, note)
        if kind == "undecided"
        else None,
        note=note,
    )


def _with_gaps(
    found: Comparison, seeds: Sequence[int], lost: Mapping[str, Collection[int]], reference: str
) -> Comparison:
    """What is known of the seeds that are not compared. Behind a gap more of them would settle nothing."""
    both = (found.variant, reference)
    gaps = tuple(seed for seed in seeds if any(seed in lost.get(name, ()) for name in both))
    if not gaps:
        return replace(found, to_come=len(seeds) - found.seeds)
    return replace(
        found, lost=gaps, lost_by=tuple(name for name in both if set(lost.get(name, ())) & set(gaps)), more_seeds=None
    )


def measure_deviation(values: Sequence[float], mean: float, resolution: float) -> float:
    """Standard deviation of paired differences, n - 1 in the denominator, and not below the quantity's resolution."""
    return max(sqrt(fsum((value - mean) ** 2 for value in values) / (len(values) - 1)), resolution)


def _classify(
    values: Sequence[float], difference: float, half: float, margin: float, judging: Judging
) -> tuple[Kind, Note | None]:
    """What the interval allows, and what ties forbid: who acts in one seed of ten says little of the rest."""
    ties = sum(value == 0 for value in values)
    if ties == len(values):
        return ("no_difference" if len(values) >= SEEDS_FOR_NO_DIFFERENCE else "undecided"), "identical"
    if ties > len(values) / 2 or (ties and len(values) - ties < SEEDS_FOR_NO_DIFFERENCE):
        return "undecided", "ties"
    gain = -difference if judging.low_is_good else difference
    if len(values) >= SEEDS_FOR_A_DIFFERENCE and gain - half > margin:
        return "better", None
    if len(values) >= SEEDS_FOR_A_DIFFERENCE and gain + half < -margin:
        return "worse", None
    if len(values) >= SEEDS_FOR_NO_DIFFERENCE and abs(difference) + half < margin:
        return "no_difference", None
    return "undecided", "few_seeds" if len(values) < SEEDS_FOR_A_DIFFERENCE else None


def _share_out(difference: float, deviation: float, seeds: int, margin: float, judging: Judging) -> Shares:
    scale = deviation / sqrt(seeds)
    if scale == 0:
        below, above = float(difference < -margin), float(difference > margin)
    else:
        below = float(stdtr(seeds - 1, (-margin - difference) / scale))
        above = float(stdtr(seeds - 1, (difference - margin) / scale))
    better, worse = (below, above) if judging.low_is_good else (above, below)
    return Shares(better, max(0.0, 1 - below - above), worse)


def _count_more_seeds(
    difference: float, deviation: float, seeds: int, margin: float, count: int, note: Note | None
) -> int | None:
    """The fewest more with which the claim would probably be made, if mean and deviation stay as they are."""
    if note in ("ties", "identical"):
        return None
    least = max(seeds + 1, SEEDS_FOR_A_DIFFERENCE if abs(difference) > margin else SEEDS_FOR_NO_DIFFERENCE)
    numbers = np.arange(least, MOST_SEEDS + 1)
    enough = (_factors(count)[numbers] + POWER_QUANTILE / np.sqrt(numbers)) * deviation < abs(abs(difference) - margin)
    return int(numbers[enough.argmax()]) - seeds if enough.any() else None


def _find_best(values: Mapping[str, Sequence[float]], margin: float | None, count: int, judging: Judging) -> str | None:
    """The variant that is better than each of the others (multiple comparisons with the best; Hsu, 1981)."""
    if margin is None or len(values) < 2:
        return None
    for name, own in values.items():
        rest = [list(zip(own, other, strict=False)) for rival, other in values.items() if rival != name]
        if all(_is_better(pairs, margin, count, judging) for pairs in rest):
            return name
    return None


def _is_better(pairs: Sequence[tuple[float, float]], margin: float, count: int, judging: Judging) -> bool:
    if len(pairs) < SEEDS_FOR_A_DIFFERENCE:
        return False
    differences = [own - other for own, other in pairs]
    mean = fsum(differences) / len(differences)
    half = half_width_factor(len(pairs), count) * measure_deviation(differences, mean, judging.resolution)
    return _classify(differences, mean, half, margin, judging)[0] == "better"
