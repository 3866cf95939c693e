"""Variants' names at the ends of their curves, for when there are more variants than colours."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.isotonic import fit_rising
from analysis.summary import VariantSummary
from charts.labels import literal, shorten
from charts.marks import mean_curve
from charts.palette import style

LABEL_PIXELS: Final = 92
LABEL_LENGTH: Final = 12
LABEL_SHARE: Final = 0.045
"""The height of a label as a share of the axis: 13 of some 300 pixels."""


def label_traces(variants: Sequence[VariantSummary], series: str, *, log_axis: bool) -> list[dict[str, Any]]:
    """Return one text trace per variant that has a curve; clicking its legend entry hides it too."""
    curves = [(index, mean_curve(variant, series)) for index, variant in enumerate(variants)]
    drawn = [(index, curve) for index, curve in curves if len(curve) and np.isfinite(curve[-1])]
    if not drawn:
        return []
    scaled = [np.log10(np.maximum(curve, 1e-12)) if log_axis else curve for _, curve in drawn]
    height = float(np.ptp(np.concatenate([curve[np.isfinite(curve)] for curve in scaled]))) * LABEL_SHARE
    places = spread_out(np.array([curve[-1] for curve in scaled]), height)
    heights = 10.0**places if log_axis else places
    return [
        {"uid": f"v{index}_label", **_label_trace(variants[index].name, style(index).colour, len(curve), float(place))}
        for (index, curve), place in zip(drawn, heights, strict=True)
    ]


def spread_out(places: NDArray[np.float64], distance: float) -> NDArray[np.float64]:
    """Return places in the same order, moved apart to at least `distance` and centred where they were."""
    order = np.argsort(places, kind="stable")
    steps = np.arange(len(places)) * distance
    moved = np.empty_like(places)
    # With the steps taken off, "at least `distance` apart" means "not falling".
    moved[order] = fit_rising(places[order] - steps) + steps
    return moved


def _label_trace(name: str, colour: str, epoch: int, value: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "text",
        "hoverinfo": "skip",
        "cliponaxis": False,
        "showlegend": False,
        "legendgroup": name,
        "textposition": "middle right",
        "textfont": {"color": colour, "size": 12},
        "x": [epoch],
        "y": [value],
        "text": ["\u2002" + literal(shorten(name, LABEL_LENGTH))],
    }
