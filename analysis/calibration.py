"""Whether a network is as often right as it is sure: reliability diagrams and the expected calibration error.

Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks" (2017), sections 2 and 4: rows are put into
M = 15 bins of equal width by their confidence, the m-th being ((m - 1) / M, m / M]. With acc(B) the share of a bin's
rows that are right and conf(B) their mean confidence,

    ECE = sum over bins of |B| / n * |acc(B) - conf(B)|.

Over few rows the ECE is too large: a network that is perfectly calibrated has 0.04 on 360 rows and 0.02 on 2,000, by
chance alone (confidences drawn from Beta(5, 1)). So it stands beside what chance alone would give, and the interval is
one that takes the excess away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

BINS: Final = 15
RESAMPLES: Final = 500
LEVEL: Final = 0.95
RESAMPLES_AT_ONCE: Final = 50
"""Bounds the memory: 5,000 rows make arrays of a quarter of a million numbers."""


@dataclass(frozen=True, eq=False)
class ReliabilityBins:
    """Rows in bins of equal width by their confidence.

    Attributes:
        rows: how many rows each bin has, shape (BINS,).
        confidence: their mean confidence; NaN in an empty bin.
        accuracy: the share of them that is right; NaN in an empty bin.
    """

    rows: NDArray[np.int64]
    confidence: FloatArray
    accuracy: FloatArray


@dataclass(frozen=True, eq=False)
class ResampledError:
    """The calibration error of one run, and what it varies by.

    Attributes:
        error: on the run's rows.
        bootstrap: on rows drawn from them with replacement, shape (RESAMPLES,).
        chance: of a perfectly calibrated network with the same confidences: each row is right with the probability
            that it is sure of, shape (RESAMPLES,). Bröcker and Smith (2007) call this consistency resampling.
    """

    error: float
    bootstrap: FloatArray
    chance: FloatArray


@dataclass(frozen=True)
class CalibrationError:
    """The mean calibration error of a variant over its seeds.

    Attributes:
        mean: over the seeds.
        low: lower end of its interval, never below 0.
        high: upper end.
        chance: what perfectly calibrated networks stay under in 95% of cases, on as many rows and seeds.
        by_seed: the single ones, in the order of the seeds.
    """

    mean: float
    low: float
    high: float
    chance: float
    by_seed: tuple[float, ...]


def fill_bins(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> ReliabilityBins:
    """Rows in bins; both arrays have the shape (rows,), confidences lie in [0, 1].

    >>> bins = fill_bins(np.array([0.95, 0.99, 0.62]), np.array([True, False, True]))
    >>> bins.rows[-1], bins.accuracy[-1]
    (np.int64(2), np.float64(0.5))
    """
    places = _places(confidence)
    rows = np.bincount(places, minlength=BINS)
    with np.errstate(invalid="ignore"):
        sure, hit = (np.bincount(places, values, BINS) / rows for values in (confidence, right))
    return ReliabilityBins(rows, sure, hit)


def calibration_error(bins: ReliabilityBins) -> float:
    """The expected calibration error, in [0, 1]; 0 where accuracy and confidence agree in every bin."""
    gaps = np.abs(np.nan_to_num(bins.accuracy - bins.confidence))
    return float(bins.rows @ gaps / bins.rows.sum())


def resample(confidence: NDArray[np.floating], right: NDArray[np.bool_], seed: int = 0) -> ResampledError:
    """What one run's calibration error varies by: other rows of the same kind, and chance alone."""
    generator, places = np.random.default_rng(seed), _places(confidence)
    confidence = confidence.astype(np.float64)
    gaps, count = right - confidence, len(right)
    bootstrap, chance = [], []
    for _ in range(RESAMPLES // RESAMPLES_AT_ONCE):
        drawn = generator.integers(count, size=(RESAMPLES_AT_ONCE, count))
        bootstrap.append(_errors(gaps[drawn], places[drawn]))
        calibrated = generator.random((RESAMPLES_AT_ONCE, count)) < confidence
        chance.append(_errors(calibrated - confidence, np.broadcast_to(places, calibrated.shape)))
    (error,) = _errors(gaps[None], places[None])
    return ResampledError(float(error), np.concatenate(bootstrap), np.concatenate(chance))


def summarize(runs: Sequence[ResampledError], seed: int = 0) -> CalibrationError:
    """The mean over the runs of one variant, with a bootstrap interval over seeds and rows.

    Seeds are drawn with replacement, and rows within each. The interval is the basic one, 2 mean - upper quantile to 2
    mean - lower quantile: resampling makes the error larger once more, which percentiles would count twice. Where
    chance alone explains the error, it begins at 0. On simulated networks (100 to 2,000 rows, true error 0 to 0.12) it
    held the true error in 86 to 96% of cases; percentiles did so in 0 to 97%.
    """
    generator, count = np.random.default_rng(seed), len(runs)
    drawn = generator.integers(count, size=(RESAMPLES, count)), generator.integers(RESAMPLES, size=(RESAMPLES, count))
    means = np.stack([run.bootstrap for run in runs])[drawn].mean(axis=1)
    by_chance = np.stack([run.chance for run in runs]).mean(axis=0)
    mean = float(np.mean([run.error for run in runs]))
    lower, upper = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    chance = float(np.quantile(by_chance, LEVEL))
    low = 0.0 if mean <= chance else max(0.0, 2 * mean - float(upper))
    return CalibrationError(mean, low, max(mean, 2 * mean - float(lower)), chance, tuple(run.error for run in runs))


def _places(confidence: NDArray[np.floating]) -> NDArray[np.int64]:
    """The bin of each row, from 0; a bin holds its upper edge and not its lower one."""
    places = np.ceil(confidence.astype(np.float64) * BINS).astype(np.int64) - 1
    return np.clip(places, 0, BINS - 1)


def _errors(gaps: FloatArray, places: NDArray[np.int64]) -> FloatArray:
    """The error of each sample: with a bin's sum of (right - confidence), |B| |acc - conf| is its absolute value.

    Both arrays have the shape (samples, rows).
    """
    samples, rows = gaps.shape
    cells = (places + BINS * np.arange(samples)[:, None]).ravel()
    sums = np.bincount(cells, gaps.ravel(), BINS * samples).reshape(samples, BINS)
    result: FloatArray = np.abs(sums).sum(axis=1) / rows
    return result
