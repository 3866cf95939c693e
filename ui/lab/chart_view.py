"""The chart of an experiment: which view of its runs, means or single seeds, and the axes."""

from typing import Any

import streamlit as st

from analysis.lines import Axis, View
from analysis.summary import RunSummary, VariantSummary
from analysis.verdict import What
from charts.curves import chart_height, name_axis, name_lines
from charts.marks import MARK_SYMBOLS, name_mark
from charts.seed_panels import panels_height
from experiment.judging import judging_of
from experiment.spec import Experiment
from ui import text
from ui.components.live_chart import live_chart
from ui.lab.reference_lines import reference_lines
from ui.services import figure
from wording.language import _

KEY_STYLE = """<style>
.chart-key { display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; font-size: 0.8rem; }
.chart-key span { display: inline-flex; align-items: center; gap: 0.35rem; opacity: 0.85; }
.chart-key i { width: 1.6rem; border-top: 2.6px solid; }
.chart-key .beside, .chart-key .reference { border-top: 1.5px dashed; }
.chart-key .after { border-top-style: dotted; }
.chart-key .seeds, .chart-key .running, .chart-key .members { border-top-width: 1px; opacity: 0.6; }
.chart-key .band { border: 0; height: 0.6rem; background: currentColor; opacity: 0.2; }
.chart-key .onset, .chart-key .stop, .chart-key .best { width: auto; border: 0; font-style: normal; }
.chart-key .onset::before { content: "▲"; } .chart-key .stop::before { content: "□"; }
.chart-key .best::before { content: "◆"; }
</style>"""


def draw_chart(
    experiment: Experiment,
    runs: tuple[RunSummary, ...],
    variants: tuple[VariantSummary, ...],
    what: What,
    revision: str,
    *,
    words: str,
    status: str,
) -> None:
    """The controls, the key, and the chart.

    Args:
        experiment: that the runs belong to.
        runs: in numbers.
        variants: the same for each variant.
        what: the quantity that is looked at; of an accuracy the difference is shown.
        revision: while it stays the same, the zoom stays.
        words: what the chart shows, for those who do not see it.
        status: read aloud when it changes.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        view = _choose_view(experiment, what)
        single = _choose_seeds(experiment)
        axis, log_x, log_y = _choose_axes()
    reference = judging_of(experiment).reference
    drawn = figure(
        runs,
        view,
        reference=reference,
        epochs=experiment.training.epochs,
        axis=axis,
        log_x=log_x,
        log_y=log_y,
        revision=revision,
        single=single,
        references=reference_lines(experiment, view),
    )
    st.html(KEY_STYLE + _key(drawn, view, single=single))
    height = panels_height(len(variants)) if single else chart_height(len(variants))
    live_chart(drawn, key="chart", alt=f"{text.VIEWS[view]}. {words}", height=height, status=status)


def _choose_view(experiment: Experiment, what: What) -> View:
    views: list[View] = ["loss", "accuracy"]
    if len(experiment.variants) > 1:
        views.append("accuracy_difference" if "accuracy" in what else "difference")
    views += ["gap", "objective"]
    if experiment.dataset.label_noise:
        views.append("memorization")
    chosen = st.segmented_control(
        text.VIEW,
        views,
        default="loss",
        required=True,
        format_func=text.VIEWS.__getitem__,
        key="view",
        label_visibility="collapsed",
    )
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


def _key(drawn: dict[str, Any], view: View, *, single: bool) -> str:
    """What lines and marks mean, of those that are drawn."""
    parts = {trace["uid"].partition("_")[2] for trace in drawn["data"]}
    symbols = {s for trace in drawn["data"] if "text" in trace for s in trace.get("marker", {}).get("symbol", ())}
    line, beside = name_lines(view)
    names = {
        "seeds": _("one seed"),
        "mean": _("mean") if single else line,
        "beside": beside,
        "after": _("model handed over"),
        "members": _("members of an ensemble"),
        "running": _("training now"),
        "band": _("95% interval of the paired difference"),
        "reference": _("mean of the reference"),
    }
    found = [kind for kind in names if kind in parts or (kind == "band" and "band_focused" in parts)]
    shown = {kind: names[kind] for kind in found}
    shown |= {kind: name_mark(kind) for kind, symbol in MARK_SYMBOLS.items() if symbol in symbols}
    spans = "".join(f'<span><i class="{kind}"></i>{name}</span>' for kind, name in shown.items())
    return f'<div class="chart-key">{spans}</div>'
