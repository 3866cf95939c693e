"""The chart of an experiment: a line for each variant, its mean over seeds, in one view; the marks in lanes below.

Figures are plain dictionaries: building `plotly.graph_objects` takes longer than a live refresh may take. Each trace
has a `uid` `v{variant}_{part}`, which becomes a CSS class: the page fades variants by it, and shows parts that end in
`_focused` only of the one that is pointed at (ui/components/chart_drawing.js).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.lines import (
    DIFFERENCES,
    Axis,
    FloatArray,
    Line,
    MarkedEpochs,
    View,
    mark_epochs,
    measure_axis,
    runs_in_line,
    view_lines,
)
from analysis.summary import VariantSummary
from charts.labels import axis_title, literal_in_hover
from charts.lanes import LANE_HEIGHT, lane_labels, lane_traces
from charts.line_labels import LABEL_PIXELS, NARROW_PIXELS, EndLabel, end_labels
from charts.marks import MARK_SYMBOLS, MARKS_META, MarkKind, name_mark, place_mark, say_mark
from charts.palette import Style, style, translucent
from charts.typed_arrays import TypedArray, encode_places, encode_values
from wording.language import _, ngettext
from wording.numbers import format_number

Trace = dict[str, Any]
Reference = tuple[str, float]
"""What a predictor without a network scores: its name and its value in the view."""

CURVES_HEIGHT: Final = 268
AXIS_HEIGHT: Final = 44
"""Pixels of the curves, and of the axis below the lanes."""
WIDTH, BESIDE_WIDTH, THIN_WIDTH = 2.6, 1.4, 1.0
BESIDE_OPACITY, THIN_OPACITY, MEMBER_OPACITY = 0.85, 0.6, 0.35
BAND_OPACITY: Final = 0.13
BANDS_SHOWN: Final = 4
"""With more variants than these, a band shows only for the one that is pointed at."""
MEAN_POINTS, BAND_POINTS, BESIDE_POINTS, THIN_POINTS = 512, 96, 160, 96
"""Points of a line at most, so that a refresh of eight variants stays under 100 KB."""
MEMBER_POINTS, ALL_MEMBER_POINTS = 24, 960
"""Points of one member's line, and of all of them in a chart, at most: more members are drawn more coarsely."""
STEEP_START: Final = 0.1
"""Share of the epochs so far that the value axis need not show: a steep start would flatten all that follows."""
SYMBOLS_SHOWN: Final = 8
SHARES: Final[tuple[View, ...]] = ("accuracy", "balanced_accuracy")
"""Views whose values are read as percentages."""
SHARES_LESS_OTHERS: Final[tuple[View, ...]] = ("accuracy_difference", "balanced_accuracy_difference")
SIGNED: Final[tuple[View, ...]] = ("difference", *SHARES_LESS_OTHERS, "gap")
"""Views whose values may be negative: they have no logarithm."""
VALIDATION: Final[dict[View, str]] = {"loss": "val_loss", "accuracy": "val_accuracy"}
"""Views in which single runs and members of ensembles are drawn beside the means."""
GREY: Final = "#808890"
REFERENCE_REACH: Final = 0.35
"""How far, in shares of the curves' range, the value axis is stretched to show what a predictor without a network
scores; one further off is only named."""
SMALLEST: Final = 1e-6
"""Where a band reaches on a logarithmic axis at least."""


def name_view(view: View) -> str:
    """The title of a view's value axis."""
    return {
        "loss": _("Cross-entropy (clean)"),
        "accuracy": _("Accuracy"),
        "balanced_accuracy": _("Balanced accuracy"),
        "difference": _("Validation loss less the reference's"),
        "accuracy_difference": _("Validation accuracy less the reference's"),
        "balanced_accuracy_difference": _("Balanced validation accuracy less the reference's"),
        "gap": _("Validation loss less training loss"),
        "objective": _("Objective"),
        "memorization": _("Training loss, changed labels"),
    }[view]


def name_axis(axis: Axis) -> str:
    """The title of the x axis."""
    return {"epoch": _("Epoch"), "steps": _("Gradient steps"), "seconds": _("Seconds")}[axis]


def name_lines(view: View) -> tuple[str, str]:
    """What a view's line and the thinner one beside it show."""
    if view in DIFFERENCES or view == "gap":
        return _("difference"), ""
    return {
        "objective": (_("objective"), _("training loss, clean")),
        "memorization": (_("changed labels"), _("labels left as they are")),
    }.get(view, (_("validation"), _("training")))


