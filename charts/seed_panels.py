"""The single seeds of an experiment: one panel for each variant, all with the same axes."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from analysis.lines import DIFFERENCES, Axis, FloatArray, Line, View, mark_epochs, measure_axis, view_curve, view_lines
from analysis.summary import RunSummary, VariantSummary
from charts.curves import (
    GREY,
    SIGNED,
    THIN_OPACITY,
    WIDTH,
    Reference,
    axis_span,
    name_axis,
    name_view,
    reference_line,
    thin_lines,
    thin_out,
)
from charts.labels import axis_title, literal, literal_in_hover, shorten
from charts.marks import MARK_SYMBOLS, MARKS_META, MarkKind, join_lines, name_mark, say_lane
from charts.palette import style
from charts.typed_arrays import encode_places, encode_values
from wording.evidence import say_onset, say_stopping
from wording.language import _

Trace = dict[str, Any]

PANEL_HEIGHT: Final = 208
TITLE_HEIGHT: Final = 30
ALL_POINTS, MEAN_POINTS = 4000, 256
"""Points of all thin lines together, and of each mean, so that a refresh stays under 100 KB."""
FEW_RUNS: Final = 16
"""With more runs than these, marks do not tell their evidence: it would be half of a refresh."""
NAME_LENGTH: Final = 22
HIGH_SHARE: Final = 0.995
"""Of the values after the steep start that the axis shows: one wild seed would flatten all panels."""


def seeds_figure(
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
    """Return a Plotly figure with `panels_height` for its height; the arguments are those of `curve_figure`."""
    log_y = log_y and view not in SIGNED
    lines = view_lines(variants, view, reference, epochs)
    axes = [measure_axis(variant, axis, epochs) for variant in variants]
    curves = [_seed_curves(variant, variants, view, reference) for variant in variants]
    columns, rows = lay_panels(len(variants))
    compared = next((index for index, variant in enumerate(variants) if variant.name == reference), 0)
    points = max(16, min(256, ALL_POINTS // max(sum(map(len, curves)), 1)))
    few = sum(len(variant.runs) for variant in variants) <= FEW_RUNS
    scales = {"log_x": log_x, "log_y": log_y}
    layout: Trace = {
        "uirevision": revision,
        "hovermode": "closest",
        "dragmode": "zoom",
        "showlegend": False,
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
        "annotations": [],
        "meta": {"focus": compared, "words": []},
    }
    traces: list[Trace] = []
    for index, (variant, line, places) in enumerate(zip(variants, lines, axes, strict=True)):
        name = "" if index == 0 else str(index + 1)
        on = {"xaxis": f"x{name}", "yaxis": f"y{name}"}
        traces += [
            {**trace, **on}
            for trace in (
                *_panel(index, variant, curves[index], line, places, points),
                *([_reference_line(lines[compared], axes[compared])] if index != compared else []),
                *(_marks(index, variant, places, evident=few) if view == "loss" else []),
            )
        ]
        left, bottom = (index % columns) / columns, 1 - (index // columns + 1) / rows
        gap_x, gap_y = 0.05 if columns > 1 else 0, 0.19 if rows > 1 else 0.1
        domains = [left + (gap_x if index % columns else 0), left + 1 / columns], [bottom, bottom + (1 - gap_y) / rows]
        bottom_row = index + columns >= len(variants)
        layout |= _panel_axes(name, domains, scales, bottom_row=bottom_row, first=index == 0)
        layout["annotations"].append(_title(variant, index, domains))
    lowest = columns * (rows - 1)
    layout["shapes"] = [
        reference_line(value, f"x{place} domain", f"y{place}")
        for place in ("", *range(2, len(variants) + 1))
        for _name, value in references
    ]
    layout[f"xaxis{lowest + 1 if lowest else ''}"]["title"] = axis_title(name_axis(axis))
    layout["yaxis"]["title"] = axis_title(name_view(view))
    first, last = axis_span(variants, axes, axis, log_x)
    span = np.array([first, max(last, first + 1e-3)])
    layout["xaxis"]["range"] = (np.log10(span) if log_x else span).tolist()
    low, high = _value_range([curve for found in curves for curve in found.values()], log_y)
    layout["yaxis"]["range"] = [float(v) for v in (np.log10([low, high]) if log_y else (low, high))]
    layout["yaxis"]["uirevision"] = f"{revision} {view} {log_y} seeds"
    return {"data": traces, "layout": layout}


def lay_panels(count: int) -> tuple[int, int]:
    """Return columns and rows of so many panels."""
    columns = 1 if count == 1 else 2 if count <= 4 else 3 if count <= 9 else 4
    return columns, -(-count // columns)


def panels_height(count: int) -> int:
    """The pixels that `seeds_figure` needs."""
    return PANEL_HEIGHT * lay_panels(count)[1] + TITLE_HEIGHT


def _seed_curves(
    variant: VariantSummary, variants: Sequence[VariantSummary], view: View, reference: str
) -> dict[int, FloatArray]:
    """Seed -> its curve; in a view of differences, less that of the reference under the same seed."""
    curves = {run.seed: view_curve(run, view) for run in variant.runs if run.epochs}
    if view not in DIFFERENCES:
        return {seed: curve for seed, curve in curves.items() if len(curve)}
    compared = next((v for v in variants if v.name == reference), None)
    others = {run.seed: view_curve(run, view) for run in compared.runs if run.epochs} if compared else {}
    shared = {seed: min(len(curve), len(others[seed])) for seed, curve in curves.items() if seed in others}
    return {seed: curves[seed][:length] - others[seed][:length] for seed, length in shared.items() if length}


def _panel(
    index: int, variant: VariantSummary, curves: dict[int, FloatArray], line: Line, places: FloatArray, points: int
) -> list[Trace]:
    """The seeds thin, their mean thick."""
    colour = style(index).colour
    traces = [thin_lines(index, "seeds", list(curves.values()), places, points, THIN_OPACITY)] if curves else []
    if len(line.drawn):
        hover = f"<b>{literal_in_hover(variant.name)}</b><br>%{{x:.4~g}}: %{{y:.4f}}<extra></extra>"
        for part, curve, dash, begin in (
            ("mean", line.values, "solid", 0),
            ("after", line.after, "dot", min(len(line.values), len(places) - len(line.after))),
        ):
            if len(curve):
                kept = thin_out(len(curve), MEAN_POINTS)
                traces.append(
                    {
                        "type": "scatter",
                        "mode": "lines",
                        "uid": f"v{index}_{part}",
                        "name": f"{variant.name}: {_('mean') if part == 'mean' else _('model handed over')}",
                        "line": {"color": colour, "width": WIDTH, "dash": dash},
                        "hovertemplate": hover,
                        "x": encode_places(places[begin:][kept]),
                        "y": encode_values(curve[kept]),
                    }
                )
    return traces


def _reference_line(line: Line, places: FloatArray) -> Trace:
    curve = line.drawn[: len(places)]
    kept = thin_out(len(curve), MEAN_POINTS)[: len(curve)]
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": "panel_reference",
        "hoverinfo": "skip",
        "line": {"color": GREY, "width": 1.4, "dash": "dash"},
        "x": encode_places(places[kept]),
        "y": encode_values(curve[kept]),
    }


def _marks(index: int, variant: VariantSummary, places: FloatArray, *, evident: bool) -> list[Trace]:
    """Stop and onset of each seed, on its own validation curve."""
    found = [(kind, run, epoch) for run in variant.runs for kind, epoch in _marks_of(run)]
    shown = [(kind, run, epoch) for kind, run, epoch in found if epoch <= min(run.epochs, len(places))]
    if not shown:
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "uid": f"v{index}_marks",
            "meta": MARKS_META,
            "x": encode_places(np.array([places[epoch - 1] for _kind, _run, epoch in shown])),
            "y": encode_values([run.curves["val_loss"][epoch - 1] for _kind, run, epoch in shown]),
            "text": [_say(kind, run, epoch, evident=evident) for kind, run, epoch in shown],
            "marker": {
                "symbol": [MARK_SYMBOLS[kind] for kind, _run, _epoch in shown],
                "size": 7,
                "color": style(index).colour,
                "line": {"width": [1.5 if kind == "stop" else 0.5 for kind, _run, _epoch in shown]},
            },
            "hovertemplate": f"<b>{literal_in_hover(variant.name)}</b><br>%{{text}}<extra></extra>",
        }
    ]


def _marks_of(run: RunSummary) -> list[tuple[MarkKind, int]]:
    found: tuple[tuple[MarkKind, int | None], ...] = (
        ("onset", run.onset.epoch if run.onset else None),
        ("stop", run.stopping.stop_epoch),
    )
    return [(kind, epoch) for kind, epoch in found if epoch is not None]


def _say(kind: MarkKind, run: RunSummary, epoch: int, *, evident: bool) -> str:
    head = _("{mark} at epoch {epoch} (seed {seed})").format(
        mark=name_mark(kind).capitalize(), epoch=epoch, seed=run.seed
    )
    if not evident:
        return head
    evidence = say_onset(run.onset) if kind == "onset" and run.onset else say_stopping(run.stopping, run.rule)
    return join_lines(head, evidence)


def _panel_axes(
    name: str, domains: tuple[list[float], list[float]], scales: dict[str, bool], *, bottom_row: bool, first: bool
) -> Trace:
    x: Trace = {
        "domain": domains[0],
        "anchor": f"y{name}",
        "type": "log" if scales["log_x"] else "linear",
        "zeroline": False,
        "showgrid": False,
        "nticks": 5,
        "showticklabels": bottom_row,
    }
    y: Trace = {
        "domain": domains[1],
        "anchor": f"x{name}",
        "type": "log" if scales["log_y"] else "linear",
        "tickformat": "~g",
        "nticks": 5,
        "zeroline": False,
    }
    if not first:
        x["matches"], y["matches"] = "x", "y"
        y["showticklabels"] = domains[0][0] == 0
    return {f"xaxis{name}": x, f"yaxis{name}": y}


def _title(variant: VariantSummary, index: int, domains: tuple[list[float], list[float]]) -> Trace:
    name = literal(shorten(variant.name, NAME_LENGTH))
    return {
        "x": domains[0][0],
        "xref": "paper",
        "xanchor": "left",
        "y": domains[1][1],
        "yref": "paper",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 12},
        "text": f'<span style="color:{style(index).colour}">—</span> <b>{name}</b> {say_lane(mark_epochs(variant))}',
        "name": f'<span style="color:{style(index).colour}">—</span> <b>{literal(shorten(variant.name, 14))}</b>',
    }


def _value_range(curves: Sequence[FloatArray], log_y: bool) -> tuple[float, float]:
    """Return a range that shows nearly all values after their steep start."""
    start = int(0.1 * max((len(curve) for curve in curves), default=0))
    values = np.concatenate([*(curve[min(start, len(curve) - 1) :] for curve in curves), np.empty(0)])
    values = values[np.isfinite(values) & ((values > 0) | (not log_y))]
    if not len(values):
        return (0.1, 1.0) if log_y else (0.0, 1.0)
    low, high = (float(value) for value in np.quantile(values, [0, HIGH_SHARE]))
    if log_y:
        return low / 1.1, high * 1.1
    margin = 0.06 * (high - low) or 0.06
    return low - margin, high + margin
