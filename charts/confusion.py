"""A confusion matrix: what is right in one colour, what is wrong in another, each by its own scale."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from charts.labels import axis_title, literal, shorten
from charts.palette import translucent
from wording.language import _, say_later

PREDICTED_TITLE, TRUE_TITLE = say_later("Predicted"), say_later("True class")
RIGHT, WRONG = "#009e73", "#d55e00"
NUMBERS_SHOWN: Final = 15
"""With more classes the cells are too small for numbers."""
NAMES_SHOWN: Final = 25
NAME_LENGTH: Final = 12


def confusion_figure(
    confusion: NDArray[np.integer], class_names: Sequence[str], *, normalized: bool = False
) -> dict[str, Any]:
    """Return a Plotly figure of `confusion` (true class, predicted class), the first class on top.

    Args:
        confusion: numbers of rows.
        class_names: of all classes.
        normalized: whether colours and numbers are shares of the true class, so that rare classes can be seen.
    """
    diagonal = np.eye(len(confusion), dtype=bool)
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    told = _tell(confusion, shares, class_names)
    shown = shares if normalized else confusion
    right = _cells(np.where(diagonal, shown, 0), RIGHT, 0.45, told)
    wrong = _cells(np.where(diagonal, 0, shown), WRONG, 0.85, told)
    traces = [right, wrong]
    if len(confusion) <= NUMBERS_SHOWN:
        written = [f"{share:.0%}" for share in shares[confusion > 0]] if normalized else None
        traces.append(_numbers(confusion, written))
    places = list(range(0, len(confusion), -(-len(confusion) // NAMES_SHOWN)))
    names = [literal(shorten(class_names[place], NAME_LENGTH)) for place in places]
    axis = {"showgrid": False, "zeroline": False, "fixedrange": True, "tickvals": places, "ticktext": names}
    last = len(confusion) - 0.5
    layout = {
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": False,
        "xaxis": {**axis, "title": axis_title(_(PREDICTED_TITLE)), "range": [-0.5, last]},
        "yaxis": {**axis, "title": axis_title(_(TRUE_TITLE)), "range": [last, -0.5]},
    }
    return {"data": traces, "layout": layout}


def _tell(confusion: NDArray[np.integer], shares: NDArray[np.floating], class_names: Sequence[str]) -> list[list[str]]:
    """Return what each cell says when it is pointed at."""
    names = [literal(name) for name in class_names]
    return [
        [f"{true} → {taken}: {confusion[i, j]} ({shares[i, j]:.1%})" for j, taken in enumerate(names)]
        for i, true in enumerate(names)
    ]


def _cells(values: NDArray[Any], colour: str, opacity: float, told: list[list[str]]) -> dict[str, Any]:
    """Return the cells of one colour; empty ones have none, so that the page shows through."""
    return {
        "type": "heatmap",
        "z": [[value or None for value in row] for row in values.tolist()],
        "zmin": 0,
        "zmax": float(values.max()) or 1,
        "colorscale": [[0, translucent(colour, 0.1)], [1, translucent(colour, opacity)]],
        "showscale": False,
        "hoverongaps": False,
        "xgap": 1,
        "ygap": 1,
        "text": told,
        "hovertemplate": "%{text}<extra></extra>",
    }


def _numbers(confusion: NDArray[np.integer], written: list[str] | None) -> dict[str, Any]:
    """Return the numbers in their cells, in the page's text colour; those of cells that have one, row by row."""
    rows, columns = np.nonzero(confusion)
    return {
        "type": "scatter",
        "mode": "text",
        "hoverinfo": "skip",
        "x": columns.tolist(),
        "y": rows.tolist(),
        "text": written or [str(count) for count in confusion[rows, columns]],
        "textfont": {"size": 12},
    }
