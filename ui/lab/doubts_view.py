"""What to look at before training on one's own data, each with what can be done about it."""

from functools import lru_cache

import streamlit as st

from datasets.checks import check_split
from datasets.uploads import Upload
from ui import text
from ui.components.plain import plain
from ui.lab.own_data import change_column

_check_split = lru_cache(maxsize=32)(check_split)
"""A page asks the same on each of its runs."""


def draw_doubts(dataset: Upload, seed: int) -> None:
    """A note for each doubt; a column that it is about can be left out or kept."""
    for place, doubt in enumerate((*dataset.description.doubts, *_check_split(dataset, seed))):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f":material/priority_high: {plain(doubt.text)}")
            if doubt.column is not None:
                label, use = (text.KEEP, "feature") if doubt.left_out else (text.LEAVE_OUT, "ignore")
                st.button(
                    label,
                    key=f"doubt_{dataset.sha256[:12]}_{place}",
                    type="tertiary",
                    on_click=change_column,
                    args=(doubt.column,),
                    kwargs={"use": use},
                )
