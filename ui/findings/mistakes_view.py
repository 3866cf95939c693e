"""Mistakes: what the network of a variant takes for what, on validation rows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from charts.confusion import confusion_figure
from experiment.spec import Experiment
from export.table_text import disarm
from models.names import visible
from results.artifacts import read_artifact
from results.curves import RunRecord
from results.findings.mistakes import MISTAKES, Mistakes, read_mistakes
from results.records import Run
from results.store import Store
from ui import text
from ui.components.frames import disarm_frame
from ui.components.live_chart import live_chart
from ui.components.pictures import draw_pictures
from ui.findings.sections import draw_missing

if TYPE_CHECKING:
    import pandas as pd

ROW_HEIGHT, HEIGHTS, NAMES_WIDTH = 30, (180, 520), 120
PICTURE_WIDTH = 5.5


def draw_mistakes(store: Store, experiment: Experiment, records: Sequence[RunRecord]) -> None:
    """A confusion matrix of the chosen variant and, for images, its surest mistakes; once its run has finished."""
    finished = [record.run for record in records if record.run.status == "finished"]
    if not finished:
        draw_missing(records, text.MISTAKES_LATER)
        return
    by_name = {run.variant: run for run in finished}
    key = f"mistakes_variant_{finished[0].experiment_id}"
    run = by_name[st.selectbox(text.SHOWN_VARIANT, by_name, key=key)]
    stored = read_artifact(store, run.id, MISTAKES)
    if stored is None:
        st.caption(text.MISTAKES_MISSING)
        return
    epoch, content = stored
    mistakes = read_mistakes(content)
    rows, right = int(mistakes.confusion.sum()), int(np.trace(mistakes.confusion))
    summary = text.MISTAKES_SUMMARY.format(wrong=rows - right, rows=rows, epoch=epoch)
    st.caption(summary)
    low, high = HEIGHTS
    height = min(max(90 + ROW_HEIGHT * len(mistakes.class_names), low), high)
    alt = f"{text.CONFUSION_ALT} {summary} {describe_confusions(mistakes)}"
    normalized = st.toggle(text.NORMALIZED, key="confusion_normalized", help=text.NORMALIZED_HELP)
    with st.container(width=height + NAMES_WIDTH):
        drawn = confusion_figure(mistakes.confusion, mistakes.class_names, normalized=normalized)
        live_chart(drawn, key="confusion", alt=alt, height=height)
    st.markdown(f"**{text.RECALLS}**", help=text.RECALLS_HELP)
    recalls = disarm_frame(_recalls(store, finished))
    st.dataframe(recalls, hide_index=True, column_config=_recall_columns(finished), placeholder="–")
    if len(mistakes.rows):
        st.markdown(f"**{text.SUREST_MISTAKES}**", help=text.SUREST_MISTAKES_HELP)
        draw_pictures(mistakes.images, _captions(mistakes), width=PICTURE_WIDTH)


def _recalls(store: Store, finished: Sequence[Run]) -> "pd.DataFrame":
    """The share of each class's validation rows that each variant has right."""
    import pandas as pd  # a quarter of a second that no first page should wait for

    frame: dict[str, Any] = {}
    for run in finished:
        stored = read_artifact(store, run.id, MISTAKES)
        if stored is None:
            continue
        mistakes = read_mistakes(stored[1])
        rows = mistakes.confusion.sum(axis=1)
        frame |= {text.CLASS: list(mistakes.class_names), text.CLASS_ROWS: rows} if not frame else {}
        with np.errstate(invalid="ignore"):
            frame[_column(run)] = np.diag(mistakes.confusion) / rows
    return pd.DataFrame(frame)


def _column(run: Run) -> str:
    """A variant may be called as another column is."""
    return f"{run.variant} " if run.variant in (text.CLASS, text.CLASS_ROWS) else run.variant


def _recall_columns(finished: Sequence[Run]) -> dict[str, Any]:
    return {disarm(_column(run)): st.column_config.NumberColumn(format="percent") for run in finished}


def describe_confusions(mistakes: Mistakes, most: int = 3) -> str:
    """The most frequent confusions in words."""
    wrong = mistakes.confusion - np.diag(np.diag(mistakes.confusion))
    places = [int(place) for place in np.argsort(-wrong, axis=None, kind="stable")[:most] if wrong.flat[place]]
    pairs = (np.unravel_index(place, wrong.shape) for place in places)
    names = [visible(name) for name in mistakes.class_names]
    return " ".join(text.CONFUSED.format(true=names[i], taken=names[j], count=wrong[i, j]) for i, j in pairs)


def _captions(mistakes: Mistakes) -> list[str]:
    names = [visible(name) for name in mistakes.class_names]
    columns = (mistakes.rows, mistakes.truth, mistakes.predicted, mistakes.confidence)
    return [
        text.MISTAKE_CAPTION.format(true=names[truth], taken=names[predicted], confidence=confidence, row=row)
        for row, truth, predicted, confidence in zip(*columns, strict=True)
    ]
