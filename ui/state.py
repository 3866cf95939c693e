"""The names of session-state keys and URL parameters, and how pages hand each other choices.

`st.session_state` holds choices and identifiers, never results.
"""

from typing import Any

import streamlit as st

EXPERIMENT_PARAMETER = "experiment"
CONFIGURATION_PARAMETER = "configuration"

BEGUN = "begun"
"""Whether the session has had a page."""
SHOWN_EXPERIMENT = "shown_experiment"
DRAFT = "draft"
UNDO = "undo"
READ_CONFIGURATION = "read_configuration"
VISITOR = "visitor"
FORM_NOTICE = "form_notice"
REFUSAL = "refusal"
SEEDS_REFUSAL = "seeds_refusal"
OWN_FILE = "own_file"
REFUSED_FILE = "refused_file"
"""The file in the uploader that was refused, how it was read, and why: it is not read again at each turn."""
WHAT_IF = "what_if_rules"
"""Experiment (or recorded example) -> the stopping rule that the person marks on its curves."""
FAILED_QUESTIONS = "failed_questions"
"""Questions about reference lines that a worker failed at."""
RECORDING = "recording"
"""The preset whose recorded result is shown while no experiment is."""
LEARN_DRAWS = "learn_draws"
"""How often each picture of the Learn page was drawn anew."""


def shown_experiment() -> str | None:
    """The experiment that the Lab shows: the URL's, else the one shown before the person changed pages."""
    identifier = st.query_params.get(EXPERIMENT_PARAMETER)
    if identifier is None and CONFIGURATION_PARAMETER not in st.query_params:
        identifier = st.session_state.get(SHOWN_EXPERIMENT)
        if identifier:
            st.query_params[EXPERIMENT_PARAMETER] = identifier
    st.session_state[SHOWN_EXPERIMENT] = identifier
    return identifier


def show_experiment(identifier: str | None) -> None:
    """Makes the Lab show this experiment, or the recorded one for None."""
    st.session_state[SHOWN_EXPERIMENT] = identifier
    st.query_params.clear()
    if identifier:
        st.query_params[EXPERIMENT_PARAMETER] = identifier


def take(key: str) -> Any:
    """The value under a session key, which is then gone."""
    return st.session_state.pop(key, None)
