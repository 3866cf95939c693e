"""How all pages begin: within the app, with less room above, and a title of the same size."""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

_STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding-top: 4rem; }
h1 { font-size: 1.6rem !important; padding: 0 !important; }
</style>"""


def begin_within_app() -> None:
    """Starts a page over through `app.py` if it was run without it (docs/decisions/0014)."""
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False  # as the first `st.navigation` in a process sets it
        st.rerun()


def draw_title(title: str, introduction: str) -> None:
    """Begins a page."""
    st.html(_STYLE)
    st.title(title, anchor=False)
    st.markdown(introduction)
