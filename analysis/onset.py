"""Where overfitting begins: validation loss turns and stays above its minimum while training loss does not rise.

A mark that cries wolf is worse than none, so a turn must *persist* over a share of the run, matter (5%), and exceed
what correlated noise explains. The mark says "so far": validation loss may fall again (epoch-wise double descent;
Nakkiran et al., arXiv 1912.02292), and a new minimum withdraws it. docs/onset.md has what was measured, beside other
rules.
"""

from dataclasses import dataclass
from math import log, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.isotonic import fit_valley

FloatArray = NDArray[np.float64]

WINDOW: Final = 13
"""Epochs in a centred mean, odd."""
FINE_WINDOW: Final = 5
SHORTEST_TAIL: Final = 16
TAIL_OF_RUN: Final = 0.15
TAIL_SINCE: Final = 0.5
"""The tail, over which the rise must persist: at least so many epochs, this share of the run, this share of the epochs
since the minimum."""
SHORTEST_CURVE: Final = WINDOW // 2 + 1 + SHORTEST_TAIL
SMALLEST_RISE: Final = 0.05
"""Mean of the tail above the minimum, as a share of the minimum: smaller drifts come and go (decision 0005)."""
SMALLEST_LIFT: Final = 0.01
"""The same for the lowest place of the smoothed tail: a rise that comes and goes is none yet."""
LARGEST_TRAINING_RISE: Final = 0.3
"""How much training loss may rise meanwhile, as a share of validation's rise. At its floor it only wiggles."""
NOISE_MULTIPLE: Final = 1.0
"""Standard errors that a rise must exceed beside what choosing the minimum explains. More would cost many real turns of
noisy curves (decision 0005)."""
CLIPPED_AT: Final = 2.5
"""Robust deviations at which single spikes are clipped before noise is measured."""
CORRELATION_FACTOR, CORRELATION_OFFSET, CORRELATION_LIMIT = 1.3, 0.05, 0.93
"""A fitted valley follows slow noise a little, so that what is left is less correlated than the noise was: on AR(1)
curves these give the correlation back."""


@dataclass(frozen=True)
class Onset:
    """Where overfitting begins, so far.

    Attributes:
        epoch: the turning point, from 1: within the 13 epochs with the lowest mean validation loss, the middle of the 5
            lowest.
        tail: number of last epochs over which the rise persists.
        rise: mean validation loss of the tail less that around `epoch`.
        lowest: mean validation loss around `epoch`.
        by_noise: what noise alone could have made of `rise`.
        train_fall: mean training loss around `epoch` less that of the tail; negative where it rose.
    """

    epoch: int
    tail: int
    rise: float
    lowest: float
    by_noise: float
    train_fall: float


def find_onset(train_loss: FloatArray, val_loss: FloatArray) -> Onset | None:
    """The epoch where overfitting begins; None where there is no clear turn, or a value is not finite.

    With j the minimum of the centred mean of val_loss over 13 epochs (near it, of that over 5), and the tail the last
    epochs (at least 16, 15% of the run, and half of those since j), j is the onset if
        the tail begins after j,
        the mean of the tail (a tenth cut off at either end) is at least 5% above the mean around j, and its smoothed
            lowest place at least 1%,
        it is further above than noise explains (`explain_by_noise`), and
        training loss did not rise by more than 0.3 of that.
    Scaling both losses by the same factor does not move the onset.

    Args:
        train_loss: clean cross-entropy on the training rows, shape (epochs,).
        val_loss: clean cross-entropy on the validation rows, shape (epochs,).

    Raises:
        ValueError: if the shapes differ.

    >>> epochs = np.arange(1.0, 101.0)
    >>> onset = find_onset(1 / epochs, 0.3 + 0.01 * np.abs(epochs - 30))
    >>> onset and onset.epoch
    30
    """
    if train_loss.shape != val_loss.shape:
        raise ValueError(f"train_loss has shape {train_loss.shape}, val_loss {val_loss.shape}; they must be the same.")
    if len(val_loss) < SHORTEST_CURVE or not np.isfinite(train_loss).all() or not np.isfinite(val_loss).all():
        return None
    with np.errstate(over="ignore", invalid="ignore"):  # losses near 1e308: infinite differences exceed nothing
        return _judge(train_loss, val_loss)


