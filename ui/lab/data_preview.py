"""A look at the data of the form: sample images, a scatter, or the first rows of a table."""

from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st

from charts.data_preview import images_figure, scatter_figure
from datasets.downloads import Download
from datasets.registry import Arrays, Dataset, Kind
from datasets.split import choose_rows
from datasets.uploads import Upload
from ui import text
from ui.components.frames import disarm_frame
from ui.components.live_chart import live_chart
from ui.components.plain import plain
from ui.lab.download_view import draw_download
from ui.server.later import is_loaded
from wording.language import _

SECONDS_BETWEEN_LOOKS = 1.0

SHOWN: dict[Kind, int] = {"image": 18, "table": 8, "points": 3000}
"""Rows of the preview; any first rows of a training set have its share of each class."""


@lru_cache(maxsize=4)
def _load(dataset: Dataset) -> Arrays:
    return dataset.load()


@lru_cache(maxsize=64)
def _training_rows(dataset: Dataset, seed: int) -> tuple[Any, Any]:
    """The first unscaled training rows that a run with this seed sees, and their labels, noise included."""
    arrays = _load(dataset.whole)
    chosen, shown = choose_rows(dataset, arrays.y, seed), SHOWN[dataset.kind]
    return arrays.x[chosen.train[:shown]], chosen.labels[:shown]


def draw_preview(dataset: Dataset, seed: int) -> None:
    """Draws what fits the kind of the data set, below its sizes."""
    rows = text.ROWS.format(train=dataset.training_rows, held_out=dataset.held_out)
    if dataset.judged_rows < dataset.training_rows:
        rows += text.ROWS_JUDGED.format(judged=dataset.judged_rows)
    st.caption(rows)
    if isinstance(dataset, Download) and dataset.missing:
        draw_download(dataset)
        return
    if isinstance(dataset, Upload):
        _draw_classes(dataset)
    if not is_loaded():
        st.fragment(_wait_for_libraries, run_every=SECONDS_BETWEEN_LOOKS)()
        return
    x, y = _training_rows(dataset, seed)
    arrays = _load(dataset.whole)
    names, features = arrays.class_names, arrays.feature_names
    st.caption(text.PREVIEW.format(seed=seed))
    alt = text.PREVIEW_ALT.format(name=_(dataset.label))
    if dataset.kind == "image":
        images = x[..., 0] if x.shape[-1] == 1 else x
        live_chart(images_figure(images, [names[label] for label in y]), key="preview_images", alt=alt, height=290)
    elif dataset.kind == "points":
        live_chart(scatter_figure(x, y, names, features), key="preview_points", alt=alt, height=300)
    else:
        import pandas as pd

        table = pd.DataFrame(x, columns=list(features))
        table.insert(0, _unused(text.CLASS, features), np.array(names)[y])
        st.dataframe(disarm_frame(table), hide_index=True, height=220)


def _wait_for_libraries() -> None:
    """On a fresh server the rows come some seconds later than the rest of the page."""
    if is_loaded():
        st.rerun()
    st.caption(text.PREVIEW_LATER)


def _draw_classes(dataset: Upload) -> None:
    """What was done to the file, and how many rows each class has."""
    if notes := dataset.description.notes:
        st.caption(plain(" ".join(notes)))
    import pandas as pd

    counts = dataset.table.class_counts
    balance = pd.DataFrame(
        {
            text.CLASS: list(dataset.description.classes),
            text.CLASS_ROWS: counts,
            text.CLASS_SHARE: counts / counts.sum(),
        }
    )
    share = st.column_config.ProgressColumn(text.CLASS_SHARE, format="percent", min_value=0, max_value=1)
    st.caption(text.CLASS_BALANCE)
    config = {text.CLASS_SHARE: share}
    st.dataframe(disarm_frame(balance), hide_index=True, column_config=config, height="auto")


def _unused(name: str, taken: tuple[str, ...]) -> str:
    """The name, or one like it that no column has."""
    while name in taken:
        name = f"({name})"
    return name
