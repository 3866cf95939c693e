"""The few kinds of figures that the Learn page's pictures are made of, as plain dictionaries."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from charts.labels import axis_title
from charts.palette import COLOURS, translucent
from charts.typed_arrays import encode_values
from wording.language import _

FloatArray = NDArray[np.float64]
Figure = dict[str, Any]

BLUE, VERMILION, GREEN, PINK = COLOURS[:4]
NEUTRAL: Final = "#87919a"
"""For what only helps to read a figure; 3 to 1 against both backgrounds."""
DIVERGING: Final = [[0.0, BLUE], [0.5, "rgba(135,145,154,0.08)"], [1.0, VERMILION]]
MARGIN: Final = {"l": 8, "r": 8, "t": 8, "b": 8}
MARGIN_WITH_TITLES: Final = {**MARGIN, "t": 26}
STRONGEST: Final = 95
"""Percentile of the values from which a colour grows no stronger: a few extremes would make all others pale."""
PANELS: Final = ([0.0, 0.47], [0.53, 1.0])


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """An axis with the look of the Lab's charts."""
    return {"title": axis_title(title, size=12, standoff=6), "zeroline": False, "nticks": 6, **more}


def line(name: str, x: Any, y: Any, colour: str, **look: Any) -> dict[str, Any]:
    """A line with its name in the legend; `look` goes to Plotly's `line`."""
    return {
        "type": "scatter", "mode": "lines", "name": name, "showlegend": True, "hovertemplate": "%{x:.3~g}, %{y:.3~g}",
        "x": encode_values(x), "y": encode_values(y), "line": {"color": colour, "width": 2.2, **look},
    }  # fmt: skip


def points(name: str, x: Any, y: Any, colour: str, symbol: str = "circle", size: int = 9) -> dict[str, Any]:
    """Points with their name in the legend."""
    return {
        "type": "scatter", "mode": "markers", "name": name, "showlegend": True, "hovertemplate": "%{x:.3~g}, %{y:.3~g}",
        "x": encode_values(x), "y": encode_values(y), "marker": {"color": colour, "symbol": symbol, "size": size},
    }  # fmt: skip


def lines_figure(traces: Sequence[dict[str, Any]], x_title: str, y_title: str, **layout: Any) -> Figure:
    """Lines and points over one pair of axes."""
    return {
        "data": list(traces),
        "layout": {
            "hovermode": "closest", "margin": MARGIN, "legend": {"orientation": "h", "itemsizing": "constant"},
            "xaxis": axis(x_title, showgrid=False), "yaxis": axis(y_title), **layout,
        },
    }  # fmt: skip


def bars_figure(series: Mapping[str, FloatArray], labels: Sequence[str], x_title: str, y_title: str) -> Figure:
    """Bars side by side for each label, one colour for each series."""
    traces = [
        {
            "type": "bar", "name": name, "showlegend": True, "x": list(labels), "y": encode_values(values),
            "marker": {"color": colour, "line": {"width": 0}}, "hovertemplate": "%{x}: %{y:.3f}",
        }
        for (name, values), colour in zip(series.items(), (NEUTRAL, *COLOURS), strict=False)
    ]  # fmt: skip
    figure = lines_figure(traces, x_title, y_title, barmode="group", bargap=0.25)
    figure["layout"]["xaxis"] |= {"type": "category", "nticks": 0}
    return figure


def histogram_figure(series: Mapping[str, FloatArray], x_title: str, *, bins: int = 41) -> Figure:
    """Share of values in each bin, as steps: one colour for each series; all have the same bins."""
    widest = max(float(np.abs(values).max()) for values in series.values()) or 1.0
    edges = np.linspace(-widest, widest, bins + 1)
    traces = []
    for (name, values), colour in zip(series.items(), (NEUTRAL, *COLOURS), strict=False):
        shares = np.histogram(values, edges)[0] / values.size
        trace = line(name, (edges[:-1] + edges[1:]) / 2, shares, colour, shape="hvh")
        traces.append(trace | {"fill": "tozeroy", "fillcolor": translucent(colour, 0.18)})
    figure = lines_figure(traces, x_title, _("Share of the weights"))
    figure["layout"]["yaxis"] |= {"tickformat": ".0%", "rangemode": "tozero"}
    return figure


