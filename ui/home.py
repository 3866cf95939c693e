"""Every session begins here: page configuration and navigation."""

import streamlit as st

from ui import text
from ui.language import settle_language
from ui.layout import LAB_PAGE, LEARN_PAGE, RUNS_PAGE
from ui.learn import learn_text

settle_language()
st.set_page_config(page_title=text.APP, page_icon="ui/favicon.png", layout="wide")
st.navigation(
    [
        st.Page(LAB_PAGE, title=text.LAB, icon=":material/science:", default=True),
        st.Page(LEARN_PAGE, title=learn_text.LEARN, icon=":material/school:"),
        st.Page(RUNS_PAGE, title=text.RUNS, icon=":material/list:"),
    ],
    position="hidden" if st.context.is_embedded else "top",
).run()
