"""The language of whoever looks: the address's, else the one that was chosen, else the browser's."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui import state, text
from wording.language import ENGLISH, LANGUAGES, OFFERED, ask_whom, language, speak

CHOICE = "language_choice"

_SCRIPT = "export default function ({ data }) { document.documentElement.lang = data.language; }"
_browser = st.components.v2.component("regularizer_lab_language", js=_SCRIPT)


def settle_language() -> None:
    """Begins a run of a page: an address without a language gets the one that was chosen, so that it stays in links."""
    asked = st.query_params.get(state.LANGUAGE_PARAMETER)
    if asked in LANGUAGES:
        st.session_state[state.LANGUAGE] = asked
    elif chosen := st.session_state.get(state.LANGUAGE):
        st.query_params[state.LANGUAGE_PARAMETER] = chosen
    speak(None)


def draw_language_choice() -> None:
    """The choice in the head of a page."""
    st.session_state[CHOICE] = language() if language() in OFFERED else None
    st.segmented_control(
        text.LANGUAGE,
        OFFERED,
        format_func=LANGUAGES.__getitem__,
        key=CHOICE,
        on_change=_choose,
        label_visibility="collapsed",
    )


def tell_browser() -> None:
    """Says the page's language at its root: screen readers and fonts go by it."""
    _browser(key=f"page_language_{language()}", data={"language": language()})


def _choose() -> None:
    chosen = st.session_state[CHOICE] or language()  # a second press on the chosen one
    st.session_state[state.LANGUAGE] = chosen
    st.query_params[state.LANGUAGE_PARAMETER] = chosen


def _language_of_viewer() -> str | None:
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    chosen = st.session_state.get(state.LANGUAGE) or st.query_params.get(state.LANGUAGE_PARAMETER)
    if chosen in LANGUAGES:
        return str(chosen)
    browsers = (st.context.locale or "").partition("-")[0]
    return browsers if browsers in OFFERED else ENGLISH


ask_whom(_language_of_viewer)
