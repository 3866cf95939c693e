"""The chart of an experiment: a line for each variant, its mean over seeds, in one view; the marks in lanes below.

Figures are plain dictionaries: building `plotly.graph_objects` takes longer than a live refresh may take.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

from analysis.lines import FloatArray, Line, MarkedEpochs, View, mark_epochs, measure_axis, view_lines
from analysis.summary import VariantSummary
from charts.axes import chart_layout, on_scale, span_x, span_y, title_x, title_y, x_axis, y_axis
from charts.curve_marks import curve_marks, mark_words
from charts.labels import literal_in_hover
from charts.lanes import LANE_HEIGHT, lane_labels, lane_traces
from charts.line_labels import LABEL_PIXELS, NARROW_PIXELS, EndLabel, end_labels
from charts.palette import style, translucent
from charts.traces import GREY, SMALLEST, Trace, line_points, line_trace, reference_shape, thin_lines, thin_out
from charts.typed_arrays import encode_places, encode_values
from charts.views import ChartOptions, Ghost, hover_place, hover_value, name_lines, write_value
from models.names import visible
from wording.language import _, ngettext

CURVES_HEIGHT: Final = 268
AXIS_HEIGHT: Final = 44
"""Pixels of the curves, and of the axis below the lanes."""
BESIDE_WIDTH, BESIDE_OPACITY, MEMBER_OPACITY, GHOST_OPACITY = 1.4, 0.85, 0.35, 0.4
BAND_OPACITY: Final = 0.13
BANDS_SHOWN: Final = 4
"""With more variants than these, a band shows only for the one that is pointed at."""
MEAN_POINTS, BAND_POINTS, BESIDE_POINTS, THIN_POINTS = 512, 96, 160, 96
"""Points of a line at most, so that a refresh of eight variants stays under 100 KB."""
MEMBER_POINTS, ALL_MEMBER_POINTS = 24, 960
"""Points of one member's line, and of all of them in a chart, at most: more members are drawn more coarsely."""
SYMBOLS_SHOWN: Final = 8
VALIDATION: Final[dict[View, str]] = {"loss": "val_loss", "accuracy": "val_accuracy"}
"""Views in which single runs and members of ensembles are drawn beside the means."""


def curve_figure(variants: Sequence[VariantSummary], options: ChartOptions) -> Trace:
    """Return a Plotly figure of means over seeds, with `chart_height` for its height.

    Args:
        variants: in the order of the experiment, which decides the colours.
        options: what is shown of them.
    """
    lines = view_lines(variants, options.view, options.reference, options.epochs)
    axes = [measure_axis(variant, options.axis, options.epochs) for variant in variants]
    marks = [mark_epochs(variant) for variant in variants]
    members = [first_members(variant, VALIDATION.get(options.view, "")) for variant in variants]
    shown = [*(c for line in lines for c in (line.drawn, line.beside)), *(c for found in members for c in found)]
    curves = [*shown, *(ghost.line.drawn for ghost in options.ghosts)]
    span = span_y(curves, log=options.log_values, references=options.references)
    return {
        "data": _traces(variants, lines, axes, marks, members, options),
        "layout": _layout(variants, lines, axes, marks, span, options),
    }


def chart_height(variants: int) -> int:
    """The pixels that `curve_figure` needs."""
    return CURVES_HEIGHT + LANE_HEIGHT * variants + AXIS_HEIGHT


def first_members(variant: VariantSummary, series: str) -> FloatArray:
    """Return the curves of an ensemble's members in the first run that has any, shape (members, epochs)."""
    found = (run.members[series] for run in variant.runs if series in run.members)
    return next(found, np.empty((0, 0)))


def _traces(
    variants: Sequence[VariantSummary],
    lines: Sequence[Line],
    axes: Sequence[FloatArray],
    marks: Sequence[MarkedEpochs],
    members: Sequence[FloatArray],
    options: ChartOptions,
) -> list[Trace]:
    """All that is drawn, the marks on top."""
    bands, thin, beside, means, after, on_curves = [], [], [], [], [], []
    part = "band" if len(variants) <= BANDS_SHOWN else "band_focused"
    for index, (variant, line, places) in enumerate(zip(variants, lines, axes, strict=True)):
        bands += _band(index, line, places, options.log_values, part)
        thin += _running(index, variant, options.view, places)
        beside += _beside(index, variant, line, places, options)
        means += _mean(index, variant, line, places, options)
        after += _after(index, variant, line, places, options)
        on_curves += curve_marks(index, variant.name, line.drawn, places, marks[index])
    lanes = lane_traces([variant.name for variant in variants], marks, axes)
    ghosts = [trace for ghost in options.ghosts for trace in _ghost(ghost, axes[ghost.place], options)]
    return [*bands, *_member_lines(members, axes), *ghosts, *thin, *beside, *means, *after, *on_curves, *lanes]


