"""The chart of an experiment: which view of its runs, means or single seeds, and the axes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import streamlit as st

from analysis.lines import Axis, View
from analysis.summary import BALANCED_ACCURACY, RunSummary, VariantSummary
from analysis.verdict import What
from charts.curves import chart_height
from charts.key import key_of
from charts.seed_panels import panels_height
from charts.views import ChartOptions, Ghost, name_axis, name_view
from experiment.judging import judging_of
from experiment.spec import Experiment
from ui import text
from ui.components.live_chart import Chart
from ui.lab.reference_lines import reference_lines
from ui.services import figure, summaries
from wording.in_words import describe

CHART_KEY = "chart"
DIFFERENCE_OF: Mapping[What, View] = {
    "handed_over": "difference",
    "best_epoch": "difference",
    "accuracy": "accuracy_difference",
    "balanced_accuracy": "balanced_accuracy_difference",
}


@dataclass(frozen=True)
class ChartView:
    """What a person looks at in an experiment's chart: all that its figure depends on beside the runs."""

    options: ChartOptions
    single: bool


def choose_chart(experiment: Experiment, variants: tuple[VariantSummary, ...], what: What, revision: str) -> ChartView:
    """The controls above the chart, and what they are set to.

    Args:
        experiment: that is shown.
        variants: its variants in numbers.
        what: the quantity that is looked at; of an accuracy the difference is shown.
        revision: while it stays the same, the zoom stays.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        view = _choose_view(experiment, what, balanced=any(BALANCED_ACCURACY in v.mean for v in variants))
        single = _choose_seeds(experiment)
        axis, log_x, log_y = _choose_axes()
    options = ChartOptions(
        reference=judging_of(experiment).reference,
        epochs=experiment.training.epochs,
        view=view,
        axis=axis,
        log_x=log_x,
        log_y=log_y,
        references=reference_lines(experiment, view),
        revision=revision,
    )
    return ChartView(options, single)


def show_chart(runs: tuple[RunSummary, ...], chosen: ChartView, ghosts: tuple[Ghost, ...] = ()) -> Chart:
    """The chart of these runs: its figure, what it shows in words, and its key.

    Args:
        runs: in numbers.
        chosen: what is looked at.
        ghosts: curves from before the last change.
    """
    drawn = figure(runs, replace(chosen.options, ghosts=ghosts), single=chosen.single)
    variants = summaries(runs)
    return Chart(
        figure=drawn,
        alt=f"{name_view(chosen.options.view)}. {describe(variants)}",
        height=panels_height(len(variants)) if chosen.single else chart_height(len(variants)),
        legend=_key(drawn),
    )


def _choose_view(experiment: Experiment, what: What, *, balanced: bool) -> View:
    views: list[View] = ["loss", "accuracy"]
    if len(experiment.variants) > 1:
        views.append("difference")
    views += ["gap", "objective"]
    if balanced:  # runs before engine version 2, and recorded ones, have none
        views.append("balanced_accuracy")
    if experiment.dataset.label_noise:
        views.append("memorization")
    chosen = st.segmented_control(
        text.VIEW,
        views,
        default="loss",
        required=True,
        format_func=text.VIEWS.__getitem__,
        key="view",
        wrap=True,
        label_visibility="collapsed",
    )
    if chosen == "difference":
        return DIFFERENCE_OF[what]
    return chosen if chosen in views else "loss"


def _choose_seeds(experiment: Experiment) -> bool:
    """Whether the single seeds are shown instead of their mean."""
    if len(experiment.seeds) == 1:
        return False
    choices = {False: text.MEAN, True: text.SEEDS}
    chosen = st.segmented_control(
        text.MEAN_OR_SEEDS,
        list(choices),
        default=False,
        required=True,
        format_func=choices.__getitem__,
        key="single_seeds",
        label_visibility="collapsed",
    )
    return bool(chosen)


def _choose_axes() -> tuple[Axis, bool, bool]:
    with st.popover(text.AXES, icon=":material/straighten:"):
        axes: list[Axis] = ["epoch", "steps", "seconds"]
        axis = st.selectbox(text.X_AXIS, axes, format_func=name_axis, key="x_axis")
        log_x = st.toggle(text.LOG_X, key="log_x")
        log_y = st.toggle(text.LOG_Y, key="log_y")
    return axis, log_x, log_y


def _key(drawn: dict[str, Any]) -> str:
    """HTML of what lines and marks mean."""
    return "".join(f"<span>{_sample(entry.sample)}{escape(entry.name)}</span>" for entry in key_of(drawn))


def _sample(attributes: Mapping[str, str]) -> str:
    path = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<svg viewBox="0 0 26 10" aria-hidden="true"><path{path}/></svg>'
