"""Axes of an experiment's chart: what they span, their titles and scales, and when they forget a person's zoom."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from analysis.lines import FloatArray, runs_in_line
from analysis.summary import VariantSummary
from charts.labels import axis_title
from charts.views import SIGNED, ChartOptions, Reference, name_axis, name_view, tick_format

STEEP_START: Final = 0.1
"""Share of the epochs so far that the value axis need not show: a steep start would flatten all that follows."""
REFERENCE_REACH: Final = 0.35
"""How far, in shares of the curves' range, the value axis is stretched to show what a predictor without a network
scores; one further off is only named."""


def chart_layout(options: ChartOptions, right: int) -> dict[str, Any]:
    """Return what keeps a person's view, with so many pixels right of the axes; colours come from the page's theme."""
    return {
        "uirevision": options.revision,
        "hovermode": "closest",
        "dragmode": "zoom",
        "showlegend": False,
        "margin": {"l": 8, "r": right, "t": 8, "b": 8},
    }


def x_axis(options: ChartOptions, ticks: int) -> dict[str, Any]:
    """Return the x axis without title and range."""
    return {
        "type": "log" if options.log_x else "linear",
        "zeroline": False,
        "showgrid": False,
        "nticks": ticks,
        "uirevision": f"{options.revision} {options.axis} {options.log_x}",
    }


def y_axis(options: ChartOptions, ticks: int) -> dict[str, Any]:
    """Return the value axis without title and range."""
    return {
        "type": "log" if options.log_values else "linear",
        "tickformat": tick_format(options.view),
        "nticks": ticks,
        "zeroline": options.view in SIGNED,
        # A zoomed range means another stretch of values on the other scale.
        "uirevision": f"{options.revision} {options.view} {options.log_values}",
    }


def title_x(options: ChartOptions) -> dict[str, Any]:
    """Return the title of an x axis."""
    return axis_title(name_axis(options.axis))


def title_y(options: ChartOptions) -> dict[str, Any]:
    """Return the title of a value axis."""
    return axis_title(name_view(options.view))


def span_x(variants: Sequence[VariantSummary], axes: Sequence[FloatArray], options: ChartOptions) -> list[float]:
    """Return the range of x: of the variants that have epochs, or else of all."""
    begun = [
        places
        for variant, places in zip(variants, axes, strict=True)
        if any(run.epochs for run in runs_in_line(variant))
    ]
    begun = begun or list(axes)
    last = max((float(places[-1]) for places in begun), default=1.0)
    first = min((float(places[0]) for places in begun), default=1.0)
    first = first if options.log_x else 1.0 if options.axis == "epoch" else 0.0
    low, high = (on_scale(end, log=options.log_x) for end in (first, last))
    return [low, max(high, low + 1e-3)]


def span_y(
    curves: Sequence[FloatArray], *, log: bool, references: Sequence[Reference] = (), share: float = 1.0
) -> tuple[float, float]:
    """Return the values that the axis shows: of all curves after their steep start, up to a share of them, and of
    references close to them."""
    curves = [curve for curve in curves if len(curve)]
    start = int(STEEP_START * max((len(curve) for curve in curves), default=0))
    values = np.concatenate([*(curve[min(start, len(curve) - 1) :] for curve in curves), np.empty(0)])
    values = values[np.isfinite(values) & ((values > 0) | (not log))]
    if not len(values):
        return (0.1, 1.0) if log else (0.0, 1.0)
    low, high = float(values.min()), float(np.quantile(values, share))
    reach = REFERENCE_REACH * (high - low)
    near = [value for _name, value in references if low - reach <= value <= high + reach]
    low, high = min([low, *near]), max([high, *near])
    if log:
        return low / 1.1, high * 1.1
    margin = 0.06 * (high - low) or 0.06
    return low - margin, high + margin


def on_scale(value: float, *, log: bool) -> float:
    """Return a value as Plotly takes it on an axis: its logarithm on a logarithmic one."""
    return float(np.log10(value) if log else value)
