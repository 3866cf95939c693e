"""Loss against the strength of a technique: one point for each strength, its seeds as dots; without it on the left."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from analysis.lines import FloatArray
from analysis.strengths import Strength
from charts.labels import axis_title
from charts.palette import style
from charts.traces import GREY, SMALLEST, Trace
from charts.typed_arrays import encode_values
from wording.language import _
from wording.numbers import format_number

STRENGTH_HEIGHT: Final = 270
DECADES_TO_ZERO: Final = 0.6
"""How far left of the smallest strength stands zero, which a logarithmic axis has no place for."""
DECADES_OF_A_NAME: Final = 0.45
"""Room for a strength's name on a phone."""
HIGHEST: Final = 2.0
"""How far up the axis goes, in multiples of the loss at the weakest strength: else all valleys would look flat."""
MARGIN_SHARE: Final = 0.06
DOT_SIZE, POINT_SIZE, CHOSEN_SIZE = 6, 8, 15


def strength_figure(strengths: Sequence[Strength], title: str, index: int, chosen: float, *, revision: str) -> Trace:
    """Return a Plotly figure of mean losses over strengths, with `STRENGTH_HEIGHT` for its height.

    Args:
        strengths: rising; at least one is above zero.
        title: of the axis of strengths.
        index: whose colour it has, as a variant's place in an experiment.
        chosen: the strength that stands out.
        revision: while it stays the same, the zoom stays.
    """
    places = place_strengths([strength.value for strength in strengths])
    means = np.array([_mean(strength.val_loss.mean) for strength in strengths])
    training = np.array([_mean(strength.train_loss.mean) for strength in strengths])
    seeds = [np.asarray(strength.val_loss.values, np.float64) for strength in strengths]
    values = np.concatenate([means, training, *seeds])
    lowest, highest = float(np.nanmin(values)), float(np.nanmax(values))
    top = min(highest, max(HIGHEST * float(means[0]), float(np.max(seeds[0], initial=0.0))))
    margin = MARGIN_SHARE * (top - lowest)
    place = float(places[[strength.value for strength in strengths].index(chosen)])
    return {
        "data": _traces(strengths, places, means, training, index, chosen),
        "layout": {
            "uirevision": revision,
            "hovermode": "closest",
            "showlegend": True,
            "legend": {"orientation": "h", "itemsizing": "trace"},
            "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
            "xaxis": {
                "title": axis_title(title),
                "tickvals": places.tolist(),
                "ticktext": name_places(strengths, places),
                "range": [float(places[0]) - 0.2, float(places[-1]) + 0.2],
                "zeroline": False,
                "showgrid": False,
            },
            "yaxis": {
                "title": axis_title(_("Cross-entropy (clean)")),
                "range": [lowest - margin, top + margin],
                "zeroline": False,
            },
            "shapes": [
                {
                    "type": "line", "layer": "below", "x0": place, "x1": place, "y0": 0, "y1": 1, "yref": "paper",
                    "line": {"color": GREY, "width": 1.2, "dash": "dot"},
                }
            ],
        },
    }  # fmt: skip


def place_strengths(values: Sequence[float]) -> FloatArray:
    """Return where strengths stand: their logarithms to base 10, and zero left of the smallest.

    >>> place_strengths([0.0, 0.01, 0.1]).tolist()
    [-2.6, -2.0, -1.0]
    """
    smallest = min((value for value in values if value > 0), default=1.0)
    return np.array([np.log10(value) if value > 0 else np.log10(smallest) - DECADES_TO_ZERO for value in values])


def name_places(strengths: Sequence[Strength], places: FloatArray) -> list[str]:
    """Return what stands below each strength: nothing where it would run into the one before."""
    names, last = [], -np.inf
    for strength, place in zip(strengths, places, strict=True):
        fits = place - last >= DECADES_OF_A_NAME
        names.append(format_number(strength.value) if fits else "")
        last = place if fits else last
    return names


def _mean(value: float | None) -> float:
    return float("nan") if value is None else value


def _traces(
    strengths: Sequence[Strength],
    places: FloatArray,
    means: FloatArray,
    training: FloatArray,
    index: int,
    chosen: float,
) -> list[dict[str, Any]]:
    colour = style(index).colour
    where = [place for place, strength in zip(places, strengths, strict=True) for _seed in strength.val_loss.values]
    dots = [value for strength in strengths for value in strength.val_loss.values]
    sizes = [CHOSEN_SIZE if strength.value == chosen else POINT_SIZE for strength in strengths]
    words = [format_number(strength.value) for strength in strengths]
    hover = "%{text}: %{y:.4f}<extra></extra>"
    return [
        {
            "type": "scatter", "mode": "markers", "name": _("single seeds"), "hoverinfo": "skip",
            "x": encode_values(where), "y": encode_values(dots),
            "marker": {"size": DOT_SIZE, "color": colour, "opacity": 0.35},
        },
        {
            "type": "scatter", "mode": "lines+markers", "name": _("training"), "text": words, "hovertemplate": hover,
            "x": encode_values(places), "y": encode_values(np.maximum(training, SMALLEST)),
            "line": {"color": colour, "width": 1.4, "dash": "dash"}, "marker": {"size": 4, "color": colour},
        },
        {
            "type": "scatter", "mode": "lines+markers", "name": _("validation"), "text": words, "hovertemplate": hover,
            "x": encode_values(places), "y": encode_values(means), "line": {"color": colour, "width": 2.6},
            "marker": {"size": sizes, "color": colour},
        },
    ]  # fmt: skip
