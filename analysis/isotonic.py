"""Isotonic regression by pooling adjacent violators (Ayer et al., 1955)."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def fit_rising(values: Iterable[float]) -> FloatArray:
    """The rising sequence nearest to the values in the sum of squares, of the same length.

    >>> fit_rising([1.0, 3.0, 2.0, 4.0]).tolist()
    [1.0, 2.5, 2.5, 4.0]
    """
    means: list[float] = []
    counts: list[int] = []
    for value in values:
        mean, count = float(value), 1
        while means and means[-1] > mean:
            before, number = means.pop(), counts.pop()
            mean, count = (before * number + mean * count) / (number + count), number + count
        means.append(mean)
        counts.append(count)
    return np.repeat(np.array(means), counts)


def fit_valley(values: FloatArray, lowest: int) -> FloatArray:
    """The sequence nearest to the values that falls before place `lowest` (from 0) and rises from there on."""
    return np.concatenate([fit_rising(values[:lowest][::-1])[::-1], fit_rising(values[lowest:])])
