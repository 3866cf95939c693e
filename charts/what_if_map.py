"""How much the numbers of a stopping rule matter: validation loss of the restored epoch over patience and min_delta."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from charts.labels import axis_title
from charts.palette import translucent
from wording.language import _, say_later

PATIENCE_TITLE, MIN_DELTA_TITLE = say_later("Patience"), say_later("Minimum change")
COLOUR: Final = "#0072b2"
"""Of the lowest loss; the highest fades into the page."""


def map_figure(
    losses: NDArray[np.float64], patiences: Sequence[int], min_deltas: Sequence[float], chosen: tuple[int, float]
) -> dict[str, Any]:
    """Return a Plotly figure of a map.

    Args:
        losses: shape (min_deltas, patiences); NaN cells stay empty.
        patiences: of the columns.
        min_deltas: of the rows.
        chosen: patience and min_delta that are marked now; ringed where the map has them.
    """
    finite = losses[np.isfinite(losses)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    cells = {
        "type": "heatmap",
        "z": [[float(value) if np.isfinite(value) else None for value in row] for row in losses],
        "zmin": low,
        "zmax": high if high > low else low + 1e-9,
        "colorscale": [[0, translucent(COLOUR, 0.9)], [1, translucent(COLOUR, 0.1)]],
        "showscale": False,
        "hoverongaps": False,
        "xgap": 1,
        "ygap": 1,
        "hovertemplate": _("patience %{x}, minimum change %{y}: %{z:.4f}") + "<extra></extra>",
        "x": [str(patience) for patience in patiences],
        "y": [f"{min_delta:g}" for min_delta in min_deltas],
    }
    traces: list[dict[str, Any]] = [cells]
    if chosen[0] in patiences and chosen[1] in min_deltas:
        ring = {"symbol": "circle-open", "size": 14, "color": "#d55e00", "line": {"width": 2}}
        place = {"x": [str(chosen[0])], "y": [f"{chosen[1]:g}"]}
        traces.append({"type": "scatter", "mode": "markers", "hoverinfo": "skip", "marker": ring, **place})
    axis = {"type": "category", "showgrid": False, "zeroline": False, "fixedrange": True}
    layout = {
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": False,
        "xaxis": {**axis, "title": axis_title(_(PATIENCE_TITLE))},
        "yaxis": {**axis, "title": axis_title(_(MIN_DELTA_TITLE))},
    }
    return {"data": traces, "layout": layout}
