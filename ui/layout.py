"""What all pages look like: less room above, and a title of the same size."""

import streamlit as st

_STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding-top: 4rem; }
h1 { font-size: 1.6rem !important; padding: 0 !important; }
</style>"""


def draw_title(title: str, introduction: str) -> None:
    """Begins a page."""
    st.html(_STYLE)
    st.title(title, anchor=False)
    st.markdown(introduction)
