"""The single seeds of an experiment: one panel for each variant, all with the same axes."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from analysis.lines import DIFFERENCES, FloatArray, Line, mark_epochs, measure_axis, view_curve, view_lines
from analysis.summary import RunSummary, VariantSummary
from charts.axes import chart_layout, on_scale, span_x, span_y, title_x, title_y, x_axis, y_axis
from charts.labels import literal, literal_in_hover, shorten
from charts.marks import MARK_SYMBOLS, MARKS_META, MarkKind, join_lines, name_mark, say_lane
from charts.palette import style
from charts.traces import GREY, Trace, line_points, line_trace, reference_shape, thin_lines
from charts.typed_arrays import encode_places, encode_values
from charts.views import ChartOptions, hover_place, hover_value, write_value
from models.names import visible
from wording.evidence import say_onset, say_stopping
from wording.language import _

PANEL_HEIGHT: Final = 208
TITLE_HEIGHT: Final = 30
ALL_POINTS, MEAN_POINTS = 4000, 256
"""Points of all thin lines together, and of each mean, so that a refresh stays under 100 KB."""
FEW_RUNS: Final = 16
"""With more runs than these, marks do not tell their evidence: it would be half of a refresh."""
NAME_LENGTH, NARROW_NAME_LENGTH = 22, 14
HIGH_SHARE: Final = 0.995
"""Of the values after the steep start that the axis shows: one wild seed would flatten all panels."""


def seeds_figure(variants: Sequence[VariantSummary], options: ChartOptions) -> Trace:
    """Return a Plotly figure of single seeds, with `panels_height` for its height.

    Args:
        variants: in the order of the experiment, which decides the colours.
        options: what is shown of them.
    """
    lines = view_lines(variants, options.view, options.reference, options.epochs)
    axes = [measure_axis(variant, options.axis, options.epochs) for variant in variants]
    curves = [_seed_curves(variant, variants, options) for variant in variants]
    names = [variant.name for variant in variants]
    compared = names.index(options.reference) if options.reference in names else 0
    reference = _reference_line(lines[compared], axes[compared])
    points = max(16, min(256, ALL_POINTS // max(sum(map(len, curves)), 1)))
    evident = sum(len(variant.runs) for variant in variants) <= FEW_RUNS
    layout = _layout(variants, axes, [curve for found in curves for curve in found.values()], options)
    layout["meta"] = {"focus": compared, "words": [], "references": _name_references(options)}
    traces = []
    for index, (variant, line, places) in enumerate(zip(variants, lines, axes, strict=True)):
        marks = _marks(index, variant, places, evident=evident) if options.view == "loss" else []
        beside = [reference] if index != compared else []
        panel = [*_seeds(index, curves[index], places, points), *_mean(index, variant, line, places, options)]
        on = {"xaxis": f"x{_suffix(index)}", "yaxis": f"y{_suffix(index)}"}
        traces += [{**trace, **on} for trace in (*panel, *beside, *marks)]
    return {"data": traces, "layout": layout}


def lay_panels(count: int) -> tuple[int, int]:
    """Return columns and rows of so many panels."""
    columns = 1 if count == 1 else 2 if count <= 4 else 3 if count <= 9 else 4
    return columns, -(-count // columns)


def panels_height(count: int) -> int:
    """The pixels that `seeds_figure` needs."""
    return PANEL_HEIGHT * lay_panels(count)[1] + TITLE_HEIGHT


def _suffix(index: int) -> str:
    """What Plotly's names of a panel's axes end in."""
    return str(index + 1) if index else ""


def _layout(
    variants: Sequence[VariantSummary], axes: Sequence[FloatArray], curves: Sequence[FloatArray], options: ChartOptions
) -> Trace:
    """All panels' axes, titles and lines of references; the first panel's axes decide what all show."""
    count = len(variants)
    columns, rows = lay_panels(count)
    layout: Trace = chart_layout(options, right=12)
    for index in range(count):
        left, bottom = _domains(index, count)
        x = {**x_axis(options, 5), "domain": left, "anchor": f"y{_suffix(index)}"}
        y = {**y_axis(options, 5), "domain": bottom, "anchor": f"x{_suffix(index)}"}
        x["showticklabels"] = index + columns >= count
        if index:
            x["matches"], y["matches"], y["showticklabels"] = "x", "y", index % columns == 0
        layout |= {f"xaxis{_suffix(index)}": x, f"yaxis{_suffix(index)}": y}
    layout[f"xaxis{_suffix(columns * (rows - 1))}"]["title"] = title_x(options)
    layout["xaxis"]["range"] = span_x(variants, axes, options)
    span = span_y(curves, log=options.log_values, share=HIGH_SHARE)
    layout["yaxis"]["range"] = [on_scale(end, log=options.log_values) for end in span]
    layout["yaxis"]["title"] = title_y(options)
    layout["yaxis"]["uirevision"] += " seeds"
    layout["annotations"] = [_title(index, variant, count) for index, variant in enumerate(variants)]
    layout["shapes"] = [
        reference_shape(value, f"x{_suffix(index)} domain", f"y{_suffix(index)}")
        for index in range(count)
        for _name, value in options.references
    ]
    return layout


def _domains(index: int, count: int) -> tuple[list[float], list[float]]:
    """Where a panel lies, from left to right and from bottom to top, in shares of the figure."""
    columns, rows = lay_panels(count)
    left, bottom = (index % columns) / columns, 1 - (index // columns + 1) / rows
    gap_x, gap_y = 0.05 if columns > 1 else 0, 0.19 if rows > 1 else 0.1
    return [left + (gap_x if index % columns else 0), left + 1 / columns], [bottom, bottom + (1 - gap_y) / rows]


def _title(index: int, variant: VariantSummary, count: int) -> Trace:
    """A panel's title, above it; `name` is what a narrow screen shows."""
    left, bottom = _domains(index, count)
    dash = f'<span style="color:{style(index).colour}">—</span>'
    name, narrow = (literal(shorten(variant.name, length)) for length in (NAME_LENGTH, NARROW_NAME_LENGTH))
    return {
        "x": left[0],
        "xref": "paper",
        "xanchor": "left",
        "y": bottom[1],
        "yref": "paper",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 12},
        "text": f"{dash} <b>{name}</b> {say_lane(mark_epochs(variant))}",
        "name": f"{dash} <b>{narrow}</b>",
    }


