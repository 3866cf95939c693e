"""What a network says all over the plane of 2-D data, small enough to be stored each second.

Written by workers and read by pages: NumPy alone.
"""

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

BOUNDARY: Final = "boundary"
"""The name of the artifact."""
SIDE: Final = 60
MARGIN: Final = 0.1
"""Room around the points, as a share of their range."""
LEVELS: Final = 255


@dataclass(frozen=True, eq=False)
class Boundary:
    """Class probabilities on a grid.

    Attributes:
        x: coordinates of the columns, shape (columns,), rising.
        y: coordinates of the rows, shape (rows,), rising.
        probabilities: shape (rows, columns, classes), to within 1 / 510.
    """

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    probabilities: NDArray[np.float32]


def lay_grid(points: NDArray[np.number]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The x of SIDE columns and the y of SIDE rows over the range of `points` (n, 2), with a margin."""
    low, high = points.min(axis=0), points.max(axis=0)
    margin = MARGIN * np.maximum(high - low, np.finfo(np.float32).eps)
    first, second = np.linspace(low - margin, high + margin, SIDE, dtype=np.float32).T
    return first, second


def grid_points(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """All points of a grid, row by row, shape (rows * columns, 2)."""
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def pack_boundary(x: NDArray[np.float32], y: NDArray[np.float32], probabilities: NDArray[np.float32]) -> bytes:
    """A boundary as bytes; `probabilities` belong to `grid_points`, shape (rows * columns, classes)."""
    grid = np.rint(probabilities.reshape(len(y), len(x), -1) * LEVELS).astype(np.uint8)
    file = io.BytesIO()
    np.savez_compressed(file, x=x, y=y, grid=grid)
    return file.getvalue()


def read_boundary(content: bytes) -> Boundary:
    """What `pack_boundary` packed."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return Boundary(file["x"], file["y"], file["grid"].astype(np.float32) / LEVELS)
