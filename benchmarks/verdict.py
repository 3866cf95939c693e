"""`python -m benchmarks.verdict`: how often the verdict's rule claims what is not so; writes docs/verdict.md.

The rule is that of `analysis.verdict`, here for many experiments at once; a test compares the two. Differences are
drawn from real runs of this program (`benchmarks.verdict_runs`), and normal ones for power.
"""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.verdict import (
    MARGINS,
    SEEDS_FOR_A_DIFFERENCE,
    SEEDS_FOR_NO_DIFFERENCE,
    count_for_search,
    half_width_factor,
)
from benchmarks.real_runs import FloatArray, Runs, train
from benchmarks.verdict_runs import DATA, RECIPES, verdict_cells

OUTPUT = Path(__file__).parent.parent / "docs" / "verdict.md"
PATHS: Final = 20_000
SESSIONS: Final = 4_000
TRIED: Final = (1, 5, 10, 20, 40)
LOOKS: Final = 40
VARIANTS: Final = (2, 4, 8)
MARGIN: Final = MARGINS["handed_over"]
NEARLY_THE_SAME = (("baseline", "L2 = 1e-7"), ("dropout", "dropout 0.3001"))
JUST_INSIDE, JUST_OUTSIDE = 0.99, 1.01

Claims = NDArray[np.bool_]


class Looks(NamedTuple):
    """What is claimed after each number of seeds, shape (paths, seeds) each; entry n - 1 after n seeds."""

    better: Claims
    worse: Claims
    same: Claims


def look(differences: FloatArray, margins: FloatArray, variants: int) -> Looks:
    """The rule on losses.

    Args:
        differences: variant less reference, shape (paths, seeds).
        margins: what matters after each number of seeds, of a shape that fits.
        variants: how many the experiment has.
    """
    counts = np.arange(1, differences.shape[1] + 1)
    mean = differences.cumsum(1) / counts
    squares = (differences**2).cumsum(1) - counts * mean**2
    deviation = np.sqrt(np.maximum(squares, 0.0) / np.maximum(counts - 1, 1))
    factors = np.array([half_width_factor(int(n), variants) if n > 1 else 1e300 for n in counts])
    half = factors * deviation
    enough = counts >= SEEDS_FOR_A_DIFFERENCE
    return Looks(
        enough & (mean + half < -margins),
        enough & (mean - half > margins),
        (counts >= SEEDS_FOR_NO_DIFFERENCE) & (np.abs(mean) + half < margins),
    )


def running_margins(reference: FloatArray) -> FloatArray:
    """The margin after each number of seeds, shape as `reference`."""
    counts = np.arange(1, reference.shape[-1] + 1)
    result: FloatArray = MARGIN * np.abs(reference.cumsum(-1) / counts)
    return result


def any_difference(looks: list[Looks]) -> Claims:
    """Whether any variant is called better or worse after each number of seeds, shape (paths, seeds)."""
    result: Claims = np.any([found.better | found.worse for found in looks], axis=0)
    return result


def ever(claims: Claims) -> float:
    """The share of paths that claim at some look."""
    return float(claims.any(1).mean())


def of_identical_recipes(losses: FloatArray, variants: int, generator: np.random.Generator) -> Claims:
    """Claims of a difference among variants of one recipe, each under seeds of its own: pairing tells nothing here."""
    reference = generator.choice(losses, (PATHS, LOOKS))
    margins = running_margins(reference)
    others = [generator.choice(losses, (PATHS, LOOKS)) for _ in range(variants - 1)]
    return any_difference([look(other - reference, margins, variants) for other in others])


def of_nearly_identical(pairs: FloatArray, variants: int, generator: np.random.Generator) -> Claims:
    """Claims of a difference among variants that differ from the reference in nothing that matters.

    Args:
        pairs: losses (recipe, seed) of the reference and of the other.
        variants: how many; all but the reference are drawn from the other's differences.
        generator: draws the seeds.
    """
    looks = []
    for _ in range(variants - 1):
        chosen = generator.integers(0, pairs.shape[1], (PATHS, LOOKS))
        reference, other = pairs[:, chosen]
        looks.append(look(other - reference, running_margins(reference), variants))
    return any_difference(looks)


