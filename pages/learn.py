"""Learn: what overfitting is, what Keras calls things, and every technique with a picture to move."""

from collections.abc import Callable

import streamlit as st

from models.techniques import TECHNIQUES
from ui import state
from ui.layout import draw_footer, draw_title
from ui.learn import learn_text, sections
from wording.language import _

LAYOUT = """<style>
[data-testid="stLatex"] .katex { font-size: 1em; }
[data-testid="stLatex"] .katex-display { overflow-x: auto; overflow-y: hidden; padding: 4px 0; }
</style>"""
"""Formulas fit beside their pictures; on a phone the longest can be pushed sideways."""


def section(title: str, draw: Callable[..., None], *arguments: str, key: str, expanded: bool = False) -> None:
    """A section that is drawn, as a fragment of its own, while it is open."""
    with st.expander(title, key=key, expanded=expanded, on_change="rerun") as opened:
        if opened.open:
            st.fragment(draw)(*arguments)


state.arrive("learn")
draw_title(learn_text.LEARN, learn_text.INTRODUCTION)
st.html(LAYOUT)
with st.container(border=True):
    st.markdown(f"**{learn_text.PATH}**")
    st.markdown(learn_text.PATH_STEPS)
section(learn_text.OVERFITTING, sections.draw_overfitting, key="open_overfitting", expanded=True)
section(learn_text.LABELS, sections.draw_labels, key="open_labels")
section(learn_text.NAMES, sections.draw_names, key="open_names")
section(learn_text.NETWORKS, sections.draw_networks, key="open_networks")
st.subheader(learn_text.TECHNIQUES, anchor=False)
for name, technique in TECHNIQUES.items():
    title = f"**{_(technique.label)}** :small[:gray[{_(technique.summary)}]]"
    section(title, sections.draw_technique, name, key=f"open_{name}")
draw_footer()
