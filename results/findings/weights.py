"""A network's weights in numbers, at some epochs of a run. Written by workers, read by pages: NumPy alone."""

from collections.abc import Sequence
from math import ceil, isfinite, log2, sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

WEIGHTS: Final = "weights"
"""The name of the series, and of the artifact that describes the weights handed over."""
NEAR_ZERO: Final = 1e-3
LOOKS: Final = 25
"""How often a run is looked at, at most: a look takes about half a millisecond."""
BINS: Final = 128
DEVIATIONS: Final = 8
"""Half the width of a histogram, in root mean squares, before it is rounded up to a power of two."""
NARROWEST: Final = 2.0**-20


def epochs_to_look(epochs: int) -> tuple[int, ...]:
    """Which epochs of a run of at most so many are looked at: the first and the last, and early ones more densely."""
    places = (1 + round((epochs - 1) * (look / (LOOKS - 1)) ** 2) for look in range(LOOKS))
    return tuple(sorted(set(places)))


def describe_weights(kernels: Sequence[NDArray[np.float32]], members: int) -> dict[str, Any] | None:
    """Norm, share of near-zero weights and histogram of all kernels together; None if a weight is not finite.

    The norm of an ensemble is the root mean square of its members' norms, so that it compares with one network's. The
    histogram has BINS bins of equal width from -limit to limit, and what lies beyond is in the outermost bins. The
    limit is a power of two, so that bins of one histogram lie within those of another.
    """
    weights = np.concatenate([kernel.reshape(-1) for kernel in kernels])
    norm = sqrt(float(np.dot(weights, weights)))
    if not isfinite(norm):
        return None
    limit = max(NARROWEST, 2.0 ** ceil(log2(max(DEVIATIONS * norm / sqrt(len(weights)), NARROWEST))))
    places = np.floor(weights * np.float32(BINS / (2 * limit))) + BINS // 2
    counts = np.bincount(np.clip(places, 0, BINS - 1).astype(np.int32), minlength=BINS)
    return {
        "norm": norm / sqrt(members),
        "near_zero": np.count_nonzero(np.abs(weights) < NEAR_ZERO) / len(weights),
        "histogram": {"limit": limit, "counts": counts.tolist()},
    }
