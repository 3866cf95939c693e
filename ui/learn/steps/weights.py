"""Step 4: pull on the weights. The strength of L1 or L2 under a slider: weights, curves, and the valley of the loss."""

import streamlit as st

from analysis.strengths import find_lowest
from charts.strength import STRENGTH_HEIGHT, strength_figure
from charts.weight_charts import histogram_figure
from experiment.judging import BASELINE
from experiment.lesson_recordings import lesson_weights
from models.techniques import TECHNIQUES
from ui.components.live_chart import live_chart
from ui.learn.recorded import experiment_of, runs_of_variants, sweep_of
from ui.learn.steps.frame import Places, lab_chart
from wording.language import _
from wording.numbers import format_number, format_percent

PENALTIES = {"l2": "l2_strength", "l1": "l1_strength"}
"""Technique -> the lesson in which its strength was swept."""
HISTOGRAM_HEIGHT = 330
COLOUR = 1
"""Of the penalized network beside the baseline, as a place among variants."""


def name_step() -> str:
    """What the step is called."""
    return _("Pull on the weights")


def draw(places: Places) -> None:
    """The valley over strengths; below it the weights and curves of the chosen one beside the baseline's."""
    with places.words:
        st.markdown(
            _(
                "A **penalty** adds the size of the weights to what the optimizer makes small: **L2** their squares, "
                "**L1** their absolute values. Small weights make a smooth function, and a smooth function cannot "
                "follow every accident of the rows.\n\n"
                "Too weak, nothing changes. Too strong, the net cannot learn what is really there: then training loss "
                "stays high, too. Between them lies a valley. Where is its lowest point?"
            )
        )
    with places.figure:
        technique = _choose_penalty()
        lesson, label = PENALTIES[technique], _(TECHNIQUES[technique].label)
        sweep = sweep_of(lesson, technique)
        strengths = {strength.value: strength for strength in sweep}
        place = st.container()
        value = st.select_slider(
            _("Strength of {penalty}").format(penalty=label), list(strengths), format_func=format_number,
            key=f"learn_{technique}_strength",
        )  # fmt: skip
        chosen = strengths[value]
        variant = sweep[chosen].name
        said = say_strength(lesson, technique, value)
        with place:
            title = _("Strength of {penalty}").format(penalty=label)
            valley = strength_figure(list(sweep), title, COLOUR, value, revision=technique)
            live_chart(valley, key="learn_valley", alt=said, height=STRENGTH_HEIGHT, status=said)
        curves, histogram = st.columns([3, 2])
        shown = [BASELINE] if variant == BASELINE else [BASELINE, variant]
        with curves:
            lab_chart(experiment_of(lesson), runs_of_variants(lesson, *shown), key="learn_penalty_curves")
        with histogram:
            seed, weights = experiment_of(lesson).seeds[0], lesson_weights(lesson)
            named = [((name, index), weights[name, seed]) for index, name in enumerate(shown)]
            words = _("Weights handed over under seed {seed}, how many of them have which size").format(seed=seed)
            live_chart(
                histogram_figure(named, revision=technique), key="learn_weights", alt=words, height=HISTOGRAM_HEIGHT
            )
    places.say(said)


def _choose_penalty() -> str:
    chosen = st.segmented_control(
        _("Penalty"), list(PENALTIES), default="l2", required=True, key="learn_penalty",
        format_func=lambda name: _(TECHNIQUES[name].label), label_visibility="collapsed",
    )  # fmt: skip
    return chosen or "l2"


def say_strength(lesson: str, technique: str, value: float) -> str:
    """What the networks with this strength came to, beside those without and those at the lowest point."""
    sweep = sweep_of(lesson, technique)
    chosen, without = (next(s for s in sweep if s.value == wanted) for wanted in (value, 0.0))
    lowest = find_lowest(list(sweep)) or without
    seed, weights = experiment_of(lesson).seeds[0], lesson_weights(lesson)
    near_zero = weights[sweep[chosen].name, seed].near_zero
    losses = {
        "without": format_number(without.val_loss.mean or 0.0),
        "val": format_number(chosen.val_loss.mean or 0.0),
        "train": format_number(chosen.train_loss.mean or 0.0),
    }
    if not value:
        head = _("Without a penalty validation loss ends at **{val}**, training loss at {train}.").format(**losses)
    else:
        head = _(
            "At {value} validation loss ends at **{val}** (without a penalty {without}), training loss at {train}. "
            "{share} of the weights are nearly zero."
        ).format(value=format_number(value), share=format_percent(near_zero), **losses)
    if value == lowest.value:
        return f"{head} " + _("This is the lowest point of the valley, over {seeds} seeds.").format(
            seeds=lowest.val_loss.n
        )
    way = _("stronger") if lowest.value > value else _("weaker")
    return f"{head} " + _("The lowest point is at a {way} penalty.").format(way=way)