def of_recentred(pairs: FloatArray, place: float, generator: np.random.Generator) -> Looks:
    """Claims on real differences moved so that their mean is `place` margins above 0."""
    margin = MARGIN * abs(float(pairs[0].mean()))
    differences = pairs[1] - pairs[0]
    moved = differences - differences.mean() + place * margin
    return look(generator.choice(moved, (PATHS, LOOKS)), np.array(margin), 2)


def of_session(losses: FloatArray, tried: int, looks: slice, generator: np.random.Generator) -> Claims:
    """Claims in a session of Live in which nothing matters: one setting after the other, each under seeds of its own.

    Args:
        losses: of one recipe under many seeds.
        tried: how many settings are tried after the reference and the first one.
        looks: at which numbers of seeds, less 1, somebody looks at each setting.
        generator: draws the seeds.

    Returns:
        Whether anything was claimed up to a setting, against the reference or the setting before, shape (paths, tried).
    """
    shape = (SESSIONS, looks.stop)
    reference = generator.choice(losses, shape)
    margins, before, claimed = running_margins(reference), reference, []
    for number in range(1, tried + 1):
        setting = generator.choice(losses, shape)
        pairs = [setting - reference, setting - before] if number > 1 else [setting - reference]
        count = count_for_search(number + 1) if number > 1 else 2
        claimed.append(any_difference([look(d, margins, count) for d in pairs])[:, looks].any(1))
        before = setting
    return np.logical_or.accumulate(np.stack(claimed, 1), axis=1)


def skew(values: FloatArray) -> float:
    """Third standardized moment."""
    centred = values - values.mean()
    return float((centred**3).mean() / (centred**2).mean() ** 1.5)


def seeds_needed(deviation: float, effect: float, generator: np.random.Generator) -> tuple[float, dict[int, float]]:
    """Median number of seeds at the first right claim (infinite: not within 200), and power at some numbers."""
    seeds = 200
    differences = generator.normal(-effect, deviation, (2000, seeds))
    claims = look(differences, np.array(MARGIN), 2).better
    first = np.where(claims.any(1), claims.argmax(1) + 1.0, np.inf)
    return float(np.median(first)), {n: float(claims[:, n - 1].mean()) for n in (5, 10, 20, 40)}


