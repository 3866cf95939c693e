"""The names of session-state keys and URL parameters, and how pages hand each other choices.

`st.session_state` holds choices and identifiers, never results.
"""

from typing import Any

import streamlit as st

EXPERIMENT_PARAMETER = "experiment"
CONFIGURATION_PARAMETER = "configuration"
STEP_PARAMETER = "step"
"""Of the Learn page: which of its steps is shown, from 1."""
LANGUAGE_PARAMETER = "lang"

LANGUAGE = "language"
"""The one that was chosen, or asked for by the address; without it the browser's counts."""

PAGE = "page"
"""The page that was looked at last."""
SHOWN_BEFORE = "shown_before"
"""What the Lab showed in its last run: an experiment's identifier, or None, and the recorded example."""
KEPT_FILE = "kept_file"
"""The file of one's own that the form held last, with how it is read: it outlives a look at other data sets."""
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
ROAD_CLOSED = "road_closed"
"""Whether the browser cannot reach the route that curves come by."""
RECORDING = "recording"
"""The preset whose recorded result is shown while no experiment is."""
JUST_TRAINED = "just_trained"
"""Whether the page is drawn because somebody has just begun to train."""
LAST_STEP = "last_step"
"""What was tried last in Live: the end of the strip, whichever of its steps is shown."""
LIVE_WAITS = "live_waits"
"""Whether Live rests because others wait."""
LEARN_DRAWS = "learn_draws"
"""How often each picture of the Learn page was drawn anew."""
LEARN_ONSET = "learn_onset"
"""The epoch at which the person says that the net of the first step stops getting better."""
LEARN_TRAINING = "learn_training"
"""When the curve of the second step began to be drawn, in seconds since 1970."""
LEARN_STOP = "learn_stop"
"""The epoch at which the person stopped it."""
LEARN_SEED = "learn_seed"
"""Which of the recorded seeds the second step draws, from 0."""
LEARN_MOVED = "learn_moved"
"""Whether the step was changed from below it, so that the page should go back to where the step begins."""
LEARN_ENTRY = "learn_entry"
"""What is open below the steps: a technique, or something else that is explained."""


def learn_step(count: int) -> int:
    """The step of the Learn page that the address asks for, from 1; the first where it asks for none of `count`."""
    asked = st.query_params.get(STEP_PARAMETER, "")
    return int(asked) if asked in map(str, range(1, count + 1)) else 1


def show_step(step: int) -> None:
    """Makes the Learn page show this step: one entry of the browser's history."""
    st.query_params[STEP_PARAMETER] = str(step)


def shown_experiment(*, arrived: bool) -> str | None:
    """The experiment that the Lab shows: the URL's; for a person who comes from another page, whose address has none,
    the one shown before.

    Args:
        arrived: whether another page was looked at before.
    """
    identifier = st.query_params.get(EXPERIMENT_PARAMETER)
    if identifier is None and arrived and CONFIGURATION_PARAMETER not in st.query_params:
        identifier = st.session_state.get(SHOWN_EXPERIMENT)
        if identifier:
            st.query_params[EXPERIMENT_PARAMETER] = identifier
    st.session_state[SHOWN_EXPERIMENT] = identifier
    return identifier


def show_experiment(identifier: str | None) -> None:
    """Makes the Lab show this experiment, or the recorded one for None: one entry of the browser's history."""
    st.session_state[SHOWN_EXPERIMENT] = identifier
    wanted = {EXPERIMENT_PARAMETER: identifier} if identifier else {}
    if chosen := st.session_state.get(LANGUAGE):
        wanted[LANGUAGE_PARAMETER] = chosen
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def arrive(page: str) -> bool:
    """Notes which page is looked at; whether it was another one before."""
    before = st.session_state.get(PAGE)
    st.session_state[PAGE] = page
    return before is not None and before != page


def take(key: str) -> Any:
    """The value under a session key, which is then gone."""
    return st.session_state.pop(key, None)
