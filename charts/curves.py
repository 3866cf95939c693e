"""Training and validation curves of an experiment's variants, with the marks that analysis found.

Figures are plain dictionaries: building `plotly.graph_objects` takes longer than a live refresh may take.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.summary import VariantSummary
from charts.labels import axis_title, literal, literal_in_hover, shorten
from charts.line_labels import LABEL_PIXELS, label_traces
from charts.marks import MARK_SYMBOLS, MARK_TITLES, mark_trace, mean_curve
from charts.palette import COLOURS, Style, style, translucent
from charts.typed_arrays import TypedArray, encode_epochs, encode_values

EPOCH_TITLE = "Epoch"
METRIC_TITLES = {"loss": "Cross-entropy (clean)", "accuracy": "Accuracy"}
SPLIT_TITLES = {"train": "Training", "val": "Validation"}
MEMBER_TITLE = "Member"
MEAN_OF_SEEDS = "mean of {count} seeds"
ONE_SEED = "seed {seed}"
EPOCH_AND_VALUE = "epoch %{x}: %{y:.4f}"

Metric = Literal["loss", "accuracy"]
Curve = NDArray[np.float64]
Trace = dict[str, Any]

DASHES: Final = {"train": "dash", "val": "solid"}
MEAN_WIDTHS: Final = {"train": 1.8, "val": 2.6}
ONE_SEED_WIDTHS: Final = {"train": 1.4, "val": 2.0}
SEED_WIDTH: Final = 1.0
SEED_OPACITY: Final = {"train": 0.25, "val": 0.45}
SEED_POINTS: Final = {"train": 24, "val": 48}
"""Points of a thin seed line at most, so that a refresh of two charts stays under 100 KB."""
MEMBER_LOOK: Final = {"width": 1.0, "dash": "dot"}
MEMBER_OPACITY: Final = 0.5
MEMBER_POINTS: Final = 24
ALL_MEMBER_POINTS: Final = 960
"""Points of one member's line, and of all of them in a chart, at most: more members are drawn more coarsely."""
NAME_LENGTH: Final = 24
"""Longer names are cut in the legend, so that the curves keep their room; the hover text has them whole."""
SYMBOLS_SHOWN: Final = 8
FEW_RUNS: Final = 12
"""With more runs than these, thin training lines of each seed would hide the curves, and evidence of each small mark
would cost a third of a refresh."""
STEEP_START: Final = 0.1
"""Share of the epochs so far that the value axis need not show: a steep start would flatten all that follows."""


def curve_figure(
    variants: Sequence[VariantSummary],
    metric: Metric,
    *,
    log_axis: bool = False,
    epochs: int | None = None,
    revision: str = "curves",
    seeds: bool = True,
) -> dict[str, Any]:
    """Return a Plotly figure: dashed training and solid validation curves, one colour per variant.

    Args:
        variants: in the order of the experiment, which decides the colours; those without an epoch yet
            keep their place in the legend.
        metric: `loss` or `accuracy`.
        log_axis: whether the values have a logarithmic axis.
        epochs: how many were asked for; the axis spans them from the start, so that growing curves do not
            move under the eye. None: as many as there are.
        revision: while it stays the same, zoom and hidden entries stay; give the experiment's identifier.
        seeds: whether single seeds are drawn beside their mean, with their marks.
    """
    few = sum(len(variant.runs) for variant in variants) <= FEW_RUNS
    drawn = (_variant_layers(variant, metric, index, few, seeds) for index, variant in enumerate(variants))
    layers = zip(*drawn, strict=True)
    traces = [
        *_member_traces(variants, metric),
        *(trace for layer in layers for traces_of_variant in layer for trace in traces_of_variant),
    ]
    layout = _layout(metric, log_axis, epochs, revision)
    if not log_axis:
        layout["yaxis"] |= _focus(variants, metric, seeds)
    if len(variants) > len(COLOURS):
        traces += label_traces(variants, f"val_{metric}", log_axis=log_axis)
        layout["margin"]["r"] = LABEL_PIXELS
        layout["legend"]["orientation"] = "h"  # below: the names stand where it would be
    return {"data": [*traces, *_key_traces(traces)], "layout": layout}


