"""The way through the Learn page: six steps in ten minutes, of which the address says which one is shown."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from ui import state
from ui.learn.steps import by_heart, disturb, luck, predict, stopping, weights
from ui.learn.steps.frame import Places
from wording.language import _


@dataclass(frozen=True)
class Step:
    """A step: what it is called, and what draws it."""

    name: Callable[[], str]
    draw: Callable[[Places], None]


STEPS = tuple(Step(module.name_step, module.draw) for module in (by_heart, stopping, luck, weights, disturb, predict))
CHOSEN_KEY = "learn_step"
TO_THE_TOP = """<script>/* STEP */
document.querySelector(".st-key-learn_step").scrollIntoView({ block: "start" });
</script>"""
"""On a phone a step is taller than the screen, and the ways on stand at its end."""


def seconds_between_drawings() -> float | None:
    """How often the path is drawn by itself."""
    growing = STEPS[state.learn_step(len(STEPS)) - 1].draw is stopping.draw
    return stopping.seconds_between_drawings() if growing else None


def draw_path(drawn_every: float | None) -> None:
    """The row of steps, and the one that is shown; a fragment, so that a slider of it draws nothing else anew.

    Args:
        drawn_every: how often the fragment runs by itself; once it should be otherwise, the whole page runs.
    """
    if drawn_every != seconds_between_drawings():
        st.rerun()
    shown = state.learn_step(len(STEPS))
    _draw_row(shown)
    if state.take(state.LEARN_MOVED):
        st.html(TO_THE_TOP.replace("STEP", str(shown)), unsafe_allow_javascript=True)
    with st.container(border=True, key="lesson"):
        places = Places(*(st.container(key=f"lesson_{part}") for part in ("words", "figure", "said")))
        with places.words:
            st.subheader(f"{shown}. {STEPS[shown - 1].name()}", anchor=False)
        STEPS[shown - 1].draw(places)
        with places.said:
            _draw_ways(shown)


def _draw_row(shown: int) -> None:
    st.session_state[CHOSEN_KEY] = shown
    st.segmented_control(
        _("Step"), range(1, len(STEPS) + 1), format_func=lambda step: f"**{step}** {STEPS[step - 1].name()}",
        required=True, key=CHOSEN_KEY, on_change=_follow_row, label_visibility="collapsed", width="stretch",
    )  # fmt: skip


def _follow_row() -> None:
    _go(st.session_state[CHOSEN_KEY])


def _move(step: int) -> None:
    _go(step)
    st.session_state[state.LEARN_MOVED] = True


def _go(step: int) -> None:
    stopping.leave()
    state.show_step(step)


def _draw_ways(shown: int) -> None:
    """To the step before, and on."""
    with st.container(horizontal=True, gap="small"):
        if shown > 1:
            st.button(_("Back"), key="learn_back", on_click=_move, args=(shown - 1,))
        if shown < len(STEPS):
            label = _("Next: {step}").format(step=STEPS[shown].name())
            st.button(label, key="learn_next", type="primary", on_click=_move, args=(shown + 1,))
