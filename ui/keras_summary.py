"""Keras's `summary()` of a variant's model on the page, once a worker has said it."""

from contextlib import suppress

import streamlit as st

from training.experiment import Experiment, Variant
from training.model_summary import SummaryError, forget, model_summary
from ui import text
from ui.plain import plain
from ui.services import services

SECONDS_BETWEEN_LOOKS = 1.0
HEIGHT = 480
"""A deep net has hundreds of lines."""


def draw_summary(experiment: Experiment, variant: Variant, *, key: str) -> None:
    """An expander with the summary; while it is open and a worker still builds, it looks again by itself."""
    with st.expander(text.KERAS_SUMMARY, key=key, on_change="rerun") as opened:
        if not opened.open:
            return
        service = services()
        try:
            summary = model_summary(service.queue, experiment, variant)
        except SummaryError as error:
            st.warning(text.SUMMARY_FAILED.format(reason=plain(str(error))))
            forget()  # the next look asks anew
            return
        if summary is None:
            st.fragment(_wait, run_every=SECONDS_BETWEEN_LOOKS)(experiment, variant)
        else:
            st.code(summary, language=None, height=HEIGHT)


def _wait(experiment: Experiment, variant: Variant) -> None:
    """Says what is waited for; the whole page is drawn once more when there is an answer."""
    queue = services().queue
    with suppress(SummaryError):  # the page draws it
        if model_summary(queue, experiment, variant) is None:
            st.info(text.SUMMARY_WAITS if queue.state.ready_workers else text.SUMMARY_WARMING_UP)
            return
    st.rerun()
