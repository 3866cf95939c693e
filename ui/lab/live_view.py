"""Live: each change in the form is trained at once, beside the curves from before it; a strip shows what was tried."""

import time
from base64 import b64encode
from functools import lru_cache
from html import escape

import numpy as np
import streamlit as st

from analysis.summary import RunSummary
from charts.palette import style
from experiment.judging import judging_of
from experiment.live import changes_of, count_tried, find_replaced, judge_replaced, say_tried
from experiment.presets import FIRST_VISIT
from experiment.spec import Experiment, ExperimentError
from ui import state, text
from ui.client_address import client_address
from ui.components.plain import plain
from ui.lab.changes_in_words import say_changes
from ui.lab.experiment_form import keep_variant, load_draft
from ui.lab.history import PRESET, beside_whom, chain, compared_with, read_place, runs_at
from ui.services import services, summaries
from wording.live import say_replaced
from wording.numbers import format_number

SECONDS_OF_REST = 0.3
"""A change is trained once nothing else has changed for so long."""

STEPS_SHOWN = 24
SPARK_WIDTH, SPARK_HEIGHT, SPARK_POINTS = 132, 40, 60
STEEP = 10
"""Of how many parts the first, in which every loss falls, is cut off at the top."""


def draw_live_switch() -> bool:
    """The switch beside Train."""
    return st.toggle(text.LIVE, key="live", help=text.LIVE_HELP)


def follow_changes(drafted: Experiment | ExperimentError, shown: Experiment, place: str, who: str | None) -> None:
    """Trains what the form holds, where that is another experiment than the one shown.

    Args:
        drafted: what the form holds, or why that is no experiment.
        shown: what the results are of.
        place: its identifier, or `PRESET` and the name of a recorded example.
        who: the visitor.
    """
    if who is None or isinstance(drafted, ExperimentError) or not changes_of(shown, drafted):
        return
    queue = services().queue
    if queue.limits.active_runs is not None and queue.state.waiting - {who}:
        st.session_state[state.LIVE_WAITS] = True
        return
    time.sleep(SECONDS_OF_REST)
    st.empty()  # here Streamlit looks whether something else was changed meanwhile, and begins again with that
    last = _last_step(place)
    history = {one: experiment for one in chain(last) if (experiment := read_place(one))}
    for one, experiment in history.items():
        if not changes_of(experiment, drafted):  # tried before
            _show(one, last)
            st.rerun()
    counted = say_tried(drafted, count_tried(history.values(), drafted))
    try:
        identifier = queue.try_step(counted, who, client_address(), previous_id=last, compared_id=place)
    except ExperimentError as error:
        st.session_state[state.REFUSAL] = str(error)
        return
    st.session_state[state.LAST_STEP] = identifier
    st.session_state[state.JUST_TRAINED] = True
    state.show_experiment(identifier)
    st.rerun()


def place_of(identifier: str | None) -> str:
    """What is shown, as a step names it."""
    return identifier or f"{PRESET}{st.session_state.get(state.RECORDING, FIRST_VISIT)}"


def _last_step(place: str) -> str:
    """The end of the history that a place belongs to: what was tried last, or itself."""
    last: str = st.session_state.get(state.LAST_STEP, place)
    return last if place in chain(last) else place


def draw_replaced(identifier: str, experiment: Experiment, runs: tuple[RunSummary, ...]) -> None:
    """What the changed variants are against what they were, by the verdict's one rule."""
    place = compared_with(identifier)
    before = place and read_place(place)
    if place and before:
        old = runs_at(place, before)
        for found in find_replaced(before, experiment):
            change = say_changes(changes_of(before, experiment))
            st.markdown(plain(say_replaced(change, judge_replaced(found, old, experiment, runs))))


def draw_steps(identifier: str, *, owned: bool) -> None:
    """The strip of what was tried, the oldest first; nothing where the experiment was no step."""
    last = _last_step(identifier)
    places = chain(last)[-STEPS_SHOWN:]
    if len(places) < 2:
        return
    experiments = {place: found for place in places if (found := read_place(place))}
    tried = max(judging_of(experiment).tried or len(experiment.variants) for experiment in experiments.values())
    compared = beside_whom(last)
    with st.container(border=True, gap="xsmall", key="steps_panel"):
        st.markdown(f"**{text.STEPS}**", help=text.STEPS_HELP.format(tried=tried))
        with st.container(horizontal=True, gap="small", key="steps"):
            for number, (place, experiment) in enumerate(experiments.items()):
                before = experiments.get(compared.get(place) or "")
                with st.container(border=True, gap=None, width=SPARK_WIDTH + 34, key=f"step_{number}"):
                    _draw_step(place, experiment, before, last, shown=place == identifier, owned=owned)


def _draw_step(
    place: str, experiment: Experiment, before: Experiment | None, last: str, *, shown: bool, owned: bool
) -> None:
    replaced = find_replaced(before, experiment) if before else ()
    name = replaced[0].name if replaced else experiment.variants[-1].name
    label = say_changes(changes_of(before, experiment)) if before else text.STEP_FIRST
    st.html(_spark(runs_at(place, experiment), name, [variant.name for variant in experiment.variants].index(name)))
    st.caption(plain(label))
    with st.container(horizontal=True, gap="small"):
        st.button(
            text.STEP_SHOWN if shown else text.STEP_SHOW,
            key=f"show_step_{place}",
            type="tertiary",
            disabled=shown,
            on_click=_show_in_form,
            args=(place, experiment, last),
        )
        if owned and before and not shown:
            st.button(
                text.STEP_KEEP,
                key=f"keep_step_{place}",
                type="tertiary",
                help=text.STEP_KEEP_HELP,
                on_click=keep_variant,
                args=(experiment.variant(name), label),
            )


def _show_in_form(place: str, experiment: Experiment, last: str) -> None:
    load_draft(experiment)
    _show(place, last)


def _show(place: str, last: str) -> None:
    """Shows a step; `last` is the one that was tried last."""
    st.session_state[state.LAST_STEP] = last
    preset = place.startswith(PRESET)
    if preset:
        st.session_state[state.RECORDING] = place.removeprefix(PRESET)
    state.show_experiment(None if preset else place)


@lru_cache(maxsize=256)
def _spark(runs: tuple[RunSummary, ...], name: str, place: int) -> str:
    """The mean validation loss of a variant as a small line."""
    curve = next(
        (variant.mean.get("val_loss", np.empty(0)) for variant in summaries(runs) if variant.name == name), np.empty(0)
    )
    if not np.isfinite(curve).any():
        return _image("", "")
    low, high = float(np.nanmin(curve)), float(np.nanmax(curve[len(curve) // STEEP :]))
    kept = np.unique(np.linspace(0, len(curve) - 1, SPARK_POINTS).astype(int))
    x = 2 + (SPARK_WIDTH - 4) * kept / max(len(curve) - 1, 1)
    y = 3 + (SPARK_HEIGHT - 6) * (high - np.minimum(curve[kept], high)) / max(high - low, 1e-9)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True) if np.isfinite(b))
    line = f'<polyline points="{points}" fill="none" stroke="{style(place).colour}" stroke-width="2"/>'
    return _image(line, text.STEP_ALT.format(lowest=format_number(low)))


def _image(drawn: str, words: str) -> str:
    """An image, since a page takes no SVG of its own."""
    size = f'width="{SPARK_WIDTH}" height="{SPARK_HEIGHT}"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{drawn}</svg>'
    return f'<img {size} alt="{escape(words)}" src="data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}">'