def curve_figure(
    variants: Sequence[VariantSummary],
    view: View = "loss",
    *,
    reference: str,
    epochs: int,
    axis: Axis = "epoch",
    log_x: bool = False,
    log_y: bool = False,
    references: Sequence[Reference] = (),
    revision: str = "curves",
) -> Trace:
    """Return a Plotly figure of means over seeds, with `chart_height` for its height.

    Args:
        variants: in the order of the experiment, which decides the colours.
        view: what is shown.
        reference: the variant that the others are compared with; it is focused unless another is pointed at.
        epochs: how many were asked for; the axis spans them from the start, so that growing curves do not move under
            the eye.
        axis: of x.
        log_x: whether x has a logarithmic axis.
        log_y: whether the values have one.
        references: predictors without a network.
        revision: while it stays the same, the zoom stays; give the experiment's identifier.
    """
    log_y = log_y and view not in SIGNED
    lines = view_lines(variants, view, reference, epochs)
    marks = [mark_epochs(variant) for variant in variants]
    axes = [measure_axis(variant, axis, epochs) for variant in variants]
    drawn = list(zip(variants, lines, axes, strict=True))
    bands, thin, beside, means, after = [], [], [], [], []
    for index, (variant, line, places) in enumerate(drawn):
        few = len(variants) <= BANDS_SHOWN
        bands += _band(index, line, places, log_y, "band" if few else "band_focused")
        thin += _thin_lines(index, variant, view, places)
        beside += _beside(index, variant, line, view, places, axis)
        means += _mean(index, variant, line, view, places, axis)
        after += _after(index, variant, line, places)
    on_curves = [trace for index, found in enumerate(drawn) for trace in _marks(index, *found, marks[index])]
    members = [first_members(variant, VALIDATION.get(view, "")) for variant in variants]
    lanes = lane_traces([variant.name for variant in variants], marks, axes)
    curves = [*(c for line in lines for c in (line.drawn, line.beside)), *(c for found in members for c in found)]
    low, high = _value_range(curves, references, log_y)
    layout = _layout(view, axis, (log_x, log_y), axis_span(variants, axes, axis, log_x), revision)
    layout["yaxis"]["range"] = [float(v) for v in (np.log10([low, high]) if log_y else (low, high))]
    share = LANE_HEIGHT * len(variants) / (CURVES_HEIGHT + LANE_HEIGHT * len(variants))
    layout["yaxis"]["domain"], layout["yaxis2"] = [share, 1], _lane_axis(len(variants), share)
    shapes, labels, far = _references(references, low, high, view)
    ends = [
        EndLabel(variant.name, style(index).colour, line.end, write_value(view, line.end))
        for index, (variant, line) in enumerate(zip(variants, lines, strict=True))
        if line.end is not None and np.isfinite(line.end)
    ]
    layout["shapes"] = shapes
    layout["annotations"] = [
        *end_labels([*ends, *labels], low, high, CURVES_HEIGHT, log_axis=log_y),
        *lane_labels(marks),
        *far,
    ]
    words = [_words(line, places, marks[index], (log_x, log_y)) for index, (_, line, places) in enumerate(drawn)]
    begins = np.cumsum([len(layout["annotations"]), *map(len, words)]).tolist()
    layout["annotations"] += [annotation for found in words for annotation in found]
    layout["meta"] = {
        "words": [list(range(first, last)) for first, last in pairwise(begins)],
        "focus": next((i for i, v in enumerate(variants) if v.name == reference), 0),
        "narrow": NARROW_PIXELS,
    }
    return {
        "data": [*bands, *_member_lines(members, axes), *thin, *beside, *means, *after, *on_curves, *lanes],
        "layout": layout,
    }


def axis_span(
    variants: Sequence[VariantSummary], axes: Sequence[FloatArray], axis: Axis, log_x: bool
) -> tuple[float, float]:
    """Return the ends of the x axis: of the variants that have epochs, or else of all."""
    begun = [
        places
        for variant, places in zip(variants, axes, strict=True)
        if any(run.epochs for run in runs_in_line(variant))
    ]
    begun = begun or list(axes)
    last = max((float(places[-1]) for places in begun), default=1.0)
    first = min((float(places[0]) for places in begun), default=1.0)
    return (first if log_x else 1.0 if axis == "epoch" else 0.0), last


def chart_height(variants: int) -> int:
    """The pixels that `curve_figure` needs."""
    return CURVES_HEIGHT + LANE_HEIGHT * variants + AXIS_HEIGHT


def write_value(view: View, value: float) -> str:
    """A value as it stands at the end of its line."""
    if view in SHARES:
        return f"{100 * value:.1f}%"
    if view in SHARES_LESS_OTHERS:
        return f"{100 * value:+.1f}%".replace("-", "−")
    return format_number(value)


