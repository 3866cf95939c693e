"""Lines of one variant as Plotly traces, thinned out so that a refresh stays small.

Each trace has a `uid` `v{variant}_{part}`, which becomes a CSS class: the page fades variants by it, and shows parts
that end in `_focused` only of the one that is pointed at (ui/components/chart_drawing.js).
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.lines import FloatArray
from charts.palette import style
from charts.typed_arrays import TypedArray, encode_places, encode_values

Trace = dict[str, Any]

WIDTH: Final = 2.6
"""Pixels of a mean's line."""
THIN_WIDTH, THIN_OPACITY = 1.0, 0.6
GREY: Final = "#808890"
"""Of what belongs to no variant."""
SMALLEST: Final = 1e-6
"""What stands on a logarithmic axis at least, where a band or a mark would reach below zero."""


def line_trace(index: int, part: str, width: float = WIDTH, dash: str = "solid") -> Trace:
    """Return a line in the colour of the variant at this place, without its points."""
    line = {"color": style(index).colour, "width": width, "dash": dash}
    return {"type": "scatter", "mode": "lines", "uid": f"v{index}_{part}", "line": line}


def line_points(curve: FloatArray, places: FloatArray, points: int) -> Trace:
    """Return x and y of a curve, thinned out to `points`."""
    kept = thin_out(min(len(curve), len(places)), points)
    return {"x": encode_places(places[kept]), "y": encode_values(curve[kept])}


def thin_lines(
    index: int, part: str, curves: Sequence[FloatArray], places: FloatArray, points: int, opacity: float = THIN_OPACITY
) -> Trace:
    """Return several curves as one translucent trace."""
    x, y = join_curves(curves, places, points)
    return {**line_trace(index, part, THIN_WIDTH), "opacity": opacity, "hoverinfo": "skip", "x": x, "y": y}


def join_curves(
    curves: Sequence[FloatArray], places: FloatArray, points: int
) -> tuple[TypedArray | None, TypedArray | None]:
    """Return x and y of several curves as one trace, thinned out to `points` each, a gap after each of them."""
    kept = [thin_out(min(len(curve), len(places)), points) for curve in curves]
    if not kept:
        return None, None
    x = np.concatenate([np.append(places[place], places[place[-1:]]) for place in kept])
    y = np.concatenate([np.append(curve[place], np.nan) for curve, place in zip(curves, kept, strict=True)])
    return encode_places(x), encode_values(y)


def thin_out(length: int, points: int) -> NDArray[np.int64]:
    """Return which points (from 0) of a long curve to draw: each 2nd, 4th, 8th ... and always the last.

    Powers of two, so that the points already drawn stay where they are while the curve grows.
    """
    stride = 1
    while -(-length // stride) > points:
        stride *= 2
    return np.union1d(np.arange(0, length, stride), np.arange(length)[-1:])


def reference_shape(value: float, across: str, axis: str) -> Trace:
    """Return a line at what a predictor without a network scores, all across an x axis's domain."""
    return {
        "type": "line",
        "layer": "below",
        "xref": across,
        "x0": 0,
        "x1": 1,
        "yref": axis,
        "y0": value,
        "y1": value,
        "line": {"color": GREY, "width": 1.2, "dash": "longdash"},
    }
