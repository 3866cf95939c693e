"""What a worker answers to a page: asked for when it is looked at, drawn as soon as it is there."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from training.dispatch.questions import Question, QuestionError
from ui.components.plain import plain
from ui.services import services
from ui.visitor import visitor

SECONDS_BETWEEN_LOOKS = 0.5


def draw_answer(
    question: Question, draw: Callable[[Any], object], *, waiting: str, warming_up: str, failed: str
) -> None:
    """Draws the answer with `draw`; until then says what is waited for, and looks again by itself.

    Args:
        question: asked once for all sessions.
        draw: takes the answer.
        waiting: said while a worker computes.
        warming_up: said while no worker is ready.
        failed: said where the worker failed; `{reason}` in it is the worker's.
    """
    try:
        answer = services().queue.questions.answer(question, visitor() or "")
    except QuestionError as error:
        st.warning(failed.format(reason=plain(str(error))))
        return
    if answer is None:
        st.fragment(_wait, run_every=SECONDS_BETWEEN_LOOKS)(question, waiting, warming_up)
    else:
        draw(answer)


def _wait(question: Question, waiting: str, warming_up: str) -> None:
    queue = services().queue
    if queue.questions.is_answered(question, visitor() or ""):
        st.rerun()  # the whole page once more, without the timer
    st.caption(waiting if queue.state.ready_workers else warming_up)
