"""A page for test_live_chart_browser.py: two curves that grow twice a second, on two addresses."""

import streamlit as st

from charts.typed_arrays import encode_values
from ui.components.live_chart import live_chart

st.set_page_config(layout="wide")


def growing_figure(length: int) -> dict[str, object]:
    colours = {"first": "#0072b2", "second": "#d55e00"}
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "line": {"color": colour},
            "x0": 1,
            "dx": 1,
            "y": encode_values([number / (epoch + 1) for epoch in range(length)]),
        }
        for number, (name, colour) in enumerate(colours.items(), start=1)
    ]
    axis = {"title": {"text": "Epoch"}}
    values = {"range": [0, 1 + length / 100], "uirevision": "linear"}  # asks for another range with every epoch
    return {"data": traces, "layout": {"uirevision": "curves", "xaxis": axis, "yaxis": values, "legend": {}}}


@st.fragment(run_every=0.5)
def stream() -> None:
    st.session_state["length"] = length = st.session_state.get("length", 10) + 1
    live_chart(growing_figure(length), key="curves", alt=f"Two falling curves, {length} epochs", height=300)
    st.text(f"epochs: {length}")


def page() -> None:
    if st.toggle("Chart", value=True):
        stream()


def far() -> None:
    """A chart that lies several screens down."""
    st.html('<div style="height: 4000px"></div>')
    live_chart(growing_figure(10), key="far", alt="Two falling curves", height=300)


st.navigation(
    [
        st.Page(page, title="Home", default=True),
        st.Page(lambda: page(), title="Runs", url_path="runs"),
        st.Page(far, title="Far", url_path="far"),
    ]
).run()
