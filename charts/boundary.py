"""What a network says all over the plane, with the points that it was trained on and judged by."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from charts.data_preview import encode_png
from charts.labels import literal_in_hover
from charts.marks import MARKS_META
from charts.palette import style
from charts.typed_arrays import encode_values
from wording.language import _, say_later

SYMBOLS: Final = {"train": "circle", "val": "x"}
SIZES: Final = {"train": 6, "val": 7}
SPLIT_NAMES = {"train": say_later("training"), "val": say_later("validation")}
ENLARGED: Final = 4
"""How many pixels of the picture stand for one cell of the grid, each way."""
OPACITIES: Final = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Of the bands from a guess to certainty."""
BORDER: Final = (128, 128, 128, 230)
"""Where the most probable class changes; grey is seen on a light and on a dark page."""

Grid = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Points:
    """Points of one split: `x` (n, 2), class indices `y` (n,)."""

    x: NDArray[np.floating]
    y: NDArray[np.integer]


def boundary_figure(
    columns: NDArray[np.floating],
    rows: NDArray[np.floating],
    probabilities: Grid,
    points: dict[str, Points],
    class_names: tuple[str, ...],
) -> dict[str, Any]:
    """Return a Plotly figure: filled contours in the classes' colours, points above them.

    Args:
        columns: x of the grid, rising.
        rows: y of the grid, rising.
        probabilities: shape (rows, columns, classes).
        points: `train` and `val`; their markers differ.
        class_names: of all classes, told when a point is pointed at.
    """
    low, high = (float(columns[0]), float(rows[0])), (float(columns[-1]), float(rows[-1]))
    picture = {
        "source": encode_png(paint_classes(probabilities)),
        "xref": "x",
        "yref": "y",
        "x": low[0],
        "y": high[1],
        "sizex": high[0] - low[0],
        "sizey": high[1] - low[1],
        "sizing": "stretch",
        "layer": "below",
    }
    axis = {"visible": False, "fixedrange": True}
    layout = {
        "margin": {"l": 1, "r": 1, "t": 1, "b": 1},
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": False,
        "images": [picture],
        "xaxis": {**axis, "range": [low[0], high[0]]},
        "yaxis": {**axis, "range": [low[1], high[1]]},
    }
    traces = [
        _points_trace(of_split, split, label, class_names[label])
        for split, of_split in points.items()
        for label in range(len(class_names))
    ]
    return {"data": traces, "layout": layout}


def paint_classes(probabilities: Grid) -> NDArray[np.uint8]:
    """Return a picture (height, width, 4), the highest row of the grid on top: the colour is that of the most probable
    class, in bands that are the more opaque the surer it is, with a line where it changes."""
    fine = enlarge(probabilities)[::-1]
    classes = fine.shape[-1]
    best = fine.argmax(axis=-1)
    sureness = (fine.max(axis=-1) - 1 / classes) / (1 - 1 / classes)
    bands = np.clip((sureness * len(OPACITIES)).astype(int), 0, len(OPACITIES) - 1)
    colours = np.array([[int(style(i).colour[k : k + 2], 16) for k in (1, 3, 5)] for i in range(classes)], np.uint8)
    alphas = np.rint(np.array(OPACITIES) * 255).astype(np.uint8)
    picture = np.concatenate([colours[best], alphas[bands][..., None]], axis=-1)
    edge = np.zeros(best.shape, bool)
    edge[1:] |= best[1:] != best[:-1]
    edge[:, 1:] |= best[:, 1:] != best[:, :-1]
    picture[edge] = BORDER
    return picture


def enlarge(grid: Grid) -> Grid:
    """Return a grid (rows, columns, values) with ENLARGED pixels a cell, linear in between."""
    for axis in (0, 1):
        length = grid.shape[axis]
        place = np.linspace(0, length - 1, (length - 1) * ENLARGED + 1, dtype=np.float32)
        low = np.minimum(place.astype(int), length - 2)
        share = (place - low).reshape([-1 if i == axis else 1 for i in range(3)])
        grid = grid.take(low, axis) * (1 - share) + grid.take(low + 1, axis) * share
    return grid


def _points_trace(points: Points, split: str, label: int, class_name: str) -> dict[str, Any]:
    chosen = points.x[points.y == label]
    name = literal_in_hover(class_name)
    return {
        "type": "scatter",
        "mode": "markers",
        "meta": MARKS_META,
        "x": encode_values(chosen[:, 0]),
        "y": encode_values(chosen[:, 1]),
        "marker": {
            "color": style(label).colour,
            "symbol": SYMBOLS[split],
            "size": SIZES[split],
            "line": {"width": 1},
        },
        "hovertemplate": f"{name}, {_(SPLIT_NAMES[split])}<extra></extra>",
    }
