"""Pictures of a data set: points of two features, or a grid of small images."""

import base64
import struct
import zlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from charts.labels import axis_title, literal
from charts.palette import style
from charts.typed_arrays import encode_values

FEATURE_TITLES = ("Feature 1", "Feature 2")
ROUND_SYMBOL = "circle"
GRID_COLUMNS: Final = 6
CELL_PIXELS: Final = 64
"""Small images are enlarged to about this width by repeating pixels, which browsers would blur otherwise."""
GAP_SHARE, CAPTION_SHARE = 0.08, 0.26
"""Room beside and below each image, as a share of it."""
MARGIN: Final = {"l": 8, "r": 8, "t": 8, "b": 8}


def scatter_figure(
    points: NDArray[np.floating],
    labels: NDArray[np.integer],
    class_names: Sequence[str],
    feature_names: Sequence[str] = FEATURE_TITLES,
) -> dict[str, Any]:
    """Return a Plotly figure of `points` (n, 2), one colour per class of `labels` (n,)."""
    titles = [axis_title(literal(name)) for name in feature_names]
    traces = [_class_trace(points[labels == index], class_name, index) for index, class_name in enumerate(class_names)]
    layout = {
        "uirevision": "scatter",
        "hovermode": "closest",
        "margin": MARGIN,
        "xaxis": {"title": titles[0], "zeroline": False, "constrain": "domain"},
        "yaxis": {"title": titles[1], "zeroline": False, "scaleanchor": "x"},
        "legend": {"itemsizing": "constant"},
    }
    return {"data": traces, "layout": layout}


def _class_trace(points: NDArray[np.floating], class_name: str, index: int) -> dict[str, Any]:
    look = style(index)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": literal(class_name),
        "x": encode_values(points[:, 0]),
        "y": encode_values(points[:, 1]),
        "marker": {"color": look.colour, "symbol": look.symbol or ROUND_SYMBOL, "size": 6, "opacity": 0.8},
        "hovertemplate": "%{x:.3g}, %{y:.3g}",
        "showlegend": True,
    }


def images_figure(
    images: NDArray[np.floating | np.integer], labels: Sequence[str], *, columns: int = GRID_COLUMNS
) -> dict[str, Any]:
    """Return a Plotly figure of `images` (k, height, width) grey or (k, height, width, 3) in a grid.

    Args:
        images: from 0 (black) to their common maximum (white).
        labels: k class names, shown below the images.
        columns: images in a row.
    """
    count, height, width = images.shape[:3]
    columns = min(columns, count)
    rows = -(-count // columns)
    picture = {
        "source": encode_png(tile_images(images, columns)),
        "xref": "x",
        "yref": "y",
        "x": 0,
        "y": 0,
        "sizex": columns,
        "sizey": rows,
        "sizing": "stretch",
    }
    captions = [_caption(label, index % columns, index // columns) for index, label in enumerate(labels)]
    return {"data": [_frame(columns, rows)], "layout": _grid_layout(picture, captions, columns, rows, height / width)}


def tile_images(images: NDArray[np.floating | np.integer], columns: int) -> NDArray[np.uint8]:
    """Return k images as one (rows * cell, columns * cell, 4) picture, transparent between them."""
    colours = images if images.ndim == 4 else images[..., None]
    scaled = np.clip(colours / max(float(images.max(initial=0)), 1e-12) * 255, 0, 255).round()
    zoom = max(1, CELL_PIXELS // images.shape[2])
    enlarged = scaled.repeat(zoom, axis=1).repeat(zoom, axis=2)
    count, height, width = enlarged.shape[:3]
    cell_height, cell_width = round(height * (1 + CAPTION_SHARE)), round(width * (1 + GAP_SHARE))
    canvas = np.zeros((-(-count // columns) * cell_height, columns * cell_width, 4), dtype=np.uint8)
    for index, image in enumerate(enlarged):
        top, left = index // columns * cell_height, index % columns * cell_width
        canvas[top : top + height, left : left + width, :3] = image
        canvas[top : top + height, left : left + width, 3] = 255
    return canvas


def encode_png(picture: NDArray[np.uint8]) -> str:
    """Return a (height, width, 4) picture as a PNG data address (PNG specification, third edition)."""
    height, width = picture.shape[:2]
    filter_none = np.zeros((height, 1), dtype=np.uint8)
    lines = np.hstack([filter_none, picture.reshape(height, width * 4)])
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b"")]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(kind, content) for kind, content in chunks)
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _caption(label: str, column: int, row: int) -> dict[str, Any]:
    return {
        "text": literal(label),
        "x": column + 0.5 / (1 + GAP_SHARE),
        "y": row + 1 / (1 + CAPTION_SHARE),
        "yanchor": "top",
        "showarrow": False,
        "font": {"size": 11},
    }


def _frame(columns: int, rows: int) -> dict[str, Any]:
    """Return an invisible trace: plotly.js draws no axes, hence no image, without one."""
    corners = {"x": [0, columns], "y": [0, rows]}
    return {"type": "scatter", "mode": "markers", "marker": {"opacity": 0}, "hoverinfo": "skip", **corners}


def _grid_layout(
    picture: dict[str, Any], captions: list[dict[str, Any]], columns: int, rows: int, ratio: float
) -> dict[str, Any]:
    """Return the layout of a grid of cells; `ratio` is an image's height by its width."""
    cell_ratio = ratio * (1 + CAPTION_SHARE) / (1 + GAP_SHARE)
    hidden = {"visible": False, "fixedrange": True}
    return {
        "margin": MARGIN,
        "showlegend": False,
        "images": [picture],
        "annotations": captions,
        "xaxis": {**hidden, "range": [0, columns]},
        "yaxis": {**hidden, "range": [rows, 0], "scaleanchor": "x", "scaleratio": cell_ratio},
    }
