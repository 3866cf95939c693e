"""Everything that pages share and that knows Streamlit: services, state, the form, charts on the page."""
