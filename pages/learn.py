"""Learn: six steps that a teacher opens in class, everything there is by family, and questions for class."""

import streamlit as st

from ui import state
from ui.layout import draw_footer, draw_title
from ui.learn import learn_text
from ui.learn.families import draw_families
from ui.learn.look import STYLE
from ui.learn.path import draw_path, seconds_between_drawings
from ui.learn.questions import draw_questions

state.arrive("learn")
draw_title(learn_text.LEARN, learn_text.INTRODUCTION)
st.html(STYLE)
every = seconds_between_drawings()
st.fragment(draw_path, run_every=every)(every)
st.fragment(draw_families)()
draw_questions()
draw_footer()