def _variant_layers(
    variant: VariantSummary, metric: Metric, index: int, few: bool, seeds: bool
) -> tuple[list[Trace], list[Trace], list[Trace]]:
    """Return one variant's seeds, means and marks: no variant's line may cover another one's mark.

    Each has a `uid` (part of a CSS selector): Plotly would else keep by their places what a person hid, and traces come
    and go.
    """
    look = style(index)
    splits = () if len(variant.runs) == 1 or not seeds else DASHES if few else ("val",)
    thin = [_seed_trace(variant, f"{split}_{metric}", look) for split in splits]
    means = [_mean_trace(variant, split, metric, look) for split in DASHES]
    marks = [mark_trace(variant, f"val_{metric}", look.colour, of_seeds=seeds, evident=few)]
    for number, trace in enumerate((*thin, *means, *marks)):
        trace["uid"] = f"v{index}_{number}"
        trace["legendgroup"] = variant.name
        trace.setdefault("showlegend", False)
    return [trace for trace in thin if trace["y"]], means, [trace for trace in marks if "y" in trace]


def _mean_trace(variant: VariantSummary, split: str, metric: Metric, look: Style) -> Trace:
    """Return the line of the mean over seeds, whole; of the only seed, where there is one."""
    width = (MEAN_WIDTHS if len(variant.runs) > 1 else ONE_SEED_WIDTHS)[split]
    trace: Trace = {
        "type": "scatter",
        "mode": "lines",
        "name": literal(shorten(variant.name, NAME_LENGTH)),
        "line": {"color": look.colour, "width": width, "dash": DASHES[split]},
        "hovertemplate": _hover(variant, split),
        **_mean_points(mean_curve(variant, f"{split}_{metric}")),
    }
    if look.symbol:
        trace["mode"] = "lines+markers"
        trace["marker"] = {"symbol": look.symbol, "size": 8, "color": look.colour, "maxdisplayed": SYMBOLS_SHOWN}
    if split == "val":
        trace["showlegend"] = True
    return trace


def _mean_points(curve: Curve) -> dict[str, Any]:
    """Return a whole curve without its epochs, which plotly.js counts from 1 itself."""
    if not len(curve):
        return {"x": [None], "y": [None]}
    return {"x0": 1, "dx": 1, "y": encode_values(curve)}


def _hover(variant: VariantSummary, split: str) -> str:
    """Return the hover text: variant, split, number of seeds, epoch and value."""
    count = len(variant.runs) if len(variant.runs) == 1 else len(variant.seeds_in_mean)
    seeds = MEAN_OF_SEEDS.format(count=count) if count > 1 else ONE_SEED.format(seed=_first_seed(variant))
    name = literal_in_hover(variant.name)
    return f"<b>{name}</b><br>{SPLIT_TITLES[split]}, {seeds}<br>{EPOCH_AND_VALUE}<extra></extra>"


def _first_seed(variant: VariantSummary) -> int:
    return variant.seeds_in_mean[0] if variant.seeds_in_mean else variant.runs[0].seed


def _seed_trace(variant: VariantSummary, series: str, look: Style) -> Trace:
    """Return the single seeds of one split as one thin, translucent line with gaps between them."""
    split = series.split("_")[0]
    curves = [run.curves[series] for run in variant.runs if len(run.curves.get(series, ()))]
    epochs, values = join_seeds(curves, SEED_POINTS[split])
    return {
        "type": "scatter",
        "mode": "lines",
        "hoverinfo": "skip",
        "line": {"color": translucent(look.colour, SEED_OPACITY[split]), "width": SEED_WIDTH, "dash": DASHES[split]},
        "x": epochs,
        "y": values,
    }


def _member_traces(variants: Sequence[VariantSummary], metric: Metric) -> list[Trace]:
    """Return one faint trace for each ensemble: the validation curves of its members, under its first seed."""
    ensembles = [
        (variant.name, index, members)
        for index, variant in enumerate(variants)
        if len(members := first_members(variant, f"val_{metric}"))
    ]
    lines = sum(len(members) for _, _, members in ensembles)
    traces = []
    for name, index, members in ensembles:
        epochs, values = join_seeds(list(members), min(MEMBER_POINTS, ALL_MEMBER_POINTS // lines))
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "hoverinfo": "skip",
                "showlegend": False,
                "uid": f"v{index}_members",
                "legendgroup": name,
                "line": {"color": translucent(style(index).colour, MEMBER_OPACITY), **MEMBER_LOOK},
                "x": epochs,
                "y": values,
            }
        )
    return traces


def first_members(variant: VariantSummary, series: str) -> Curve:
    """Return the curves of an ensemble's members in the first run that has any, shape (members, epochs)."""
    found = (run.members[series] for run in variant.runs if series in run.members)
    return next(found, np.empty((0, 0)))


