"""Keras's `summary()` of a variant's model on the page, once a worker has said it."""

import streamlit as st

from experiment.spec import Experiment, Variant
from training.dispatch.questions import QuestionError, ask_summary
from ui import text
from ui.components.plain import plain
from ui.components.worker_answer import draw_answer
from ui.services import services

HEIGHT = 480
"""A deep net has hundreds of lines."""


def draw_summary(experiment: Experiment, variant: Variant, *, key: str) -> None:
    """An expander with the summary."""
    with st.expander(text.KERAS_SUMMARY, key=key, on_change="rerun") as opened:
        if not opened.open:
            return
        service = services()
        try:
            question = ask_summary(experiment, variant, service.queue.limits, service.store.url)
        except QuestionError as error:
            st.warning(text.SUMMARY_FAILED.format(reason=plain(str(error))))
            return
        draw_answer(
            question,
            lambda summary: st.code(summary, language=None, height=HEIGHT),
            waiting=text.SUMMARY_WAITS,
            warming_up=text.SUMMARY_WARMING_UP,
            failed=text.SUMMARY_FAILED,
        )
