"""The picture of a decision boundary, pixel by pixel."""

import numpy as np

from charts.boundary import ENLARGED, OPACITIES, Points, boundary_figure, enlarge, paint_classes
from charts.palette import COLOURS


def rgb(index: int) -> list[int]:
    return [int(COLOURS[index][k : k + 2], 16) for k in (1, 3, 5)]


def test_the_colour_is_the_classs_and_the_top_row_is_the_highest_y() -> None:
    grid = np.zeros((4, 4, 2), np.float32)
    grid[..., 0] = 1
    grid[2:, :, :] = [0, 1]  # the upper half of the plane belongs to the second class
    picture = paint_classes(grid)
    assert picture.shape == (3 * ENLARGED + 1, 3 * ENLARGED + 1, 4)
    assert picture[0, 0].tolist() == [*rgb(1), round(OPACITIES[-1] * 255)]
    assert picture[-1, -1].tolist() == [*rgb(0), round(OPACITIES[-1] * 255)]
    assert len({tuple(pixel) for pixel in picture.reshape(-1, 4)} - {(*rgb(0), 0)}) > 2


def test_a_guess_is_pale() -> None:
    picture = paint_classes(np.full((3, 3, 3), 1 / 3, np.float32))
    assert set(picture[..., 3].ravel()) == {round(OPACITIES[0] * 255)}


def test_enlarging_is_linear_and_keeps_the_corners() -> None:
    x, y = np.meshgrid(np.arange(5, dtype=np.float32), np.arange(3, dtype=np.float32))
    fine = enlarge(np.stack([x, y, 2 * x - y], axis=-1))
    assert fine.shape == (2 * ENLARGED + 1, 4 * ENLARGED + 1, 3)
    fine_x, fine_y = np.meshgrid(np.linspace(0, 4, 4 * ENLARGED + 1), np.linspace(0, 2, 2 * ENLARGED + 1))
    np.testing.assert_allclose(fine, np.stack([fine_x, fine_y, 2 * fine_x - fine_y], axis=-1), atol=1e-5)


def test_names_of_classes_are_no_markup() -> None:
    points = {split: Points(np.zeros((1, 2)), np.zeros(1, int)) for split in ("train", "val")}
    grid = np.full((2, 2, 2), 0.5, np.float32)
    figure = boundary_figure(np.array([0.0, 1]), np.array([0.0, 2]), grid, points, ("<b>%{x}", "other"))
    assert figure["data"][0]["hovertemplate"].startswith("&lt;b&gt;%&#123;x}, training")
    assert figure["layout"]["yaxis"]["range"] == [0, 2]