def _layout(
    variants: Sequence[VariantSummary],
    lines: Sequence[Line],
    axes: Sequence[FloatArray],
    marks: Sequence[MarkedEpochs],
    span: tuple[float, float],
    options: ChartOptions,
) -> Trace:
    """Axes, what is written on them, and `meta`: which annotations show only where a variant is pointed at."""
    names = [variant.name for variant in variants]
    ends = [
        EndLabel(name, style(index).colour, line.end, write_value(options.view, line.end))
        for index, (name, line) in enumerate(zip(names, lines, strict=True))
        if line.end is not None and np.isfinite(line.end)
    ]
    shapes, labels, far = _references(span, options)
    always = [
        *end_labels([*ends, *labels], *span, CURVES_HEIGHT, log_axis=options.log_values),
        *lane_labels(marks),
        *far,
    ]
    drawn = zip(lines, axes, marks, strict=True)
    words = [mark_words(line.drawn, places, marked, options) for line, places, marked in drawn]
    begins = np.cumsum([len(always), *map(len, words)]).tolist()
    share = LANE_HEIGHT * len(variants) / (CURVES_HEIGHT + LANE_HEIGHT * len(variants))
    return {
        **chart_layout(options, LABEL_PIXELS),
        "xaxis": {
            **x_axis(options, 8),
            "title": title_x(options),
            "range": span_x(variants, axes, options),
            "anchor": "y2",
        },
        "yaxis": {
            **y_axis(options, 7),
            "title": title_y(options),
            "range": [on_scale(end, log=options.log_values) for end in span],
            "domain": [share, 1],
        },
        "yaxis2": _lane_axis(len(variants), share),
        "shapes": shapes,
        "annotations": [*always, *(annotation for found in words for annotation in found)],
        "meta": {
            "words": [list(range(first, last)) for first, last in pairwise(begins)],
            "focus": names.index(options.reference) if options.reference in names else 0,
            "narrow": NARROW_PIXELS,
        },
    }


def _mean(index: int, variant: VariantSummary, line: Line, places: FloatArray, options: ChartOptions) -> list[Trace]:
    if not len(line.values):
        return []
    title, look = name_lines(options.view)[0], style(index)
    trace = {
        **line_trace(index, "mean"),
        "name": f"{visible(variant.name)}: {title}",
        "hovertemplate": _hover(variant, line, title, options),
        **_points(line.values, places, MEAN_POINTS, options),
    }
    if look.symbol:
        trace["mode"] = "lines+markers"
        trace["marker"] = {"symbol": look.symbol, "size": 8, "color": look.colour, "maxdisplayed": SYMBOLS_SHOWN}
    return [trace]


def _beside(index: int, variant: VariantSummary, line: Line, places: FloatArray, options: ChartOptions) -> list[Trace]:
    if not len(line.beside):
        return []
    title = name_lines(options.view)[1]
    return [
        {
            **line_trace(index, "beside", BESIDE_WIDTH, "dash"),
            "name": f"{visible(variant.name)}: {title}",
            "opacity": BESIDE_OPACITY,
            "hovertemplate": _hover(variant, line, title, options),
            **_points(line.beside, places, BESIDE_POINTS, options),
        }
    ]


def _ghost(ghost: Ghost, places: FloatArray, options: ChartOptions) -> list[Trace]:
    """A variant's curve from before the last change, as pale as it is past."""
    curve = ghost.line.drawn[: len(places)]
    if not len(curve):
        return []
    where = f"{hover_place(options.axis)}: {hover_value(options.view)}"
    return [
        {
            **line_trace(ghost.place, "ghost"),
            "name": ghost.name,
            "opacity": GHOST_OPACITY,
            "hovertemplate": f"<b>{literal_in_hover(ghost.name)}</b><br>{where}<extra></extra>",
            **_points(curve, places, BAND_POINTS, options),
        }
    ]


