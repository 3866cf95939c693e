"""Regularizer Lab: the server. `streamlit run app.py` starts it; every session begins in ui/home.py."""

import streamlit as st

from ui.server.app import lifespan, middleware, prepare, routes
from ui.server.outage import draw_outage

prepare()
app = st.App("ui/home.py", lifespan=lifespan, middleware=middleware(), routes=routes(), on_script_error=draw_outage)
