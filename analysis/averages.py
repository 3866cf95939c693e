"""Averages over seeds: of numbers, with their spread, and of curves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum, isfinite, sqrt

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """One quantity over the seeds that have it; all but `n` and `values` are None without any.

    Attributes:
        mean: the arithmetic mean.
        sd: the standard deviation with n - 1 in the denominator; None for fewer than two values.
        low: the smallest value.
        high: the largest value.
        n: the number of values.
        values: the single points, in the order of the runs; to be shown, not only their mean.
    """

    mean: float | None
    sd: float | None
    low: float | None
    high: float | None
    n: int
    values: tuple[float, ...]


def measure_spread(values: Iterable[float | None]) -> Spread:
    """The spread of the values that are there: None, NaN and infinities are left out and not counted in `n`.

    >>> measure_spread([1.0, 3.0, None]).mean
    2.0
    """
    present = tuple(float(value) for value in values if value is not None and isfinite(value))
    if not present:
        return Spread(None, None, None, None, 0, ())
    count = len(present)  # a few seeds: plain Python is ten times faster than an array
    mean = fsum(present) / count
    sd = sqrt(fsum((value - mean) ** 2 for value in present) / (count - 1)) if count > 1 else None
    return Spread(mean, sd, min(present), max(present), count, present)


def average_curves(curves: Sequence[Mapping[str, FloatArray]], epochs: int) -> dict[str, FloatArray]:
    """The mean of each curve, shape (epochs,): at each epoch over the runs that have it, NaN where one is NaN.

    Args:
        curves: one mapping per run; names that not all have are left out; within a run all have the same length.
        epochs: the length of the result, at most that of the longest curve.
    """
    if not curves:
        return {}
    names = tuple(name for name in curves[0] if all(name in run for run in curves))
    total, count = np.zeros((len(names), epochs)), np.zeros(epochs)
    for run in curves:
        block = np.array([run[name][:epochs] for name in names])
        total[:, : block.shape[1]] += block
        count[: block.shape[1]] += 1
    return dict(zip(names, total / count, strict=True))