def _mean(index: int, variant: VariantSummary, line: Line, view: View, places: FloatArray, axis: Axis) -> list[Trace]:
    if not len(line.values):
        return []
    look = style(index)
    trace = {
        **_line(index, "mean", look, WIDTH),
        "name": f"{variant.name}: {name_lines(view)[0]}",
        "hovertemplate": _hover(variant, name_lines(view)[0], view, axis),
        **_points(line.values, places, axis),
    }
    if look.symbol:
        trace["mode"] = "lines+markers"
        trace["marker"] = {"symbol": look.symbol, "size": 8, "color": look.colour, "maxdisplayed": SYMBOLS_SHOWN}
    return [trace]


def _beside(index: int, variant: VariantSummary, line: Line, view: View, places: FloatArray, axis: Axis) -> list[Trace]:
    if not len(line.beside):
        return []
    kept = thin_out(len(line.beside), BESIDE_POINTS)
    trace = {
        **_line(index, "beside", style(index), BESIDE_WIDTH, "dash"),
        "name": f"{variant.name}: {name_lines(view)[1]}",
        "opacity": BESIDE_OPACITY,
        "hovertemplate": _hover(variant, name_lines(view)[1], view, axis),
    }
    if len(kept) == len(line.beside):
        return [{**trace, **_points(line.beside, places, axis)}]
    return [{**trace, "x": encode_places(places[kept]), "y": encode_values(line.beside[kept])}]


def _after(index: int, variant: VariantSummary, line: Line, places: FloatArray) -> list[Trace]:
    """How the mean goes on once runs have stopped: as the mean of the models handed over so far."""
    if not len(line.after) or not len(line.values):
        return []
    start = min(len(line.values), len(places) - 1)
    values = np.concatenate([line.values[-1:], line.after])
    epochs = np.minimum(np.arange(start, start + len(values)), len(places)) - 1
    kept = thin_out(len(values), BAND_POINTS)
    title = _("model handed over")
    return [
        {
            **_line(index, "after", style(index), WIDTH, "dot"),
            "name": f"{variant.name}: {title}",
            "hovertemplate": f"<b>{literal_in_hover(variant.name)}</b><br>{title}: %{{y:.4f}}<extra></extra>",
            "x": encode_places(places[epochs[kept]]),
            "y": encode_values(values[kept]),
        }
    ]


def _band(index: int, line: Line, places: FloatArray, log_y: bool, part: str) -> list[Trace]:
    """The paired interval of the difference, around the variant's own line."""
    length = min(len(line.half_width), len(line.drawn), len(places))
    if not length:
        return []
    kept = thin_out(length, BAND_POINTS)
    centre, half = line.drawn[kept], line.half_width[kept]
    lower = np.maximum(centre - half, SMALLEST) if log_y else centre - half
    common = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "line": {"width": 0}}
    x = encode_places(places[kept])
    colour = translucent(style(index).colour, BAND_OPACITY)
    return [
        {**common, "uid": f"v{index}_low_{part}", "x": x, "y": encode_values(lower)},
        {
            **common,
            "uid": f"v{index}_{part}",
            "fill": "tonexty",
            "fillcolor": colour,
            "x": x,
            "y": encode_values(centre + half),
        },
    ]


def _thin_lines(index: int, variant: VariantSummary, view: View, places: FloatArray) -> list[Trace]:
    """The runs that train now and are no part of the mean yet."""
    name = VALIDATION.get(view)
    curves = [
        run.curves[name]
        for run in variant.runs
        if name and run.status == "running" and run.epochs and run.seed not in variant.seeds_in_mean
    ]
    return [thin_lines(index, "running", curves, places, THIN_POINTS, THIN_OPACITY)] if curves else []


