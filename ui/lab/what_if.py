"""What if training had been stopped by another rule: its marks move on all curves, and nothing is trained.

The rule that is marked belongs to the experiment's JSON, too; this is the one place where it is set.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final, Literal, get_args

import streamlit as st

from analysis.averages import Spread
from analysis.early_stopping import AnyRule, Criterion, PrecheltRule, StoppingRule
from analysis.summary import VariantSummary
from analysis.what_if import Outcome, map_rule, measure_outcome
from charts.palette import style
from charts.what_if_map import map_figure
from experiment.judging import marked_rule
from experiment.spec import Experiment, MarkedRule
from models.techniques import Monitor
from ui import state, text
from ui.components.live_chart import live_chart
from ui.components.plain import plain
from ui.components.sortable_table import Cell, Row, sortable_table
from wording.language import _
from wording.numbers import format_number, metric_name

Choice = Literal["patience", "GL", "PQ", "UP"]
MIN_DELTAS: Final = (0.0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
PATIENCES: Final = (1, 2, 3, 5, 8, 12, 20, 30, 50)
THRESHOLDS: Final[Mapping[Criterion, tuple[float, float, float, float]]] = {
    "GL": (0.5, 50.0, 5.0, 0.5),
    "PQ": (0.1, 10.0, 1.0, 0.1),
    "UP": (1.0, 10.0, 3.0, 1.0),
}
"""Lowest, highest, first and step. Prechelt tried GL 1 to 5, PQ 0.5 to 3 and UP 2 to 8."""
MAP_HEIGHT: Final = 300
OUTCOMES_KEY: Final = "outcomes"


def chosen_rule(experiment: Experiment, revision: str) -> AnyRule | None:
    """The rule that the person set on this experiment's curves; None as long as it is the experiment's own."""
    rule: AnyRule | None = st.session_state.get(state.WHAT_IF, {}).get(revision)
    return None if rule == marked_rule(experiment.early_stopping) else rule


def draw_what_if(experiment: Experiment, variants: Sequence[VariantSummary], revision: str) -> None:
    """The rule's controls, what it does to each variant, and how much its numbers matter."""
    with st.container(border=True, gap="small", key="what_if"):
        st.markdown(f"**{text.WHAT_IF}** :small[:gray[{text.WHAT_IF_HELP}]]")
        rule = _draw_controls(experiment, revision)
        sortable_table(text.WHAT_IF_COLUMNS, outcome_rows(variants), key=OUTCOMES_KEY)
        st.caption(text.WHAT_IF_NOTE)
        if isinstance(rule, StoppingRule):
            with st.expander(text.MAP, key="what_if_map", on_change="rerun") as opened:
                if opened.open:
                    _draw_map(variants, rule, revision)


def _draw_controls(experiment: Experiment, revision: str) -> AnyRule:
    """The widgets; they start from the rule that is marked now."""
    current = chosen_rule(experiment, revision) or marked_rule(experiment.early_stopping)
    epochs = experiment.training.epochs
    choices: list[Choice] = list(get_args(Choice))
    kind: Choice = current.criterion if isinstance(current, PrecheltRule) else "patience"
    keys: dict[str, Any] = {"on_change": _set_rule, "args": (revision,)}
    chosen = st.segmented_control(
        text.RULE, choices, default=kind, format_func=text.RULES.__getitem__, key=_key(revision, "kind"), **keys
    )
    chosen = chosen or kind
    if chosen != "patience":
        low, high, start, step = THRESHOLDS[chosen]
        value = current.threshold if isinstance(current, PrecheltRule) and current.criterion == chosen else start
        st.caption(text.RULES_HELP[chosen])
        st.slider(text.THRESHOLD, low, high, value, step, format="%g", key=_key(revision, chosen), **keys)
        return current
    rule = current if isinstance(current, StoppingRule) else marked_rule(experiment.early_stopping)
    fields, own = MarkedRule.model_fields, experiment.early_stopping
    columns = st.columns(4)
    with columns[0]:
        most = max(min(epochs, 100), rule.patience, own.patience)
        st.slider(_(fields["patience"].title or ""), 0, most, rule.patience, key=_key(revision, "patience"), **keys)
    with columns[1]:
        deltas = sorted({*MIN_DELTAS, rule.min_delta, own.min_delta})
        st.select_slider(
            _(fields["min_delta"].title or ""), deltas, rule.min_delta, key=_key(revision, "min_delta"), **keys
        )
    with columns[2]:
        most = max(epochs, rule.start_from_epoch, own.start_from_epoch)
        st.slider(
            _(fields["start_from_epoch"].title or ""),
            0, most, rule.start_from_epoch, key=_key(revision, "start_from_epoch"), **keys,
        )  # fmt: skip
    with columns[3]:
        monitors = list(get_args(Monitor))
        st.selectbox(
            _(fields["monitor"].title or ""),
            monitors,
            monitors.index(rule.monitor),
            format_func=metric_name,
            key=_key(revision, "monitor"),
            **keys,
        )
    return rule