def heatmaps_figure(panels: Mapping[str, FloatArray], x_title: str, y_title: str) -> Figure:
    """Two matrices side by side under their titles: blue below zero, vermilion above, on the first one's scale."""
    limit = float(np.percentile(np.abs(next(iter(panels.values()))), STRONGEST)) or 1.0
    layout: dict[str, Any] = {"margin": MARGIN_WITH_TITLES, "showlegend": False, "annotations": []}
    traces = []
    for place, (title, values) in enumerate(panels.items()):
        number = "" if place == 0 else str(place + 1)
        layout[f"xaxis{number}"] = axis(
            x_title, domain=PANELS[place], anchor=f"y{number}", showticklabels=False, showgrid=False
        )
        layout[f"yaxis{number}"] = axis(
            "" if place else y_title, anchor=f"x{number}", showticklabels=False, showgrid=False, autorange="reversed"
        )
        layout["annotations"].append(_panel_title(title, sum(PANELS[place]) / 2))
        traces.append(
            {
                "type": "heatmap", "z": np.round(values, 3).tolist(), "colorscale": DIVERGING, "zmin": -limit,
                "zmax": limit, "showscale": False, "xgap": 1, "ygap": 1, "hovertemplate": "%{z:.2f}<extra></extra>",
                "xaxis": f"x{number}", "yaxis": f"y{number}",
            }
        )  # fmt: skip
    return {"data": traces, "layout": layout}


def _panel_title(title: str, centre: float) -> dict[str, Any]:
    return {
        "text": title, "x": centre, "xref": "paper", "xanchor": "center", "y": 1, "yref": "paper", "yanchor": "bottom",
        "showarrow": False, "font": {"size": 12},
    }  # fmt: skip


def arrows_figure(series: Mapping[str, FloatArray], radius: float, x_title: str, y_title: str) -> Figure:
    """Arrows from the origin, (n, 2) for each series, and a circle of a radius around it."""
    traces = []
    for place, ((name, vectors), colour) in enumerate(zip(series.items(), (NEUTRAL, *COLOURS), strict=False)):
        ends = np.full((3 * len(vectors), 2), np.nan)
        ends[0::3], ends[1::3] = 0.0, vectors
        marker = {"symbol": "arrow", "size": 11, "angleref": "previous", "color": colour, "opacity": 1}
        trace = line(name, ends[:, 0], ends[:, 1], colour, width=1.6 if place == 0 else 3)
        traces.append(trace | {"mode": "lines+markers", "marker": marker})
    circle = {
        "type": "circle", "x0": -radius, "y0": -radius, "x1": radius, "y1": radius,
        "line": {"color": GREEN, "width": 1.6, "dash": "dash"},
    }  # fmt: skip
    limit = 1.08 * max(radius, *(float(np.abs(vectors).max()) for vectors in series.values()))
    figure = lines_figure(traces, x_title, y_title, shapes=[circle])
    figure["layout"]["xaxis"] |= {"range": [-limit, limit]}
    figure["layout"]["yaxis"] |= {"range": [-limit, limit], "scaleanchor": "x"}
    return figure


def upright(x: float, name: str, colour: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A vertical line over the whole height with its name at the top: a shape and an annotation."""
    shape = {
        "type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper",
        "line": {"color": colour, "width": 2, "dash": "dot"},
    }  # fmt: skip
    note = {
        "text": name, "x": x, "y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False,
        "font": {"size": 12, "color": colour},
    }  # fmt: skip
    return shape, note