def _member_lines(members: Sequence[FloatArray], axes: Sequence[FloatArray]) -> list[Trace]:
    """The validation curves of ensembles' members, under the first seed that has any."""
    points = min(MEMBER_POINTS, ALL_MEMBER_POINTS // max(sum(map(len, members)), 1))
    return [
        thin_lines(index, "members", list(found), axes[index], points, MEMBER_OPACITY)
        for index, found in enumerate(members)
        if found.size
    ]


def thin_lines(
    index: int, part: str, curves: Sequence[FloatArray], places: FloatArray, points: int, opacity: float
) -> Trace:
    """Return several curves as one translucent trace."""
    x, y = join_curves(curves, places, points)
    return {**_line(index, part, style(index), THIN_WIDTH), "opacity": opacity, "hoverinfo": "skip", "x": x, "y": y}


def first_members(variant: VariantSummary, series: str) -> FloatArray:
    """Return the curves of an ensemble's members in the first run that has any, shape (members, epochs)."""
    found = (run.members[series] for run in variant.runs if series in run.members)
    return next(found, np.empty((0, 0)))


def _marks(index: int, variant: VariantSummary, line: Line, places: FloatArray, marks: MarkedEpochs) -> list[Trace]:
    """On the curve: the onset of each variant, and all marks of the one that is pointed at."""
    curve, name, traces = line.drawn, literal_in_hover(variant.name), []
    found = _marks_on(marks, curve)
    for part, kinds in (("onset", ["onset"]), ("marks_focused", ["stop", "best"])):
        if shown := [kind for kind in found if kind in kinds]:
            traces.append(
                {
                    **_mark_trace(index, part, shown, found, places, curve),
                    "text": [say_mark(marks, kind) for kind in shown],
                    "hovertemplate": f"<b>{name}</b><br>%{{text}}<extra></extra>",
                }
            )
    return traces


def _marks_on(marks: MarkedEpochs, curve: FloatArray) -> dict[MarkKind, int]:
    """The marks that stand on a curve of this length, with their epochs."""
    return {kind: epoch for kind in MARK_SYMBOLS if (epoch := place_mark(marks, kind)) and epoch <= len(curve)}


def _words(line: Line, places: FloatArray, marks: MarkedEpochs, logarithmic: tuple[bool, bool]) -> list[Trace]:
    """What the marks of one variant say, beside them: where it stops above the curve, where it overfits below."""
    found, curve = _marks_on(marks, line.drawn), line.drawn
    words = []
    places_of_words: tuple[tuple[MarkKind, int, int], ...] = (("stop", 46, -44), ("onset", 60, 46))
    for kind, right, down in places_of_words:
        epoch = found.get(kind)
        if epoch is None or not np.isfinite(curve[epoch - 1]):
            continue
        said = _("{mark}: {epoch}").format(mark=name_mark(kind).capitalize(), epoch=epoch)
        if kind == "stop" and "best" in found:
            said += _(", best epoch {epoch}").format(epoch=found["best"])
        shorter = _("stop: {epoch}") if kind == "stop" else _("<b>onset: {epoch}</b>")
        x, y = places[epoch - 1], curve[epoch - 1]
        words.append(
            {
                "x": float(np.log10(x) if logarithmic[0] else x),
                "y": float(np.log10(max(y, SMALLEST)) if logarithmic[1] else y),
                "ax": right,
                "ay": down,
                "xanchor": "left",
                "showarrow": True,
                "arrowhead": 0,
                "arrowwidth": 1,
                "standoff": 8,
                "font": {"size": 12},
                "text": f"<b>{said}</b>" if kind == "onset" else said,
                "name": shorter.format(epoch=epoch),
            }
        )
    return words


def _mark_trace(
    index: int,
    part: str,
    kinds: Sequence[MarkKind],
    found: dict[MarkKind, int],
    places: FloatArray,
    curve: FloatArray,
) -> Trace:
    epochs = np.array([found[kind] for kind in kinds]) - 1
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": f"v{index}_{part}",
        "meta": MARKS_META,
        "x": encode_places(places[epochs]),
        "y": encode_values(curve[epochs]),
        "marker": {
            "symbol": [MARK_SYMBOLS[kind] for kind in kinds],
            "size": 11,
            "color": style(index).colour,
            "standoff": [9 if kind == "onset" else 0 for kind in kinds],
            "line": {"width": [2 if kind == "stop" else 1.5 for kind in kinds]},
        },
    }


def _line(index: int, part: str, look: Style, width: float, dash: str = "solid") -> Trace:
    line = {"color": look.colour, "width": width, "dash": dash}
    return {"type": "scatter", "mode": "lines", "uid": f"v{index}_{part}", "line": line}


def _points(curve: FloatArray, places: FloatArray, axis: Axis) -> Trace:
    """Return a curve, without its epochs where plotly.js counts them itself; thinned out if it is very long."""
    kept = thin_out(len(curve), MEAN_POINTS)
    x: Trace = {"x0": 1, "dx": 1} if axis == "epoch" and len(kept) == len(curve) else {"x": encode_places(places[kept])}
    return {**x, "y": encode_values(curve[kept])}