def _name_references(options: ChartOptions) -> str:
    """What the grey lines across all panels are: there is no room beside each."""
    return ", ".join(f"{name} {write_value(options.view, value)}" for name, value in options.references)


def _seed_curves(
    variant: VariantSummary, variants: Sequence[VariantSummary], options: ChartOptions
) -> dict[int, FloatArray]:
    """Seed -> its curve; in a view of differences, less that of the reference under the same seed."""
    curves = {run.seed: view_curve(run, options.view) for run in variant.runs if run.epochs}
    if options.view not in DIFFERENCES:
        return {seed: curve for seed, curve in curves.items() if len(curve)}
    compared = next((v for v in variants if v.name == options.reference), None)
    others = {run.seed: view_curve(run, options.view) for run in compared.runs if run.epochs} if compared else {}
    shared = {seed: min(len(curve), len(others[seed])) for seed, curve in curves.items() if seed in others}
    return {seed: curves[seed][:length] - others[seed][:length] for seed, length in shared.items() if length}


def _seeds(index: int, curves: dict[int, FloatArray], places: FloatArray, points: int) -> list[Trace]:
    return [thin_lines(index, "seeds", list(curves.values()), places, points)] if curves else []


def _mean(index: int, variant: VariantSummary, line: Line, places: FloatArray, options: ChartOptions) -> list[Trace]:
    """The mean over seeds, and how it goes on once runs have stopped."""
    where = f"{hover_place(options.axis)}: {hover_value(options.view)}"
    begin = min(len(line.values), len(places) - len(line.after))
    return [
        {
            **line_trace(index, part, dash=dash),
            "name": f"{visible(variant.name)}: {title}",
            "hovertemplate": f"<b>{literal_in_hover(variant.name)}</b><br>{title}<br>{where}<extra></extra>",
            **line_points(curve, axis, MEAN_POINTS),
        }
        for part, title, dash, curve, axis in (
            ("mean", _("mean"), "solid", line.values, places),
            ("after", _("model handed over"), "dot", line.after, places[begin:]),
        )
        if len(curve)
    ]


def _reference_line(line: Line, places: FloatArray) -> Trace:
    look = {"color": GREY, "width": 1.4, "dash": "dash"}
    common = {"type": "scatter", "mode": "lines", "uid": "panel_reference", "hoverinfo": "skip", "line": look}
    return {**common, **line_points(line.drawn, places, MEAN_POINTS)}


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
