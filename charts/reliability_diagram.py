"""A reliability diagram: how often a network is right among rows that it is equally sure of."""

from typing import Any, Final

import numpy as np

from analysis.calibration import BINS, ReliabilityBins
from charts.labels import axis_title
from charts.palette import translucent
from wording.language import _, say_later

CONFIDENCE_TITLE, ACCURACY_TITLE, ROWS_TITLE = say_later("How sure"), say_later("How often right"), say_later("Rows")
NEUTRAL = "#87919a"
"""Of what belongs to no variant: seen on a light page, on a dark one, and on a bar of any colour."""
DIAGRAM, COUNTS = (0.3, 1.0), (0.0, 0.2)
"""Parts of the height: the diagram, and below it how many rows each bin has."""
HOVER: Final = "%{text}<extra></extra>"


def reliability_figure(bins: ReliabilityBins, colour: str) -> dict[str, Any]:
    """Return a Plotly figure: a bar for each bin's accuracy, its distance to the confidence, and the rows of each bin.

    Args:
        bins: of one network, or of several pooled.
        colour: of the variant.
    """
    filled = np.flatnonzero(bins.rows)
    centres = ((filled + 0.5) / BINS).tolist()
    accuracy, confidence = bins.accuracy[filled], bins.confidence[filled]
    told = [_tell(bins, place) for place in filled.tolist()]
    bar = {"type": "bar", "x": centres, "width": [0.94 / BINS] * len(filled), "text": told, "textposition": "none"}
    bar |= {"hovertemplate": HOVER}
    right = bar | {"y": accuracy.tolist(), "marker": {"color": translucent(colour, 0.6)}}
    gap = bar | {
        "y": (confidence - accuracy).tolist(),
        "base": accuracy.tolist(),
        "marker": {
            "color": "rgba(0,0,0,0)",
            "line": {"color": NEUTRAL, "width": 1.5},
            "pattern": {"shape": "/", "fgcolor": NEUTRAL, "size": 6, "solidity": 0.35},
        },
    }
    rows = bar | {"y": bins.rows[filled].tolist(), "marker": {"color": translucent(colour, 0.4)}, "yaxis": "y2"}
    diagonal = {
        "type": "scatter", "mode": "lines", "x": [0, 1], "y": [0, 1], "hoverinfo": "skip",
        "line": {"color": NEUTRAL, "width": 1.5, "dash": "dash"},
    }  # fmt: skip
    axis = {"zeroline": False, "fixedrange": True}
    share = {"range": [0, 1], "tickformat": ".0%", "tickvals": [0, 0.25, 0.5, 0.75, 1]}
    layout = {
        "margin": {"l": 8, "r": 22, "t": 14, "b": 8},
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": False,
        "barmode": "overlay",
        "xaxis": {**axis, **share, "showgrid": False, "title": axis_title(_(CONFIDENCE_TITLE)), "anchor": "y2"},
        "yaxis": {**axis, **share, "title": axis_title(_(ACCURACY_TITLE)), "domain": DIAGRAM},
        "yaxis2": {**axis, "title": axis_title(_(ROWS_TITLE)), "domain": COUNTS, "nticks": 3, "rangemode": "tozero"},
    }
    return {"data": [right, gap, diagonal, rows], "layout": layout}


def _tell(bins: ReliabilityBins, place: int) -> str:
    """Return what a bin says when it is pointed at."""
    return _("{low:.0%} to {high:.0%} sure: {rows:,} rows<br>{sure:.1%} sure on average<br>{right:.1%} right").format(
        low=place / BINS,
        high=(place + 1) / BINS,
        rows=bins.rows[place],
        sure=bins.confidence[place],
        right=bins.accuracy[place],
    )
