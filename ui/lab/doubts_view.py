"""What to look at before training on one's own data, each with what can be done about it."""

from functools import lru_cache

import streamlit as st

from datasets.checks import check_split
from datasets.dataset import Dataset
from datasets.reading.description import Doubt
from datasets.uploads import Upload
from ui import text
from ui.components.plain import plain
from ui.lab.own_data import change_column
from wording.language import language


@lru_cache(maxsize=32)
def _check_split(dataset: Dataset, seed: int, _language: str) -> tuple[Doubt, ...]:
    """A page asks the same on each of its runs. Doubts are in a language, which therefore belongs to the key."""
    return check_split(dataset, seed)


def draw_doubts(dataset: Upload, seed: int) -> None:
    """A note for each doubt; a column that it is about can be left out or kept."""
    for place, doubt in enumerate((*dataset.description.doubts, *_check_split(dataset, seed, language()))):
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
