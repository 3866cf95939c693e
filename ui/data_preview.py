"""A look at the data of the form: sample images, a scatter, or the first rows of a table."""

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from charts.data_preview import images_figure, scatter_figure
from datasets.registry import Arrays, Dataset
from datasets.split import change_labels, split_rows
from ui import text
from ui.live_chart import live_chart

SHOWN_IMAGES = 18
SHOWN_ROWS = 8


@lru_cache(maxsize=32)
def _load(dataset: Dataset) -> Arrays:
    return dataset.load()


@lru_cache(maxsize=64)
def _training_rows(dataset: Dataset, seed: int) -> tuple[Any, Any]:
    """The unscaled training rows that a run with this seed sees, and their labels, noise included."""
    arrays = _load(dataset)
    pool, _, _ = split_rows(arrays.y, dataset.held_out, seed)
    rows = pool[: dataset.training_rows]
    return arrays.x[rows], change_labels(arrays.y[rows], dataset.label_noise, dataset.classes, seed)


def draw_preview(dataset: Dataset, seed: int) -> None:
    """Draws what fits the kind of the data set, below its sizes."""
    x, y = _training_rows(dataset, seed)
    names = _load(dataset).class_names
    st.caption(text.ROWS.format(train=dataset.training_rows, held_out=dataset.held_out))
    st.caption(text.PREVIEW.format(seed=seed))
    alt = text.PREVIEW_ALT.format(name=dataset.label)
    if dataset.kind == "image":
        figure = images_figure(x[:SHOWN_IMAGES, ..., 0], [names[label] for label in y[:SHOWN_IMAGES]])
        live_chart(figure, key="preview_images", alt=alt, height=190)
    elif dataset.kind == "points":
        live_chart(scatter_figure(x, y, names), key="preview_points", alt=alt, height=300)
    else:
        table = pd.DataFrame(x[:SHOWN_ROWS], columns=list(_load(dataset).feature_names))
        table.insert(0, "class", np.array(names)[y[:SHOWN_ROWS]])
        st.dataframe(table, hide_index=True, height=220)
