"""The decision boundary of each variant on 2-D data, live."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import streamlit as st

from analysis.plane import plane_shares
from charts.boundary import Points, boundary_figure
from datasets.registry import Dataset
from datasets.split import choose_rows
from datasets.table import TableError
from experiment.spec import Experiment
from models.names import visible
from results.artifacts import read_artifacts
from results.curves import RunRecord
from results.findings.boundary import BOUNDARY, read_boundary
from results.store import Store
from ui import text
from ui.components.live_chart import live_chart
from ui.components.plain import plain
from ui.findings.sections import draw_missing

PANEL_WIDTH = 220
PANEL_HEIGHTS = 150, 260
SHOWN_POINTS = 300
"""Of each split in a panel at most: the first rows of the nested order, which are a fair sample."""


def draw_boundaries(store: Store, experiment: Experiment, records: Sequence[RunRecord]) -> None:
    """A small panel for each run, as far as workers have got."""
    found = read_artifacts(store, records[0].run.experiment_id, BOUNDARY)
    drawn = [record for record in records if record.run.id in found]
    if not drawn:
        draw_missing(records, text.BOUNDARY_LATER)
        return
    try:
        _load(experiment.dataset.whole)
    except TableError as error:  # its file is read differently today: points of another plane
        st.caption(plain(str(error)))
        return
    with st.container(horizontal=True, gap="small"):
        for record in drawn:
            with st.container(width=PANEL_WIDTH, gap=None):
                _draw_panel(experiment, record, *found[record.run.id])
    st.caption(text.BOUNDARY_LEGEND)


def _draw_panel(experiment: Experiment, record: RunRecord, epoch: int, content: bytes) -> None:
    run = record.run
    dataset = experiment.dataset_of(experiment.variant(run.variant))
    figure, shares, height = _panel(dataset, run.seed, content)
    known = record.curves["val_accuracy"][epoch - 1 : epoch]  # the boundary may be newer than the curves
    accuracy = f"{known[0]:.1%}" if len(known) else "–"
    st.markdown(f"**{plain(run.variant)}**  \n:small[{text.BOUNDARY_EPOCH.format(epoch=epoch, accuracy=accuracy)}]")
    alt = text.BOUNDARY_ALT.format(variant=run.variant, seed=run.seed, epoch=epoch, shares=shares, accuracy=accuracy)
    live_chart(figure, key=f"boundary_{run.id}", alt=alt, height=height)


@lru_cache(maxsize=256)
def _panel(dataset: Dataset, seed: int, content: bytes) -> tuple[dict[str, Any], str, int]:
    """The figure of a boundary, the classes' shares of the plane in words, and the height of its panel."""
    boundary, points, names = read_boundary(content), _points(dataset, seed), _load(dataset.whole).class_names
    figure = boundary_figure(boundary.x, boundary.y, boundary.probabilities, points, names)
    shares = ", ".join(
        f"{visible(name)} {share:.0%}" for name, share in zip(names, plane_shares(boundary.probabilities), strict=True)
    )
    low, high = PANEL_HEIGHTS
    ratio = float((boundary.y[-1] - boundary.y[0]) / (boundary.x[-1] - boundary.x[0]))
    return figure, shares, round(min(max(PANEL_WIDTH * ratio, low), high))


@lru_cache(maxsize=8)
def _load(dataset: Dataset) -> Any:
    return dataset.load()


@lru_cache(maxsize=64)
def _points(dataset: Dataset, seed: int) -> dict[str, Points]:
    """Training points under the labels that were trained on, and validation points."""
    arrays = _load(dataset.whole)
    chosen = choose_rows(dataset, arrays.y, seed)
    shown = chosen.validation[:SHOWN_POINTS]
    return {
        "train": Points(arrays.x[chosen.train[:SHOWN_POINTS]], chosen.labels[:SHOWN_POINTS]),
        "val": Points(arrays.x[shown], arrays.y[shown]),
    }