def _set_rule(revision: str) -> None:
    """Marks the rule of the widgets, and puts it into the form, which trains with it next."""

    def read(name: str, otherwise: Any = None) -> Any:
        return st.session_state.get(_key(revision, name), otherwise)

    kind, rules = read("kind"), st.session_state.setdefault(state.WHAT_IF, {})
    if kind in THRESHOLDS:
        rules[revision] = PrecheltRule(kind, read(kind, THRESHOLDS[kind][2]))
        return
    if read("patience") is None:  # the widgets of Keras's rule are about to be drawn
        rules[revision] = rules.get(_key(revision, "keras"))
        return
    marked = MarkedRule(**{name: read(name) for name in MarkedRule.model_fields})
    rules[revision] = rules[_key(revision, "keras")] = marked_rule(marked)
    if state.DRAFT in st.session_state:
        st.session_state[state.DRAFT].values["early_stopping"] = marked.model_dump()


def _key(revision: str, name: str) -> str:
    return f"what_if.{revision}.{name}"


def outcome_rows(variants: Sequence[VariantSummary]) -> list[Row]:
    """What the rule does to each variant that it can be judged on."""
    outcomes = [measure_outcome(variant) for variant in variants]
    return [_row(index, outcome) for index, outcome in enumerate(outcomes) if outcome]


def _row(index: int, outcome: Outcome) -> Row:
    titles = text.WHAT_IF_COLUMNS
    stopped = text.STOPPED_IN.format(stopped=outcome.stopped, runs=outcome.runs)
    scores = (
        (outcome.loss, outcome.accuracy),
        (outcome.lowest_loss, outcome.lowest_accuracy),
        (outcome.last_loss, outcome.last_accuracy),
    )
    cells = [
        Cell(f"{_epoch(outcome.stop_epoch)} <small>{escape(stopped)}</small>", outcome.stop_epoch.mean, titles[1]),
        Cell(_epoch(outcome.restored_epoch), outcome.restored_epoch.mean, titles[2]),
        *(
            Cell(_score(loss, accuracy), loss.mean, title)
            for (loss, accuracy), title in zip(scores, titles[3:6], strict=True)
        ),
        Cell(f"{100 * outcome.saved:.0f}%", outcome.saved, titles[6]),
    ]
    return Row(index, outcome.variant, style(index).colour, cells)


def _epoch(epochs: Spread) -> str:
    """The mean over seeds, and their range."""
    if epochs.mean is None:
        return "–"
    spread = f" <small>({epochs.low:.0f}–{epochs.high:.0f})</small>" if epochs.low != epochs.high else ""
    return f"{epochs.mean:.0f}{spread}"


def _score(loss: Spread, accuracy: Spread) -> str:
    if loss.mean is None:
        return "–"
    share = "" if accuracy.mean is None else f" <small>{100 * accuracy.mean:.1f}%</small>"
    return f"{loss.mean:.3f}{share}"


def _draw_map(variants: Sequence[VariantSummary], rule: StoppingRule, revision: str) -> None:
    """How the loss of what would be restored depends on patience and min_delta, for one variant."""
    names = [variant.name for variant in variants]
    name = st.selectbox(text.MAP_OF, names, key=f"what_if.{revision}.map", format_func=plain)
    variant = variants[names.index(name)]
    losses = map_rule(variant.runs, rule, PATIENCES, MIN_DELTAS)
    drawn = map_figure(losses, PATIENCES, MIN_DELTAS, (rule.patience, rule.min_delta))
    low, high = (format_number(float(pick(losses[losses == losses], default=float("nan")))) for pick in (min, max))
    words = text.MAP_ALT.format(variant=name, low=low, high=high)
    live_chart(drawn, key="rule_map", alt=words, height=MAP_HEIGHT)
    st.caption(plain(words))
