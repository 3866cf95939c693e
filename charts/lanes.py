"""Lanes under the curves, one for each variant on the same axis: from best epoch to stop, with the seeds' range, and
where overfitting begins."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from analysis.lines import FloatArray, MarkedEpochs
from charts.labels import literal_in_hover
from charts.line_labels import label_at
from charts.marks import MARK_SYMBOLS, MARKS_META, MarkKind, place_mark, say_lane, say_mark
from charts.palette import style, translucent

LANE_HEIGHT: Final = 24
BAR_WIDTH, RANGE_WIDTH = 6, 2
BAR_OPACITY, RANGE_OPACITY = 0.55, 0.45
MARK_SIZES: Final[dict[MarkKind, int]] = {"best": 9, "stop": 9, "onset": 9}
ONSET_LIFT: Final = 0.3
"""How far above its lane the triangle stands, which often falls on one of the other two."""


def lane_traces(names: Sequence[str], marks: Sequence[MarkedEpochs], axes: Sequence[FloatArray]) -> list[Any]:
    """Return the traces of all lanes, the first variant's on top; they belong to the axes x and y2.

    Args:
        names: of the variants, in the order of the experiment.
        marks: of each.
        axes: where each one's epochs 1, 2 ... stand on the x axis.
    """
    traces = []
    for index, (name, marked, axis) in enumerate(zip(names, marks, axes, strict=True)):
        traces += _lane(index, name, marked, axis, len(names) - 1 - index)
    return traces


def lane_labels(marks: Sequence[MarkedEpochs]) -> list[Any]:
    """Return what stands right of each lane."""
    return [
        label_at(len(marks) - 1 - index, "y2", say_lane(marked), say_lane(marked, narrow=True))
        for index, marked in enumerate(marks)
        if marked.runs
    ]


def _lane(index: int, name: str, marked: MarkedEpochs, axis: FloatArray, height: int) -> list[Any]:
    colour = style(index).colour
    reach = [*marked.bests, *marked.stops]
    best, stop = place_mark(marked, "best"), place_mark(marked, "stop")
    traces = []
    if marked.runs > 1 and reach:
        traces.append(_stroke(index, "range", axis, min(reach), max(reach), height, colour, RANGE_WIDTH, RANGE_OPACITY))
    if best is not None and stop is not None:
        traces.append(_stroke(index, "bar", axis, best, stop, height, colour, BAR_WIDTH, BAR_OPACITY))
    kinds = [kind for kind in MARK_SYMBOLS if place_mark(marked, kind) is not None]
    if kinds:
        epochs = [place_mark(marked, kind) or 1 for kind in kinds]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "uid": f"v{index}_lane",
                "meta": MARKS_META,
                "yaxis": "y2",
                "x": [float(axis[min(epoch, len(axis)) - 1]) for epoch in epochs],
                "y": [height + (ONSET_LIFT if kind == "onset" else 0) for kind in kinds],
                "text": [say_mark(marked, kind) for kind in kinds],
                "marker": {
                    "symbol": [MARK_SYMBOLS[kind] for kind in kinds],
                    "size": [MARK_SIZES[kind] for kind in kinds],
                    "color": colour,
                    "line": {"width": [2 if kind == "stop" else 1 for kind in kinds]},
                },
                "hovertemplate": f"<b>{literal_in_hover(name)}</b><br>%{{text}}<extra></extra>",
            }
        )
    return traces


def _stroke(
    index: int,
    part: str,
    axis: FloatArray,
    first: int,
    last: int,
    height: int,
    colour: str,
    width: int,
    opacity: float,
) -> dict[str, Any]:
    ends = np.clip([first, last], 1, len(axis)) - 1
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": f"v{index}_{part}",
        "yaxis": "y2",
        "hoverinfo": "skip",
        "line": {"color": translucent(colour, opacity), "width": width},
        "x": axis[ends].tolist(),
        "y": [height, height],
    }
