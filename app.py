"""Regularizer Lab: page configuration and navigation."""

import streamlit as st

from ui import text
from ui.learn import learn_text

st.set_page_config(page_title=text.APP, page_icon="ui/favicon.png", layout="wide")
st.navigation(
    [
        st.Page("pages/lab.py", title=text.LAB, icon=":material/science:", default=True),
        st.Page("pages/learn.py", title=learn_text.LEARN, icon=":material/school:"),
        st.Page("pages/runs.py", title=text.RUNS, icon=":material/list:"),
    ],
    position="top",
).run()
