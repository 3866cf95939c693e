"""Pictures of data: classes keep their colours, images keep their pixels."""

import base64
import struct
import zlib

import numpy as np
import plotly.graph_objects

from charts.data_preview import CELL_PIXELS, encode_png, images_figure, scatter_figure, tile_images
from charts.palette import COLOURS


def test_scatter_has_one_trace_and_colour_per_class() -> None:
    points = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    figure = scatter_figure(points, np.array([0, 1, 0]), ["inner", "<outer>"])
    shown = plotly.graph_objects.Figure(figure)
    assert [trace.name for trace in shown.data] == ["inner", "&lt;outer&gt;"]
    assert [trace.marker.color for trace in shown.data] == list(COLOURS[:2])
    raw = base64.b64decode(figure["data"][0]["x"]["bdata"])
    np.testing.assert_array_equal(np.frombuffer(raw, "f4"), [0, 4])


def test_images_are_tiled_row_by_row_from_black_to_their_maximum() -> None:
    images = np.zeros((3, CELL_PIXELS, CELL_PIXELS))
    images[0] += 16
    images[2] += 8
    picture = tile_images(images, columns=2)
    cell_height, cell_width = picture.shape[0] // 2, picture.shape[1] // 2
    assert picture[0, 0].tolist() == [255, 255, 255, 255]
    assert picture[0, cell_width].tolist() == [0, 0, 0, 255]
    assert picture[cell_height, 0].tolist() == [128, 128, 128, 255]
    assert picture[cell_height, cell_width].tolist() == [0, 0, 0, 0]


def test_png_holds_the_pixels() -> None:
    picture = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    content = base64.b64decode(encode_png(picture).removeprefix("data:image/png;base64,"))
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", content[16:24]) == (3, 2)
    start = content.index(b"IDAT") + 4
    lines = zlib.decompress(content[start : content.index(b"IEND") - 8])
    assert lines == b"\0" + picture[0].tobytes() + b"\0" + picture[1].tobytes()


def test_plotly_accepts_grey_and_colour_grids_and_captions_are_text() -> None:
    grey = images_figure(np.ones((7, 8, 8)), ["<i>"] * 7)
    colour = images_figure(np.ones((2, 4, 4, 3)), ["cat", "dog"])
    plotly.graph_objects.Figure(colour)
    assert plotly.graph_objects.Figure(grey).layout.annotations[6].text == "&lt;i&gt;"
    assert len(grey["layout"]["images"]) == 1
