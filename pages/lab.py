"""Lab: set up an experiment, train it, and watch where overfitting begins."""

import streamlit as st

from training.experiment import ExperimentError
from training.link import decode_link
from training.recorded import FIRST_VISIT
from ui import state, text
from ui.experiment_form import experiment_form, load_draft
from ui.experiment_view import experiment_view, recorded_view
from ui.services import services
from ui.visitor import visitor


def read_configuration() -> None:
    """Fills the form from a configuration link, once."""
    packed = st.query_params.get(state.CONFIGURATION_PARAMETER)
    if packed is None or packed == st.session_state.get(state.READ_CONFIGURATION):
        return
    st.session_state[state.READ_CONFIGURATION] = packed
    try:
        load_draft(decode_link(packed), notice=text.LOADED_FROM_LINK)
    except ExperimentError as error:
        st.session_state[state.FORM_ERROR] = str(error)


def draw_form(who: str | None) -> None:
    """The form, and Train; a refused experiment stays in the form with the reason."""
    refused = state.take(state.FORM_ERROR)
    experiment, top = experiment_form()
    with top:
        if notice := state.take(state.FORM_NOTICE):
            st.success(notice)
        if refused:
            show_mistakes(text.REFUSED, refused)
        if experiment is None:
            show_mistakes(text.FIX_FIRST, st.session_state[state.FORM_ERROR])
        else:
            st.caption(
                text.RUNS_TO_TRAIN.format(
                    variants=text.count(len(experiment.variants), text.VARIANT),
                    seeds=text.count(len(experiment.seeds), text.SEED),
                    runs=text.count(len(experiment.runs()), text.RUN),
                )
            )
        pressed = st.button(
            text.TRAIN,
            type="primary",
            icon=":material/play_arrow:",
            width="stretch",
            disabled=experiment is None or who is None,
        )
    if pressed and experiment is not None and who is not None:
        try:
            state.show_experiment(services().queue.submit(experiment, who))
        except ExperimentError as error:
            st.session_state[state.FORM_ERROR] = str(error)
        st.rerun()


def show_mistakes(title: str, message: str) -> None:
    """All mistakes as a list, as they were typed."""
    st.error(title)
    st.code(message, language=None, wrap_lines=True)


services()
who = visitor()
read_configuration()
st.markdown(text.INTRODUCTION)
form, results = st.columns([2, 3], gap="large")
with form:
    draw_form(who)
with results:
    identifier = state.shown_experiment()
    if identifier is None:
        recorded_view(FIRST_VISIT)
    else:
        experiment_view(identifier, who)
