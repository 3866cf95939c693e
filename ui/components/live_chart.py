"""A Plotly chart that keeps zoom, hidden legend entries and hover while new data arrive.

`st.plotly_chart` mounts its chart anew whenever the data change. This component calls `Plotly.react` on one
element that stays. The library and what draws with it come once per page from the app's static folder: component
scripts travel with every message (Streamlit 1.67), 4.8 MB a refresh with plotly.js inside.
"""

import re
from pathlib import Path
from typing import Any, TypedDict

import streamlit as st

from charts.plotly_bundle import PLOTLY_JS
from ui.server.static_files import drawing_name
from wording.language import _, say_later

SHOW_AS_TABLE = say_later("Show as table")
CHART_FAILED = say_later("This chart could not load. Reload the page to try again.")

HTML = (
    '<div class="live-chart-legend"></div><div class="live-chart" role="img" tabindex="0">'
    '<div class="live-chart-plot"></div><p class="live-chart-message"></p></div>'
    '<details class="live-chart-table" hidden><summary></summary><table></table></details>'
    '<p class="live-chart-status" role="status"></p>'
)


class Chart(TypedDict):
    """What an experiment's chart shows, by the page or by the live road; see `live_chart`."""

    figure: dict[str, Any]
    alt: str
    height: int
    legend: str


def live_chart(figure: dict[str, Any], *, key: str, alt: str, height: int, legend: str = "", status: str = "") -> None:
    """Show `figure` and update it in place on the next runs under the same key, or by the live road under that name.

    Args:
        figure: a Plotly figure as a plain dictionary, `data` and `layout`. Colours of text, grid and
            background are set in the browser from the page's theme, and follow it.
        key: names the chart on its page; the person's zoom and hidden entries belong to it.
        alt: what the chart shows, in words, for those who do not see it.
        height: pixels; a narrow screen adds what the legend below the chart needs.
        legend: HTML above the chart, of our own making.
        status: read aloud by a screen reader whenever it changes.
    """
    data = {
        "figure": figure, "alt": alt, "height": height, "legend": legend, "status": status, "live": key,
        "plotly": PLOTLY_JS, "drawing": drawing_name(),
        "buttons": [_("Save as PNG"), _("Save as SVG"), _("Reset axes")],
        "failed": _(CHART_FAILED), "as_table": _(SHOW_AS_TABLE),
    }  # fmt: skip
    _component(key=key, data=data)


def read_script() -> str:
    """Return the component's JavaScript without indentation and comment lines: it is sent with every refresh."""
    source = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    return re.sub(r"^\s*(?://.*)?\n|^[ \t]+", "", source, flags=re.MULTILINE)


_component = st.components.v2.component(
    "regularizer_lab_live_chart",
    html=HTML,
    css=Path(__file__).with_suffix(".css").read_text(encoding="utf-8"),
    js=read_script(),
    isolate_styles=False,  # plotly.js puts its own style rules into the page's head
)