def _after(index: int, variant: VariantSummary, line: Line, places: FloatArray, options: ChartOptions) -> list[Trace]:
    """How the mean goes on once runs have stopped: as the mean of the models handed over so far."""
    if not len(line.after) or not len(line.values):
        return []
    start = min(len(line.values), len(places) - 1)
    values = np.concatenate([line.values[-1:], line.after])
    epochs = np.minimum(np.arange(start, start + len(values)), len(places)) - 1
    title = _("model handed over")
    return [
        {
            **line_trace(index, "after", dash="dot"),
            "name": f"{visible(variant.name)}: {title}",
            "hovertemplate": _hover(variant, line, title, options),
            **line_points(values, places[epochs], BAND_POINTS),
        }
    ]


def _band(index: int, line: Line, places: FloatArray, log_values: bool, part: str) -> list[Trace]:
    """The paired interval of the difference, around the variant's own line."""
    length = min(len(line.half_width), len(line.drawn), len(places))
    if not length:
        return []
    kept = thin_out(length, BAND_POINTS)
    centre, half = line.drawn[kept], line.half_width[kept]
    lower = np.maximum(centre - half, SMALLEST) if log_values else centre - half
    common = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "line": {"width": 0}}
    common["x"] = encode_places(places[kept])
    fill = {"fill": "tonexty", "fillcolor": translucent(style(index).colour, BAND_OPACITY)}
    return [
        {**common, "uid": f"v{index}_low_{part}", "y": encode_values(lower)},
        {**common, "uid": f"v{index}_{part}", **fill, "y": encode_values(centre + half)},
    ]


def _running(index: int, variant: VariantSummary, view: View, places: FloatArray) -> list[Trace]:
    """The runs that train now and are no part of the mean yet."""
    name = VALIDATION.get(view)
    curves = [
        run.curves[name]
        for run in variant.runs
        if name and run.status == "running" and run.epochs and run.seed not in variant.seeds_in_mean
    ]
    return [thin_lines(index, "running", curves, places, THIN_POINTS)] if curves else []


def _member_lines(members: Sequence[FloatArray], axes: Sequence[FloatArray]) -> list[Trace]:
    """The validation curves of ensembles' members, under the first seed that has any."""
    points = min(MEMBER_POINTS, ALL_MEMBER_POINTS // max(sum(map(len, members)), 1))
    return [
        thin_lines(index, "members", list(found), axes[index], points, MEMBER_OPACITY)
        for index, found in enumerate(members)
        if found.size
    ]


def _points(curve: FloatArray, places: FloatArray, points: int, options: ChartOptions) -> Trace:
    """Return a curve, without its epochs where plotly.js counts them itself; thinned out if it is very long."""
    if options.axis == "epoch" and len(curve) <= points:
        return {"x0": 1, "dx": 1, "y": encode_values(curve)}
    return line_points(curve, places, points)


def _hover(variant: VariantSummary, line: Line, title: str, options: ChartOptions) -> str:
    """Return the hover text: variant, line, number of seeds, place and value."""
    seeds = (
        ngettext("mean of {count} seed", "mean of {count} seeds", line.seeds)
        if len(variant.runs) > 1
        else _("seed {seed}").format(seed=variant.runs[0].seed)
    )
    where = f"{hover_place(options.axis)}: {hover_value(options.view)}"
    return f"<b>{literal_in_hover(variant.name)}</b><br>{title}, {seeds}<br>{where}<extra></extra>"


def _references(span: tuple[float, float], options: ChartOptions) -> tuple[list[Trace], list[EndLabel], list[Trace]]:
    """Return the lines of predictors without a network, their labels, and notes for those out of sight."""
    low, high = span
    written = [(name, value, write_value(options.view, value)) for name, value in options.references]
    near = [found for found in written if low <= found[1] <= high]
    shapes = [reference_shape(value, "paper", "y") for _name, value, _shown in near]
    labels = [EndLabel(name, GREY, value, shown, "╌") for name, value, shown in near]
    above = [f"{name}: {shown} ↑" for name, value, shown in written if value > high]
    below = [f"{name}: {shown} ↓" for name, value, shown in written if value < low]
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


def _lane_axis(count: int, share: float) -> dict[str, Any]:
    return {
        "domain": [0, max(share - 0.03, 0.01)],
        "range": [-0.6, count - 0.4],
        "fixedrange": True,
        "visible": False,
        "anchor": "x",
    }
