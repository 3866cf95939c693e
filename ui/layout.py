"""How all pages begin: within the app, with less room above, and a title of the same size."""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from experiment.version import PROGRAM_AND_VERSION
from ui import state

_STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding-top: 4rem; }
h1 { font-size: 1.6rem !important; padding: 0 !important; }
</style>"""


def begin_within_app() -> None:
    """Starts a session's first page over through `app.py` if it was run without it (docs/decisions/0014).

    Only the first: a later run carries what was pressed, which would be lost, and AppTest forgets between two runs that
    the app has called `st.navigation`.
    """
    first = state.BEGUN not in st.session_state
    st.session_state[state.BEGUN] = True
    if first and PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False  # as the first `st.navigation` in a process sets it
        st.rerun()


def draw_footer() -> None:
    """Ends a page: which version of the program this is."""
    st.caption(PROGRAM_AND_VERSION, text_alignment="center")


def draw_title(title: str, introduction: str) -> None:
    """Begins a page."""
    st.html(_STYLE)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.title(title, anchor=False, width="content")
        st.markdown(introduction, width="stretch")