def _judge(train_loss: FloatArray, val_loss: FloatArray) -> Onset | None:
    smoothed = np.convolve(val_loss, np.ones(WINDOW), "valid") / WINDOW
    start = int(smoothed.argmin())
    epoch = start + WINDOW // 2 + 1
    tail = max(SHORTEST_TAIL, int(np.ceil(TAIL_OF_RUN * len(val_loss))), round(TAIL_SINCE * (len(val_loss) - epoch)))
    if len(val_loss) - epoch < tail:
        return None
    lowest = float(smoothed[start])
    rise = _trimmed_mean(val_loss[-tail:]) - lowest
    lift = float(smoothed[-(tail - WINDOW + 1) :].min()) - lowest
    train_fall = float(train_loss[start : start + WINDOW].mean() - train_loss[-tail:].mean())
    if rise < SMALLEST_RISE * abs(lowest) or lift < SMALLEST_LIFT * abs(lowest):
        return None
    if -train_fall > LARGEST_TRAINING_RISE * rise:
        return None
    by_noise = explain_by_noise(val_loss, epoch - 1, tail)
    return Onset(_turning_point(val_loss, start), tail, rise, lowest, by_noise, train_fall) if rise > by_noise else None


def _turning_point(val_loss: FloatArray, start: int) -> int:
    """The epoch, from 1, within a window: means of 5 tell it more sharply than the window's own middle."""
    fine = np.convolve(val_loss[start : start + WINDOW], np.ones(FINE_WINDOW), "valid")
    return start + int(fine.argmin()) + FINE_WINDOW // 2 + 1


def _trimmed_mean(values: FloatArray) -> float:
    """The mean without a tenth at either end: a few spikes are no rise."""
    cut = len(values) // 10
    return float(np.sort(values)[cut : len(values) - cut].mean())


def explain_by_noise(val_loss: FloatArray, lowest: int, tail: int) -> float:
    """How far above the lowest mean of 13 epochs the mean of a tail may lie by noise alone.

    What is left of the curve beside the valley nearest to it is taken for AR(1) noise, whose means of m have variance
    V(m). The lowest of n / (13 + correlation length) such means lies sqrt(2 V(13) ln(...)) below the truth by choice
    alone; a standard error of a difference comes on top.

    Args:
        val_loss: shape (epochs,).
        lowest: the place, from 0, where the valley turns.
        tail: number of last epochs.
    """
    deviation, correlation = _measure_noise(val_loss, lowest)
    length = (1 + correlation) / (1 - correlation)
    blocks = max(len(val_loss) / (WINDOW + length), 2.0)
    of_window, of_tail = (_variance_of_mean(correlation, count) for count in (WINDOW, tail))
    return deviation * (NOISE_MULTIPLE * sqrt(of_window + of_tail) + sqrt(2 * of_window * log(blocks)))


def _measure_noise(val_loss: FloatArray, lowest: int) -> tuple[float, float]:
    """Deviation and correlation from epoch to epoch of what a valley leaves, its steep start and spikes aside."""
    steep = min(8, len(val_loss) // 5)
    left = (val_loss - fit_valley(val_loss, lowest))[steep:]
    largest = float(np.abs(left).max())
    if largest == 0:
        return 0.0, 0.0
    left = left / largest  # squares of tiny or huge losses would be 0 or infinite; so below
    limit = CLIPPED_AT * (1.4826 * float(np.median(np.abs(left))) or sqrt(float(np.mean(left**2))))
    left = np.clip(left / limit, -1.0, 1.0)
    variance = float(np.mean(left**2))
    measured = max(float(np.mean(left[1:] * left[:-1])) / variance, 0.0)
    return largest * limit * sqrt(variance), min(CORRELATION_FACTOR * measured + CORRELATION_OFFSET, CORRELATION_LIMIT)


def _variance_of_mean(correlation: float, count: int) -> float:
    """Of `count` neighbours in an AR(1) series of variance 1."""
    r = correlation
    return 1 / count * ((1 + r) / (1 - r) - 2 * r * (1 - r**count) / (count * (1 - r) ** 2))
