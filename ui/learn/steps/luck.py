"""Step 3: luck or technique? Ten seeds as dots, the same seeds connected, and an interval that closes."""

from functools import cache
from math import ceil

import streamlit as st

from analysis.averages import measure_spread
from analysis.verdict import Comparison, Verdict
from charts.lesson_charts import INTERVAL_HEIGHT, PAIRS_HEIGHT, interval_figure, pairs_figure
from experiment.judging import BASELINE, judge_runs
from experiment.presets import FIRST_VISIT
from ui.components.live_chart import live_chart
from ui.learn.recorded import experiment_of, runs_of
from ui.learn.steps.frame import Places
from wording.language import _
from wording.numbers import format_number
from wording.verdict import say_comparison

TECHNIQUE = "dropout"
FEWEST, SEEDS_AT_FIRST = 2, 3
SETTLED_FROM = 4
"""From so many seeds on the whole interval is on the axis; that of two seeds would make all others dots."""


def name_step() -> str:
    """What the step is called."""
    return _("Luck or technique?")


def draw(places: Places) -> None:
    """Dots; once they are connected, the interval after each seed, too."""
    scores = pairs()
    with places.words:
        st.markdown(
            _(
                "Another **seed** means other validation rows and other initial weights. The spread between seeds is "
                "luck, and one run proves nothing.\n\n"
                "But both variants ran under the **same** seeds. Connect what belongs together: the differences "
                "within each seed spread far less. The Lab's verdict rests on them. Then add seeds one by one, and "
                "see the interval close."
            )
        )
    with places.figure:
        connected = st.toggle(_("Connect the same seed"), key="learn_connected")
        place = st.container()
        seeds = _draw_interval() if connected else 0
        said = say_pairs(scores[:seeds]) if connected else say_columns(scores)
        with place:
            figure = pairs_figure(
                (BASELINE, TECHNIQUE), scores, _span(), _("Validation loss, model handed over"), connected=seeds
            )
            live_chart(figure, key="learn_pairs", alt=said, height=PAIRS_HEIGHT, status=said)
    answer = say_comparison(compared(verdict_after(seeds)), verdict_after(seeds)) if connected else ""
    places.say(f"{said}\n\n{answer}")


def _draw_interval() -> int:
    """How many seeds are compared, and the interval after each of them."""
    place = st.container()
    seeds = st.slider(_("Seeds that are compared"), FEWEST, len(pairs()), SEEDS_AT_FIRST, key="learn_seeds")
    verdict = verdict_after(seeds)
    so_far = [compared(verdict_after(number)) for number in range(FEWEST, seeds + 1)]
    index = [variant.name for variant in experiment_of(FIRST_VISIT).variants].index(TECHNIQUE)
    drawn = interval_figure(so_far, verdict.margin or 0.0, len(pairs()), index, reach=_reach())
    answer = say_comparison(so_far[-1], verdict)
    with place:
        live_chart(drawn, key="learn_interval", alt=answer, height=INTERVAL_HEIGHT, status=answer)
        st.caption(
            _(
                "Difference to the baseline, and its interval by the Lab's rule. The grey stripe is what does not "
                "matter: a claim needs five seeds at least, and the whole interval on one side of the stripe."
            )
        )
    return seeds


@cache
def _span() -> tuple[float, float]:
    """What the axis of losses shows."""
    values = [value for _seed, *pair in pairs() for value in pair]
    margin = 0.08 * (max(values) - min(values))
    return min(values) - margin, max(values) + margin


@cache
def pairs() -> list[tuple[int, float, float]]:
    """(seed, baseline's loss, the technique's) of the models handed over, for each recorded seed."""
    losses = {(run.variant, run.seed): run.score("handed_over") for run in runs_of(FIRST_VISIT)}
    seeds = experiment_of(FIRST_VISIT).seeds
    return [(seed, losses[BASELINE, seed] or 0.0, losses[TECHNIQUE, seed] or 0.0) for seed in seeds]


@cache
def verdict_after(seeds: int) -> Verdict:
    """The Lab's verdict on the recorded experiment as if it had so many seeds."""
    experiment = experiment_of(FIRST_VISIT)
    fewer = experiment.model_copy(update={"seeds": experiment.seeds[:seeds]})
    return judge_runs(fewer, [run for run in runs_of(FIRST_VISIT) if run.seed in fewer.seeds])


def compared(verdict: Verdict) -> Comparison:
    """The technique's part of a verdict."""
    return next(comparison for comparison in verdict.comparisons if comparison.variant == TECHNIQUE)


def _reach() -> float:
    """How far the axis of differences goes, for any number of seeds; rounded up to 0.01."""
    settled = [compared(verdict_after(seeds)) for seeds in range(SETTLED_FROM, len(pairs()) + 1)]
    ends = [abs(end) for comparison in settled for end in (comparison.low, comparison.high) if end is not None]
    return ceil(105 * max(ends)) / 100


def say_columns(scores: list[tuple[int, float, float]]) -> str:
    """The two columns of dots, each by itself: mean and standard deviation."""
    first, second = (measure_spread(pair[1 + index] for pair in scores) for index in range(2))
    return _(
        "{baseline}: {first} ± {first_sd}; {technique}: {second} ± {second_sd} (mean ± standard deviation over "
        "{seeds} seeds). Looked at like this, luck hides the technique."
    ).format(
        baseline=BASELINE, technique=TECHNIQUE, seeds=len(scores),
        first=format_number(first.mean or 0.0), first_sd=format_number(first.sd or 0.0, 2),
        second=format_number(second.mean or 0.0), second_sd=format_number(second.sd or 0.0, 2),
    )  # fmt: skip


def say_pairs(scores: list[tuple[int, float, float]]) -> str:
    """The differences within seeds: in how many it is lower, their mean, and how much less they spread."""
    differences = measure_spread(second - first for _seed, first, second in scores)
    between = measure_spread(first for _seed, first, _second in scores)
    lower = sum(value < 0 for value in differences.values)
    return _(
        "{technique} is lower in **{lower} of {seeds}** seeds, by {mean} on average. The differences spread by {sd}, "
        "the baseline's losses by {between}."
    ).format(
        technique=TECHNIQUE.capitalize(), lower=lower, seeds=len(scores),
        mean=format_number(-(differences.mean or 0.0)),
        sd=format_number(differences.sd or 0.0, 2), between=format_number(between.sd or 0.0, 2),
    )  # fmt: skip