def join_seeds(curves: Sequence[Curve], points: int) -> tuple[TypedArray | None, TypedArray | None]:
    """Return the epochs and values of several curves, thinned out to `points` each, a gap after each of them."""
    if not curves:
        return None, None
    places = [thin_out(len(curve), points) for curve in curves]
    epochs = np.concatenate([np.append(place, place[-1]) + 1 for place in places])
    values = np.concatenate([np.append(curve[place], np.nan) for curve, place in zip(curves, places, strict=True)])
    return encode_epochs(epochs), encode_values(values)


def thin_out(length: int, points: int) -> NDArray[np.int64]:
    """Return which points (from 0) of a long curve to draw: each 2nd, 4th, 8th ... and always the last.

    Powers of two, so that the points already drawn stay where they are while the curve grows.
    """
    stride = 1
    while -(-length // stride) > points:
        stride *= 2
    return np.unique(np.append(np.arange(0, length, stride), length - 1))


def _key_traces(traces: Sequence[Trace]) -> list[Trace]:
    """Return empty traces that explain dashes, and the marks that occur, in a legend of their own."""
    lines = [
        {"mode": "lines", "name": title, "line": {"width": 2, "dash": DASHES[split]}}
        for split, title in SPLIT_TITLES.items()
    ]
    if any(trace.get("line", {}).get("dash") == MEMBER_LOOK["dash"] for trace in traces):
        lines.insert(0, {"mode": "lines", "name": MEMBER_TITLE, "line": MEMBER_LOOK})
    present = {symbol for trace in traces for symbol in _symbols(trace)}
    marks = [
        {"mode": "markers", "name": MARK_TITLES[kind], "marker": {"symbol": symbol, "size": 9}}
        for kind, symbol in MARK_SYMBOLS.items()
        if symbol in present
    ]
    common = {"type": "scatter", "x": [None], "y": [None], "hoverinfo": "skip", "legend": "legend2"}
    return [{**common, **trace} for trace in [*reversed(lines), *marks]]


def _symbols(trace: Trace) -> list[str]:
    symbols = trace.get("marker", {}).get("symbol", [])
    return [] if isinstance(symbols, str) else symbols


def _focus(variants: Sequence[VariantSummary], metric: Metric, seeds: bool) -> dict[str, Any]:
    """Return the range of the value axis that shows all curves after their steep start; empty before that."""
    names = [f"{split}_{metric}" for split in DASHES]
    if seeds:
        curves = [run.curves[name] for v in variants for run in v.runs if run.epochs for name in names]
    else:
        curves = [mean_curve(variant, name) for variant in variants for name in names]
    curves += [curve for variant in variants for curve in first_members(variant, f"val_{metric}")]
    start = int(STEEP_START * max((len(curve) for curve in curves), default=0))
    later = [curve[start:][np.isfinite(curve[start:])] for curve in curves if len(curve) > start > 0]
    values = np.concatenate([*later, np.empty(0)])
    if not len(values):
        return {}
    low, high = float(values.min()), float(values.max())
    margin = 0.06 * (high - low) or 0.06
    return {"range": [low - margin, high + margin]}


def _layout(metric: Metric, log_axis: bool, epochs: int | None, revision: str) -> dict[str, Any]:
    """Return axes, legends and what keeps the person's view; colours come from the page's theme."""
    scale = "log" if log_axis else "linear"
    axis: dict[str, Any] = {"title": axis_title(EPOCH_TITLE), "zeroline": False, "showgrid": False}
    if epochs is not None:
        axis |= {"range": [1, max(epochs, 2)]}
    return {
        "uirevision": revision,
        "hovermode": "closest",
        "dragmode": "zoom",
        "margin": {"l": 8, "r": 28, "t": 8, "b": 8},
        "xaxis": axis,
        "yaxis": {
            "title": axis_title(METRIC_TITLES[metric]),
            "type": scale,
            "tickformat": "~g",  # a logarithmic axis would write 0.05 as a bare 5
            "nticks": 7,
            "zeroline": False,
            # A zoomed range means another stretch of values on the other scale.
            "uirevision": f"{revision} {metric} {scale}",
        },
        "legend": {"itemsizing": "trace", "groupclick": "togglegroup", "tracegroupgap": 2},
        "legend2": {
            "orientation": "h",
            "x": 0,
            "entrywidth": 92,
            "y": 1.02,
            "yanchor": "bottom",
            "itemclick": False,
            "itemdoubleclick": False,
            "font": {"size": 11},
            "bgcolor": "rgba(0,0,0,0)",
        },
    }
