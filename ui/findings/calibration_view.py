"""Calibration: whether each variant is as often right as it is sure, on validation rows."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from analysis.calibration import CalibrationError, ResampledError, fill_bins, resample, summarize
from charts.palette import style
from charts.reliability_diagram import reliability_figure
from experiment.spec import Experiment
from results.artifacts import read_artifacts
from results.curves import RunRecord
from results.findings.calibration import CALIBRATION, Confidences, read_confidences
from results.store import Store
from ui import text
from ui.components.frames import disarm_frame
from ui.components.live_chart import live_chart
from ui.components.plain import plain
from ui.findings.sections import draw_missing
from ui.lab.result_table import VARIANT

if TYPE_CHECKING:
    import pandas as pd

PANEL_WIDTH, PANEL_HEIGHT = 290, 340

Found = Mapping[int, bytes]
"""What a variant's finished runs left, by their seeds."""


def draw_calibration(store: Store, experiment: Experiment, records: Sequence[RunRecord]) -> None:
    """A table over all finished seeds, and a reliability diagram of each variant for the seed that is chosen."""
    st.caption(text.CALIBRATION_HELP)
    finished = [record.run for record in records if record.run.status == "finished"]
    if not finished:
        draw_missing(records, text.CALIBRATION_LATER)
        return
    stored = read_artifacts(store, finished[0].experiment_id, CALIBRATION)
    found: dict[str, dict[int, bytes]] = {variant.name: {} for variant in experiment.variants}
    for run in finished:
        if run.id in stored:
            found[run.variant][run.seed] = stored[run.id][1]
    if missing := sorted({run.variant for run in finished if run.id not in stored}):
        st.caption(text.CALIBRATION_MISSING.format(variants=", ".join(map(plain, missing))))
    places = {variant.name: place for place, variant in enumerate(experiment.variants) if found[variant.name]}
    if not places:
        return
    errors = {name: summarize([_resampled(content) for content in found[name].values()]) for name in places}
    st.dataframe(disarm_frame(_table(errors, found)), hide_index=True, column_config=_columns())
    st.caption(text.CALIBRATION_NOTE)
    seed = _choose_seed(experiment, finished[0].experiment_id)
    with st.container(horizontal=True, gap="small"):
        for name, place in places.items():
            shown = [content for of, content in found[name].items() if seed in (None, of)]
            if shown:
                with st.container(width=PANEL_WIDTH, gap=None):
                    _draw_diagram(name, place, shown)
    st.caption(text.RELIABILITY_LEGEND)


def _choose_seed(experiment: Experiment, identifier: str) -> int | None:
    """The seed whose diagrams are drawn; None: all, pooled."""
    if len(experiment.seeds) == 1:
        return experiment.seeds[0]
    chosen: int | None = st.selectbox(
        text.SHOWN_SEED,
        [None, *experiment.seeds],
        format_func=lambda number: text.ALL_SEEDS if number is None else text.SEED_NUMBER.format(seed=number),
        key=f"calibration_seed_{identifier}",
        label_visibility="collapsed",
        width=160,
    )
    return chosen


def _draw_diagram(name: str, place: int, shown: Sequence[bytes]) -> None:
    read = [_read(content) for content in shown]
    confidence, right = np.concatenate([c.confidence for c in read]), np.concatenate([c.right for c in read])
    error = summarize([_resampled(content) for content in shown])
    told = text.RELIABILITY_TOLD.format(error=error.mean, sure=confidence.mean(), right=right.mean(), rows=len(right))
    st.markdown(f"**{plain(name)}**  \n:small[{told}]")
    figure = reliability_figure(fill_bins(confidence, right), style(place).colour)
    alt = text.RELIABILITY_ALT.format(variant=name, told=told)
    live_chart(figure, key=f"reliability_{place}", alt=alt, height=PANEL_HEIGHT)


def _table(errors: Mapping[str, CalibrationError], found: Mapping[str, Found]) -> "pd.DataFrame":
    rows: list[dict[str, Any]] = []
    for name, error in errors.items():
        read = [_read(content) for content in found[name].values()]
        sure, right = (np.mean([getattr(c, key).mean() for c in read]) for key in ("confidence", "right"))
        values = (error.mean, error.low, error.high, error.chance, sure, right)
        row = dict(zip(text.CALIBRATION_COLUMNS, values, strict=True))
        rows.append({VARIANT: name, **row, text.CALIBRATION_SEEDS: ", ".join(f"{e:.1%}" for e in error.by_seed)})
    import pandas as pd  # a quarter of a second that no first page should wait for

    frame = pd.DataFrame(rows)
    several = max(len(contents) for contents in found.values()) > 1
    return frame if several else frame.drop(columns=text.CALIBRATION_SEEDS)


def _columns() -> dict[str, Any]:
    told = zip(text.CALIBRATION_COLUMNS, text.CALIBRATION_COLUMNS_HELP, strict=True)
    return {name: st.column_config.NumberColumn(format="percent", help=words) for name, words in told}


@lru_cache(maxsize=512)
def _read(content: bytes) -> Confidences:
    return read_confidences(content)


@lru_cache(maxsize=512)
def _resampled(content: bytes) -> ResampledError:
    """The same for all viewers: some 0.05 s for 5,000 rows."""
    found = _read(content)
    return resample(found.confidence, found.right)