def main() -> None:
    """Measures and writes the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verdict", description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("verdict_runs.npz"), help="where real runs are kept")
    runs = train(verdict_cells(), parser.parse_args().runs)
    OUTPUT.write_text("\n".join(_document(runs)) + "\n", encoding="utf-8")
    print(f"written to {OUTPUT.name}")


def _document(runs: Mapping[str, Runs]) -> Iterator[str]:
    generator = np.random.default_rng(0)
    yield from INTRODUCTION
    yield from ["## Identical recipes under other seeds", "", *IDENTICAL_TEXT, ""]
    yield "| data | k = 2 | k = 4 | k = 8 | looked at once, k = 2: 5, 10, 20, 40 seeds |"
    yield "|---|---|---|---|---|"
    for data in DATA:
        losses = runs[f"{data}: baseline"].final
        found = {k: of_identical_recipes(losses, k, generator) for k in VARIANTS}
        once = ", ".join(f"{100 * found[2][:, n - 1].mean():.1f}%" for n in (5, 10, 20, 40))
        yield f"| {data} | {' | '.join(f'{100 * ever(found[k]):.1f}%' for k in VARIANTS)} | {once} |"
    yield from ["", "## Nearly identical recipes under the same seeds", "", *NEAR_TEXT, ""]
    yield "| data | pair | deviation of the differences | k = 2 | k = 4 | k = 8 |"
    yield "|---|---|---|---|---|---|"
    for data in DATA:
        for pair in NEARLY_THE_SAME:
            pairs = np.stack([runs[f"{data}: {recipe}"].final for recipe in pair])
            shares = [f"{100 * ever(of_nearly_identical(pairs, k, generator)):.1f}%" for k in VARIANTS]
            deviation = (pairs[1] - pairs[0]).std(ddof=1) / pairs[0].mean()
            yield f"| {data} | {pair[1]} against {pair[0]} | {100 * deviation:.2g}% | {' | '.join(shares)} |"
    yield from ["", "## Real differences, moved to where nothing, or just something, matters", "", *RECENTRED_TEXT, ""]
    yield "| data | recipe | deviation | skew | at 0: any difference | just inside: worse | just outside: none |"
    yield "|---|---|---|---|---|---|---|"
    for data in DATA:
        for recipe in list(RECIPES)[1:7]:
            pairs = np.stack([runs[f"{data}: {name}"].final for name in ("baseline", recipe)])
            difference = pairs[1] - pairs[0]
            zero, inside, outside = (
                of_recentred(pairs, place, generator) for place in (0.0, JUST_INSIDE, JUST_OUTSIDE)
            )
            cells = [ever(zero.better | zero.worse), ever(inside.worse), ever(outside.same)]
            yield (
                f"| {data} | {recipe} | {100 * difference.std(ddof=1) / pairs[0].mean():.0f}% | {skew(difference):.1f} "
                f"| {' | '.join(f'{100 * cell:.1f}%' for cell in cells)} |"
            )
    yield from ["", "## Power", "", *POWER_TEXT, ""]
    yield "| deviation | effect | seeds at the first claim, median | power at 5, 10, 20, 40 seeds |"
    yield "|---|---|---|---|"
    for deviation in (0.02, 0.05, 0.1, 0.2):
        for effect in (0.05, 0.1, 0.2):
            median, power = seeds_needed(deviation, effect, generator)
            claimed = ", ".join(f"{100 * power[n]:.0f}%" for n in power)
            first = f"{median:.0f}" if np.isfinite(median) else "over 200"
            yield f"| {deviation:.0%} | {effect:.0%} | {first} | {claimed} |"

    yield from ["", "## One setting after the other", "", *LIVE_TEXT, ""]
    yield f"| data | looked at | {' | '.join(f'{count} tried' for count in TRIED)} |"
    yield f"|---|---|{'---|' * len(TRIED)}"
    for data in DATA:
        for name, looks in (
            ("at 10 seeds", slice(9, 10)),
            ("5 to 10 seeds", slice(4, 10)),
            ("5 to 40 seeds", slice(4, 40)),
        ):
            claimed = of_session(runs[f"{data}: baseline"].final, max(TRIED), looks, generator).mean(0)
            yield f"| {data} | {name} | {' | '.join(f'{100 * claimed[count - 1]:.1f}%' for count in TRIED)} |"


INTRODUCTION = [
    "# The verdict, and how often it is wrong",
    "",
    "Written by `python -m benchmarks.verdict`. The rule is in `analysis/verdict.py`: an interval around the mean",
    "paired difference, wide enough that a person may look again after every added seed. *Better* and *worse*",
    "need at least 5 seeds and an interval beyond the margin (1% of the reference's mean loss), *no difference that",
    "matters* at least 3 and an interval within it. All else cannot be told apart yet.",
    "",
    f"Unless it says otherwise, a figure is the share of {PATHS:,} experiments that claim something false at any of",
    f"{LOOKS} looks, after 1 to 40 seeds. Losses are drawn from real runs of this program: MLP 64-64, 80 epochs, 50",
    "seeds, on 300 digits, breast cancer and wine. k counts all variants; any false claim about any of them counts.",
    "",
]
IDENTICAL_TEXT = [
    "The baseline against itself, each variant under seeds of its own, so that nothing but luck tells them apart.",
]
NEAR_TEXT = [
    "The same seeds, and recipes that differ in nothing that matters. Signs alone would call L2 = 1e-7 better.",
]
RECENTRED_TEXT = [
    "Differences between real recipes, moved so that their mean is 0, 0.99 or 1.01 of the margin. No rule is safe for",
    "means under arbitrary skew; the skew of these differences is stated.",
]
POWER_TEXT = [
    "Normal differences, two variants; deviation and effect as shares of the loss. Real techniques differ with a",
    "deviation of 3 to 19% on digits and 4 to 90% on the small tables. 2,000 experiments a line.",
]

LIVE_TEXT = [
    "A session of *Live*: a person changes a setting, looks, changes it again, and none of it matters. Each setting is",
    "compared with the reference and with the one before. The t-th setting after the reference gets 1 / (t (t + 1)) of",
    "the error (`count_for_search`). With an equal share of all that was tried so far, 1 / t, 12% of the sessions of",
    "40 settings with 5 to 10 seeds led to a false claim. The share of 4,000 sessions in which anything was ever",
    "claimed, by how many settings were tried, looked at once or after each seed:",
]

if __name__ == "__main__":
    main()
