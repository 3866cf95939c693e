"""Decision boundaries as bytes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from results.findings.boundary import MARGIN, SIDE, grid_points, lay_grid, pack_boundary, read_boundary

POINTS = npst.arrays(np.float32, st.tuples(st.integers(1, 30), st.just(2)), elements=st.floats(-1e3, 1e3, width=32))


@given(POINTS)
def test_the_grid_holds_all_points_with_room_around_them(points: NDArray[np.float32]) -> None:
    for axis, line in enumerate(lay_grid(points)):
        assert line.shape == (SIDE,)
        assert (np.diff(line) >= 0).all()
        low, high = points[:, axis].min(), points[:, axis].max()
        assert line[0] <= low
        assert line[-1] >= high
        assert line[-1] - line[0] == pytest.approx((high - low) * (1 + 2 * MARGIN), rel=1e-3, abs=1e-3)


@given(st.integers(2, 5), st.integers(0, 2**31))
def test_what_is_packed_is_read_again_to_half_a_step(classes: int, seed: int) -> None:
    x, y = lay_grid(np.array([[0, 0], [4, 2]], np.float32))
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(classes), SIDE * SIDE).astype(np.float32)
    read = read_boundary(pack_boundary(x, y, probabilities))
    np.testing.assert_array_equal(read.x, x)
    np.testing.assert_array_equal(read.y, y)
    assert np.abs(read.probabilities.reshape(-1, classes) - probabilities).max() <= 1 / 510 + 1e-6


def test_rows_are_y_and_columns_are_x() -> None:
    x, y = lay_grid(np.array([[0, 0], [4, 2]], np.float32))
    right = (grid_points(x, y)[:, 0] > 2).astype(np.float32)
    read = read_boundary(pack_boundary(x, y, np.stack([1 - right, right], axis=1)))
    np.testing.assert_array_equal(read.probabilities[..., 1], np.broadcast_to(x > 2, (SIDE, SIDE)))


def test_it_is_small() -> None:
    x, y = lay_grid(np.array([[-1, -1], [1, 1]], np.float32))
    left = 1 / (1 + np.exp(8 * grid_points(x, y)[:, 0] * grid_points(x, y)[:, 1]))
    assert len(pack_boundary(x, y, np.stack([left, 1 - left], axis=1))) < 8_000
