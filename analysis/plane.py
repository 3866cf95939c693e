"""A decision boundary in numbers."""

import numpy as np
from numpy.typing import NDArray


def plane_shares(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """The share of the plane where each class is the most probable one, shape (classes,).

    Args:
        probabilities: shape (rows, columns, classes).
    """
    best = probabilities.argmax(axis=-1)
    counts = np.bincount(best.reshape(-1), minlength=probabilities.shape[-1])
    return np.asarray(counts / best.size, np.float64)