def _hover(variant: VariantSummary, title: str, view: View, axis: Axis) -> str:
    """Return the hover text: variant, line, number of seeds, place and value."""
    count = len(variant.seeds_in_mean)
    seeds = (
        ngettext("mean of {count} seed", "mean of {count} seeds", count)
        if len(variant.runs) > 1
        else _("seed {seed}").format(seed=variant.runs[0].seed)
    )
    place = {"epoch": _("epoch %{x}"), "steps": _("step %{x}"), "seconds": _("%{x:.2f} s")}[axis]
    value = "%{y:.2%}" if view in SHARES else "%{y:+.2%}" if view in SHARES_LESS_OTHERS else "%{y:.4f}"
    return f"<b>{literal_in_hover(variant.name)}</b><br>{title}, {seeds}<br>{place}: {value}<extra></extra>"


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
    return np.unique(np.append(np.arange(0, length, stride), length - 1))


def _value_range(curves: Sequence[FloatArray], references: Sequence[Reference], log_y: bool) -> tuple[float, float]:
    """Return a range of values that shows all curves after their steep start, and references close to them."""
    curves = [curve for curve in curves if len(curve)]
    start = int(STEEP_START * max((len(curve) for curve in curves), default=0))
    values = np.concatenate([*(curve[min(start, len(curve) - 1) :] for curve in curves), np.empty(0)])
    values = values[np.isfinite(values) & ((values > 0) | (not log_y))]
    if not len(values):
        return (0.1, 1.0) if log_y else (0.0, 1.0)
    low, high = float(values.min()), float(values.max())
    reach = REFERENCE_REACH * (high - low)
    near = [value for _name, value in references if low - reach <= value <= high + reach]
    low, high = min([low, *near]), max([high, *near])
    if log_y:
        return low / 1.1, high * 1.1
    margin = 0.06 * (high - low) or 0.06
    return low - margin, high + margin


def _references(
    references: Sequence[Reference], low: float, high: float, view: View
) -> tuple[list[Trace], list[EndLabel], list[Trace]]:
    """Return the lines of predictors without a network, their labels, and notes for those out of sight."""
    near = [(name, value) for name, value in references if low <= value <= high]
    shapes = [reference_line(value, "paper", "y") for _name, value in near]
    labels = [EndLabel(name, GREY, value, write_value(view, value), "╌") for name, value in near]
    above = [f"{name}: {write_value(view, value)} ↑" for name, value in references if value > high]
    below = [f"{name}: {write_value(view, value)} ↓" for name, value in references if value < low]
    notes = [
        {
            "x": 1,
            "xref": "paper",
            "xanchor": "right",
            "y": height,
            "yref": "y domain",
            "yanchor": anchor,
            "showarrow": False,
            "font": {"size": 11},
            "text": " · ".join(texts),
        }
        for texts, height, anchor in ((above, 1, "top"), (below, 0, "bottom"))
        if texts
    ]
    return shapes, labels, notes


def reference_line(value: float, across: str, axis: str) -> Trace:
    """Return a line at a value, all across an x axis's domain."""
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


def _lane_axis(count: int, share: float) -> Trace:
    return {
        "domain": [0, max(share - 0.03, 0.01)],
        "range": [-0.6, count - 0.4],
        "fixedrange": True,
        "visible": False,
        "anchor": "x",
    }


def _tick_format(view: View) -> str:
    if view in SHARES_LESS_OTHERS:
        return "+.1%"
    return ".0%" if view in SHARES else "~g"  # a logarithmic axis would write 0.05 as a bare 5


def _layout(view: View, axis: Axis, logarithmic: tuple[bool, bool], span: tuple[float, float], revision: str) -> Trace:
    """Return axes and what keeps the person's view; colours come from the page's theme."""
    log_x, log_y = logarithmic
    ends = [float(v) for v in (np.log10(span) if log_x else span)]
    return {
        "uirevision": revision,
        "hovermode": "closest",
        "dragmode": "zoom",
        "showlegend": False,
        "margin": {"l": 8, "r": LABEL_PIXELS, "t": 8, "b": 8},
        "xaxis": {
            "title": axis_title(name_axis(axis)),
            "type": "log" if log_x else "linear",
            "range": [ends[0], max(ends[1], ends[0] + 1e-3)],
            "anchor": "y2",
            "zeroline": False,
            "showgrid": False,
            "nticks": 8,
            "uirevision": f"{revision} {axis} {log_x}",
        },
        "yaxis": {
            "title": axis_title(name_view(view)),
            "type": "log" if log_y else "linear",
            "tickformat": ".0%"
            if view in SHARES
            else "+.1%"
            if view in SHARES_LESS_OTHERS
            else "~g",  # a logarithmic axis would write 0.05 as a bare 5
            "nticks": 7,
            "zeroline": view in SIGNED,
            # A zoomed range means another stretch of values on the other scale.
            "uirevision": f"{revision} {view} {log_y}",
        },
    }
