"""Inside the net: what the weights of each variant look like, and how they came to that."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from analysis.weight_histograms import Weights, weights_at
from charts.weight_charts import Named, histogram_figure, history_figure
from experiment.spec import Experiment
from results.artifacts import read_artifact
from results.curves import RunRecord
from results.findings.weights import WEIGHTS, epochs_to_look
from results.store import Store
from ui import text
from ui.components.frames import disarm_frame
from ui.components.live_chart import live_chart
from ui.findings.sections import draw_missing
from ui.lab.result_table import VARIANT

if TYPE_CHECKING:
    import pandas as pd

HEIGHT = 250


def draw_weights(store: Store, experiment: Experiment, records: Sequence[RunRecord]) -> None:
    """Histograms, norms and shares of near-zero weights, as far as workers have got."""
    names = [variant.name for variant in experiment.variants]
    histories = [
        ((record.run.variant, names.index(record.run.variant)), history)
        for record in records
        if (history := _history(store, experiment.training.epochs, record))
    ]
    st.caption(text.INSIDE_HELP)
    if not histories:
        draw_missing(records, text.INSIDE_LATER)
        return
    epochs = sorted({weights.epoch for _, history in histories for weights in history})
    active = any(record.run.active for record in records)
    identifier = records[0].run.experiment_id
    epoch = epochs[-1]
    if not active and len(epochs) > 1:  # while epochs arrive, the latest ones are shown
        epoch = st.select_slider(text.WEIGHTS_EPOCH, epochs, epochs[-1], key=f"inside_epoch_{identifier}")
    shown = [(named, weights_at(history, epoch)) for named, history in histories]
    words = "; ".join(
        text.WEIGHTS_ALT.format(variant=name, norm=weights.norm, share=weights.near_zero)
        for (name, _), weights in shown
    )
    live_chart(
        histogram_figure(shown, revision=identifier),
        key="weights_histogram",
        alt=f"{text.HISTOGRAM_ALT} {words}.",
        height=HEIGHT + 60,
    )
    _draw_histories(histories, identifier)
    st.dataframe(disarm_frame(_table(shown)), hide_index=True, column_config=_column_config())


def _draw_histories(histories: Sequence[tuple[Named, Sequence[Weights]]], revision: str) -> None:
    charts = (("norm", text.NORM, False), ("near_zero", text.NEAR_ZERO, True))
    for column, (quantity, title, percent) in zip(st.columns(2), charts, strict=True):
        figure = history_figure(histories, quantity, title, percent=percent, revision=revision)
        with column:
            live_chart(figure, key=f"weights_{quantity}", alt=text.HISTORY_ALT.format(quantity=title), height=HEIGHT)


def _history(store: Store, epochs: int, record: RunRecord) -> tuple[Weights, ...]:
    """What is known of a run's weights, by epochs; read again only when there is more."""
    looks = sum(epoch <= record.last_epoch for epoch in epochs_to_look(epochs))
    return _read_history(store, record.run.id, record.run.attempt, looks, record.run.status)


@lru_cache(maxsize=512)
def _read_history(store: Store, run_id: int, attempt: int, looks: int, status: str) -> tuple[Weights, ...]:
    described = {epoch: series[WEIGHTS] for epoch, series in store.series(run_id).items() if WEIGHTS in series}
    if handed_over := read_artifact(store, run_id, WEIGHTS):
        epoch, content = handed_over
        described[epoch] = json.loads(content)
    return tuple(_weights(epoch, described[epoch]) for epoch in sorted(described))


def _weights(epoch: int, described: dict[str, Any]) -> Weights:
    histogram = described["histogram"]
    counts = np.array(histogram["counts"], np.int64)
    return Weights(epoch, described["norm"], described["near_zero"], histogram["limit"], counts)


def _table(shown: Sequence[tuple[Named, Weights]]) -> "pd.DataFrame":
    import pandas as pd  # a quarter of a second that no first page should wait for

    rows = [
        {
            VARIANT: name,
            text.WEIGHTS_EPOCH: weights.epoch,
            text.NORM: weights.norm,
            text.NEAR_ZERO: weights.near_zero,
        }
        for (name, _), weights in shown
    ]
    return pd.DataFrame(rows)


def _column_config() -> dict[str, Any]:
    return {
        text.NORM: st.column_config.NumberColumn(format="%.3f"),
        text.NEAR_ZERO: st.column_config.NumberColumn(format="percent"),
    }
