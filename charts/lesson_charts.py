"""Charts of the Learn page's steps, from the parts of the Lab's chart: a curve that is still being drawn, the same
seeds of two variants, and how the interval closes with every seed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from analysis.averages import measure_spread
from analysis.lines import FloatArray, mark_epochs
from analysis.summary import RunSummary, summarize
from analysis.verdict import Comparison
from charts.axes import chart_layout, span_y, title_x, title_y, x_axis, y_axis
from charts.curve_marks import curve_marks, mark_words
from charts.curves import BESIDE_WIDTH
from charts.labels import axis_title, literal
from charts.line_labels import LABEL_PIXELS, NARROW_PIXELS, EndLabel, end_labels
from charts.palette import style, translucent
from charts.traces import GREY, Trace, line_trace
from charts.typed_arrays import encode_epochs, encode_values
from charts.views import ChartOptions, write_value
from wording.language import _

CURVE_HEIGHT: Final = 360
PAIRS_HEIGHT: Final = 330
INTERVAL_HEIGHT: Final = 210
MARGIN: Final = {"l": 8, "r": 12, "t": 8, "b": 8}
DOT_SIZE: Final = 11


def growing_figure(
    run: RunSummary, epoch: int, options: ChartOptions, *, decided: int | None, onset: bool = False, rule: bool = False
) -> Trace:
    """Return a Plotly figure of one run's losses up to an epoch, with `CURVE_HEIGHT` for its height.

    What is to come would give the answer away, so it is drawn only once the person has decided.

    Args:
        run: finished.
        epoch: up to which it is drawn, with a point there; the axes span the whole run, so that they do not move.
        options: of the axes.
        decided: the epoch that the person chose; then the whole run is drawn.
        onset: whether it is marked where overfitting begins.
        rule: whether it is marked where early stopping fires, and what it restores.
    """
    curves = {"beside": run.curves["train_loss"], "mean": run.curves["val_loss"]}
    span = span_y(list(curves.values()), log=False)
    places = np.arange(1.0, run.epochs + 1)
    marks = mark_epochs(summarize((run,))[0])
    marks = marks if onset else replace(marks, onset=None, onsets=())
    marks = marks if rule else replace(marks, stops=(), bests=())
    last = epoch if decided is None else run.epochs
    traces = [trace for part, curve in curves.items() for trace in _grow(part, curve, epoch, last)]
    ends = [
        EndLabel(
            _name(part), style(0).colour, float(curve[last - 1]), write_value("loss", float(curve[last - 1])), dash
        )
        for (part, curve), dash in zip(curves.items(), ("╌", "—"), strict=True)
    ]
    always = [*end_labels(ends, *span, CURVE_HEIGHT, log_axis=False), *_say_decided(decided, run.epochs)]
    words = mark_words(run.curves["val_loss"], places, marks, options)
    return {
        "data": [*traces, *curve_marks(0, run.variant, run.curves["val_loss"], places, marks)],
        "layout": {
            **chart_layout(options, LABEL_PIXELS),
            "xaxis": {**x_axis(options, 8), "title": title_x(options), "range": [0, run.epochs + 1]},
            "yaxis": {**y_axis(options, 7), "title": title_y(options), "range": list(span)},
            "shapes": [_upright(epoch, "dot"), *([] if decided is None else [_upright(decided, "dash")])],
            "annotations": [*always, *words],
            "meta": {
                "words": [list(range(len(always), len(always) + len(words)))],
                "focus": 0,
                "narrow": NARROW_PIXELS,
            },
        },
    }


def _grow(part: str, curve: FloatArray, epoch: int, last: int) -> list[Trace]:
    """A loss up to its last epoch that is drawn, and a point at the one that is looked at."""
    look = (BESIDE_WIDTH, "dash") if part == "beside" else ()
    line = {
        **line_trace(0, part, *look), "name": _name(part), "x0": 1, "dx": 1, "y": encode_values(curve[:last]),
        "hovertemplate": f"<b>{_name(part)}</b><br>" + _("epoch %{x}") + ": %{y:.4f}<extra></extra>",
    }  # fmt: skip
    point = {
        "type": "scatter", "mode": "markers", "uid": f"v0_{part}_point", "hoverinfo": "skip", "x": [epoch],
        "y": encode_values(curve[epoch - 1 : epoch]), "marker": {"size": 7, "color": style(0).colour},
    }  # fmt: skip
    return [line, point]


def _name(part: str) -> str:
    return _("training") if part == "beside" else _("validation")


def _say_decided(epoch: int | None, epochs: int) -> list[dict[str, Any]]:
    if epoch is None:
        return []
    left = epoch > epochs / 2
    return [
        {
            "x": epoch, "y": 1, "yref": "paper", "yanchor": "top", "xanchor": "right" if left else "left",
            "xshift": -5 if left else 5, "showarrow": False, "font": {"size": 12},
            "text": _("you: epoch {epoch}").format(epoch=epoch),
        }
    ]  # fmt: skip


def _upright(epoch: int, dash: str) -> dict[str, Any]:
    line = {"color": GREY, "width": 1.2, "dash": dash}
    return {"type": "line", "layer": "below", "x0": epoch, "x1": epoch, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def pairs_figure(
    names: tuple[str, str],
    scores: Sequence[tuple[int, float, float]],
    span: tuple[float, float],
    title: str,
    *,
    connected: int,
) -> Trace:
    """Return a Plotly figure of two variants' seeds as dots, with `PAIRS_HEIGHT` for its height.

    Args:
        names: of the variants, which have the first two colours.
        scores: for each seed: its number, and what either variant scored.
        span: of the value axis, the same for any number of seeds.
        title: of the value axis.
        connected: of how many seeds, from the first on, the two dots are joined.
    """
    joined = {
        "type": "scatter", "mode": "lines", "uid": "pairs", "name": _("the same seed"), "hoverinfo": "skip",
        "line": {"color": GREY, "width": 1.4}, "showlegend": False,
        "x": [0.0, 1.0, None] * connected,
        "y": [value for _seed, first, second in scores[:connected] for value in (first, second, None)],
    }  # fmt: skip
    columns = [(index, [pair[1 + index] for pair in scores]) for index in range(2)]
    seeds = [str(seed) for seed, *_values in scores]
    return {
        "data": [joined, *(_column(index, names[index], values, seeds) for index, values in columns)],
        "layout": {
            "uirevision": "pairs",
            "hovermode": "closest",
            "showlegend": False,
            "margin": MARGIN,
            "xaxis": {
                "tickvals": [0, 1], "ticktext": [f"<b>{literal(name)}</b>" for name in names], "range": [-0.5, 1.5],
                "zeroline": False, "showgrid": False, "fixedrange": True,
            },
            "yaxis": {"title": axis_title(title), "range": list(span), "zeroline": False},
            "shapes": [_level(index, values) for index, values in columns],
        },
    }  # fmt: skip


def _column(index: int, name: str, values: Sequence[float], seeds: Sequence[str]) -> Trace:
    hover = f"<b>{literal(name)}</b><br>" + _("seed {seed}").format(seed="%{text}") + ": %{y:.4f}<extra></extra>"
    return {
        "type": "scatter", "mode": "markers", "uid": f"v{index}_dots", "name": literal(name), "text": list(seeds),
        "x": [float(index)] * len(values), "y": encode_values(values), "hovertemplate": hover,
        "marker": {"size": DOT_SIZE, "color": style(index).colour, "opacity": 0.85},
    }  # fmt: skip


def _level(index: int, values: Sequence[float]) -> dict[str, Any]:
    """A short line at the mean of the dots."""
    mean = measure_spread(values).mean
    line = {"color": style(index).colour, "width": 2.5}
    return {"type": "line", "x0": index - 0.14, "x1": index + 0.14, "y0": mean, "y1": mean, "line": line}


def interval_figure(comparisons: Sequence[Comparison], margin: float, seeds: int, index: int, *, reach: float) -> Trace:
    """Return a Plotly figure of the interval after each number of seeds, with `INTERVAL_HEIGHT` for its height.

    Args:
        comparisons: of one variant with the reference, after 2, 3, 4 ... seeds, as far as they are shown.
        margin: what matters, in the quantity's unit: a grey stripe.
        seeds: how many there will be at most, so that the axes do not move.
        index: the variant's place in the experiment, which gives its colour.
        reach: of the axis of differences; the interval of two seeds may go far beyond it.
    """
    colour = style(index).colour
    numbers = np.array([comparison.seeds for comparison in comparisons])
    means, lows, highs = (
        np.array([value if value is not None else np.nan for value in values])
        for values in zip(*((c.difference, c.low, c.high) for c in comparisons), strict=True)
    )
    intervals = {
        "type": "scatter", "mode": "markers", "uid": f"v{index}_intervals", "name": _("difference"),
        "x": encode_epochs(numbers), "y": encode_values(means),
        "error_y": {
            "type": "data", "symmetric": False, "array": encode_values(highs - means),
            "arrayminus": encode_values(means - lows), "color": translucent(colour, 0.75), "thickness": 2, "width": 5,
        },
        "marker": {"size": [12 if number == numbers[-1] else 7 for number in numbers], "color": colour},
        "customdata": [[float(low), float(high)] for low, high in zip(lows, highs, strict=True)],
        "hovertemplate": "%{x}: %{y:.4f} [%{customdata[0]:.4f}, %{customdata[1]:.4f}]<extra></extra>",
    }  # fmt: skip
    return {
        "data": [intervals],
        "layout": {
            "uirevision": "intervals",
            "hovermode": "closest",
            "showlegend": False,
            "margin": MARGIN,
            "xaxis": {
                "title": axis_title(_("Seeds")), "range": [1.5, seeds + 0.5], "dtick": 1, "zeroline": False,
                "showgrid": False,
            },
            "yaxis": {
                "title": axis_title(_("Difference")), "range": [-reach, reach], "zeroline": True, "nticks": 5,
            },
            "shapes": [
                {
                    "type": "rect", "layer": "below", "xref": "paper", "x0": 0, "x1": 1, "y0": -margin, "y1": margin,
                    "fillcolor": translucent(GREY, 0.25), "line": {"width": 0},
                }
            ],
        },
    }  # fmt: skip
