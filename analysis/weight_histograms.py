"""Histograms of weights, comparable although each has bins of its own width."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Weights:
    """The kernels of a network after an epoch.

    Attributes:
        epoch: counted from 1.
        norm: the L2 norm of all of them as one vector.
        near_zero: the share of those that are almost zero.
        limit: the histogram goes from -limit to limit.
        counts: how many weights are in each of its bins, which are equally wide, shape (bins,).
    """

    epoch: int
    norm: float
    near_zero: float
    limit: float
    counts: IntArray


def weights_at(history: tuple[Weights, ...], epoch: int) -> Weights:
    """The last weights known at an epoch, or the first ones; `history` is in the order of epochs."""
    return next((weights for weights in reversed(history) if weights.epoch <= epoch), history[0])


def bin_centres(limit: float, bins: int) -> NDArray[np.float64]:
    """The middle of each bin from -limit to limit, shape (bins,)."""
    return np.linspace(-limit, limit, bins, endpoint=False, dtype=np.float64) + limit / bins


def widen(counts: IntArray, limit: float, wider: float) -> IntArray:
    """The same histogram in as many bins from -wider to wider. Exact if `wider / limit` is a power of two."""
    bins = len(counts)
    places = np.floor((bin_centres(limit, bins) + wider) * (bins / (2 * wider))).astype(np.int64)
    return np.bincount(places, counts, bins).astype(np.int64)
