"""Names and values at the right ends of lines, moved apart where they would cover each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.isotonic import fit_rising
from charts.labels import literal, shorten

LABEL_PIXELS: Final = 178
NARROW_PIXELS: Final = 104
"""Room for labels right of the curves, on a wide and on a narrow screen."""
NAME_LENGTH, NARROW_NAME_LENGTH = 18, 9
LABEL_HEIGHT: Final = 15
FONT_SIZE: Final = 12


@dataclass(frozen=True)
class EndLabel:
    """A name at the height of a value; `shown` is the value as it is written, `dash` how its line looks.

    It is written in ink behind a coloured dash: small text in the palette's colours would be too faint to read (WCAG
    2.2, 1.4.3).
    """

    name: str
    colour: str
    value: float
    shown: str
    dash: str = "—"

    def write(self, length: int) -> str:
        """The label with its name in so many characters."""
        name = literal(shorten(self.name, length))
        return f'<span style="color:{self.colour}">{self.dash}</span> {name} <b>{self.shown}</b>'


def end_labels(labels: Sequence[EndLabel], low: float, high: float, height: float, *, log_axis: bool) -> list[Any]:
    """Return an annotation for each label, right of the plot.

    Args:
        labels: whose values are finite.
        low: lower end of the value axis; what lies outside stands at its end.
        high: upper end.
        height: of the axis in pixels.
        log_axis: whether it is logarithmic; `low` and `high` are values all the same.
    """
    if not labels:
        return []
    scale = np.log10 if log_axis else np.asarray
    bottom, top = float(scale(low)), float(scale(high))
    values = np.clip(scale(np.clip([label.value for label in labels], low, high)), bottom, top)
    distance = (top - bottom) * min(LABEL_HEIGHT / height, 1 / max(len(labels) - 1, 1))  # very many come closer
    return [
        label_at(float(place), "y", label.write(NAME_LENGTH), label.write(NARROW_NAME_LENGTH))
        for label, place in zip(labels, spread_out(values, distance, bottom, top), strict=True)
    ]


def label_at(place: float, axis: str, text: str, narrow: str) -> dict[str, Any]:
    """Return one annotation right of the plot; on a narrow screen `narrow` is written (see chart_drawing.js)."""
    return {
        "x": 1,
        "xref": "paper",
        "xanchor": "left",
        "xshift": 6,
        "y": place,
        "yref": axis,
        "showarrow": False,
        "align": "left",
        "font": {"size": FONT_SIZE},
        "text": text,
        "name": narrow,
    }


def spread_out(places: NDArray[np.float64], distance: float, low: float, high: float) -> NDArray[np.float64]:
    """Return places in the same order, moved apart to at least `distance`, centred where they were and moved into
    [low, high] as far as all fit."""
    order = np.argsort(places, kind="stable")
    steps = np.arange(len(places)) * distance
    # With the steps taken off, "at least `distance` apart" means "not falling".
    fitted = np.clip(fit_rising(places[order] - steps), low, max(low, high - steps[-1]))
    moved = np.empty_like(places)
    moved[order] = fitted + steps
    return moved
