"""The live road: a browser asks a route of this server for what is new, and the page's script need not run.

The component shows nothing. It hands what it gets to the parts of the page by the keys they have (`Chart`, `live_part`,
`sortable_table`), and asks for a run of its fragment when what Streamlit draws has changed. Where the route cannot be
reached it says so, and the page goes back to its timer.
"""

from pathlib import Path

import streamlit as st

from ui import state
from ui.server.static_files import road_name

KEY = "live_road"


def is_closed() -> bool:
    """Whether this session's browser could not reach the route when it last tried."""
    return bool(st.session_state.get(state.ROAD_CLOSED, False))


def live_road(name: str, *, phase: str, stage: str) -> None:
    """Follows a view from this run on.

    Args:
        name: of the view, as `Feeds.register` gives it.
        phase: what the page was drawn in: another one is drawn at once.
        stage: what else of the runs' states it was drawn from: another one is drawn within seconds.
    """
    data = {"view": name, "phase": phase, "stage": stage, "closed": is_closed(), "road": road_name()}
    _component(key=KEY, data=data, on_stage_change=_draw_again, on_closed_change=_remember)


def _draw_again() -> None:
    """The press of a button that nobody sees: the fragment runs."""


def _remember() -> None:
    st.session_state[state.ROAD_CLOSED] = bool(st.session_state[KEY].get("closed"))


_component = st.components.v2.component(
    "regularizer_lab_live_road",
    html="<div hidden></div>",
    js=Path(__file__).with_name("live_road_start.js").read_text(encoding="utf-8"),
)
