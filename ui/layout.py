"""Where the pages are, and how all begin and end: less room above, a title of the same size."""

from pathlib import Path

import streamlit as st

from experiment.version import PROGRAM_AND_VERSION
from ui.language import draw_language_choice, tell_browser

_PAGES = Path(__file__).parents[1] / "pages"
LAB_PAGE, LEARN_PAGE, RUNS_PAGE = (_PAGES / name for name in ("lab.py", "learn.py", "runs.py"))

_STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding-top: 4rem; }
h1 { font-size: 1.6rem !important; padding: 0 !important; }
.st-key-language_choice { position: fixed; top: 0.6rem; right: 3.5rem; width: auto; z-index: 999991; }
:lang(ko) [data-testid="stMarkdownContainer"] * { word-break: keep-all; overflow-wrap: anywhere; }
</style>"""
"""The choice of language is in Streamlit's header, left of its sign of running. Korean breaks lines between words."""


def draw_footer() -> None:
    """Ends a page: which version of the program this is."""
    st.caption(PROGRAM_AND_VERSION, text_alignment="center")
    tell_browser()


def draw_title(title: str, introduction: str) -> None:
    """Begins a page."""
    st.html(_STYLE)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.title(title, anchor=False, width="content")
        st.markdown(introduction, width="stretch")
    draw_language_choice()
