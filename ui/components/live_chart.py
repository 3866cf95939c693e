"""A Plotly chart that keeps zoom, hidden legend entries and hover while new data arrive.

`st.plotly_chart` mounts its chart anew whenever the data change. This component calls `Plotly.react` on one
element that stays. The library and what draws with it come once per page from the app's static folder: component
scripts travel with every message (Streamlit 1.67), 4.8 MB a refresh with plotly.js inside.
"""

import os
import re
import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import streamlit as st

from charts.plotly_bundle import plotly_js_name, plotly_js_path

SHOW_AS_TABLE = "Show as table"
CHART_FAILED = "This chart could not load. Reload the page to try again."

STATIC_FOLDER = Path(__file__).parents[2] / "static"
DRAWING = Path(__file__).with_name("chart_drawing.js")
HTML = (
    '<div class="live-chart-legend"></div><div class="live-chart" role="img" tabindex="0">'
    '<div class="live-chart-plot"></div><p class="live-chart-message"></p></div>'
    '<details class="live-chart-table" hidden><summary></summary><table></table></details>'
    '<p class="live-chart-status" role="status"></p>'
)


def live_chart(figure: dict[str, Any], *, key: str, alt: str, height: int, legend: str = "", status: str = "") -> None:
    """Show `figure` and update it in place on the next runs under the same key.

    Args:
        figure: a Plotly figure as a plain dictionary, `data` and `layout`. Colours of text, grid and
            background are set in the browser from the page's theme, and follow it.
        key: names the chart on its page; the person's zoom and hidden entries belong to it.
        alt: what the chart shows, in words, for those who do not see it.
        height: pixels; a narrow screen adds what the legend below the chart needs.
        legend: HTML above the chart, of our own making.
        status: read aloud by a screen reader whenever it changes.
    """
    ensure_scripts(STATIC_FOLDER)
    data = {
        "figure": figure, "alt": alt, "height": height, "legend": legend, "status": status,
        "plotly": plotly_js_name(), "drawing": drawing_name(), "failed": CHART_FAILED, "as_table": SHOW_AS_TABLE,
    }  # fmt: skip
    _component(key=key, data=data)


@cache
def ensure_scripts(folder: Path) -> None:
    """Copy plotly.js from the installed package, and what draws with it, into `folder` unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    for source, name in ((plotly_js_path(), plotly_js_name()), (DRAWING, drawing_name())):
        if not (folder / name).exists():
            _copy(source, folder / name)


@cache
def drawing_name() -> str:
    """A file name that changes with the drawing script, so that browsers may keep the file."""
    return f"chart-drawing-{sha256(DRAWING.read_bytes()).hexdigest()[:12]}.js"


def _copy(source: Path, target: Path) -> None:
    """Several servers may start at once on one folder: the copy appears under its name only when it is whole."""
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=target.stem, suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(source.read_bytes())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)


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
