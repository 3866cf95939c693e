"""What a chart draws of an experiment: for each variant the mean over its seeds in one view, how it goes on once runs
have ended, and the paired interval of the difference to the reference.

Pairing takes the split out: under one seed all variants share rows, order and initial weights, so that the difference
within a seed is many times steadier than the curves themselves (docs/verdict.md).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from analysis.onset import Onset
from analysis.summary import BALANCED_ACCURACY, ENDED, RunSummary, VariantSummary

FloatArray = NDArray[np.float64]
View = Literal[
    "loss",
    "accuracy",
    "balanced_accuracy",
    "difference",
    "accuracy_difference",
    "balanced_accuracy_difference",
    "gap",
    "objective",
    "memorization",
]
Axis = Literal["epoch", "steps", "seconds"]

DIFFERENCES: Final[Mapping[View, str]] = {
    "difference": "val_loss",
    "accuracy_difference": "val_accuracy",
    "balanced_accuracy_difference": BALANCED_ACCURACY,
}
"""View -> the curve whose difference to the reference's it shows."""
SHOWN: Final[Mapping[View, tuple[str, str | None]]] = {
    "loss": ("val_loss", "train_loss"),
    "accuracy": ("val_accuracy", "train_accuracy"),
    "balanced_accuracy": (BALANCED_ACCURACY, None),
    "objective": ("objective", "train_loss"),
    "memorization": ("train_loss_changed", "train_loss_unchanged"),
}
"""View -> the curve that it shows, and the one beside it."""
SEEDS_FOR_A_BAND: Final = 3
BAND_COVERAGE: Final = 0.95
"""Of the band at each epoch alone; the verdict's interval is wider, since it holds for all comparisons and looks."""
_EMPTY: Final = np.empty(0)


@dataclass(frozen=True, eq=False)
class Line:
    """One variant in a view.

    Attributes:
        values: mean over seeds, shape (epochs up to where the first ended run ends,).
        after: how the mean goes on from there, shape (epochs asked for - len(values),): runs that have ended count with
            the model that they handed over. Its last value is the mean of the models handed over: the same as in the
            table. Empty while runs go on, and where every run ended with the last epoch's model.
        beside: the thinner line beside it, shape (epochs,); may be empty.
        end: the value at the right end; None without epochs.
        half_width: of the paired interval of the difference to the reference, shape (epochs that all pairs have,).
            Empty for the reference and below SEEDS_FOR_A_BAND pairs.
        seeds: how many `values` is the mean of; in a view of differences, how many pairs.
    """

    values: FloatArray
    after: FloatArray
    beside: FloatArray
    end: float | None
    half_width: FloatArray
    seeds: int

    @property
    def drawn(self) -> FloatArray:
        """All of it, shape (epochs,)."""
        return np.concatenate([self.values, self.after])


@dataclass(frozen=True, eq=False)
class _Row:
    """One run, or pair of runs: `values` reach on with the model handed over, `lived` counts the epochs before that."""

    values: FloatArray
    lived: int
    ended: bool
    end: float | None


def view_lines(variants: Sequence[VariantSummary], view: View, reference: str, epochs: int) -> tuple[Line, ...]:
    """One line for each variant, in their order.

    Args:
        variants: of one experiment.
        view: what is shown.
        reference: the variant that all are compared with.
        epochs: how many were asked for.
    """
    rows = {variant.name: _rows(variant, view, epochs) for variant in variants}
    compared = rows.get(reference, {})
    return tuple(_line(variant, view, rows[variant.name], compared, reference, epochs) for variant in variants)


def _line(
    variant: VariantSummary,
    view: View,
    rows: Mapping[int, _Row],
    compared: Mapping[int, _Row],
    reference: str,
    epochs: int,
) -> Line:
    with np.errstate(invalid="ignore"):  # a run that diverged is infinite at its end
        pairs = [_pair(row, compared[seed]) for seed, row in rows.items() if seed in compared]
    paired = variant.name != reference and rows.keys() == compared.keys() and view != "memorization"
    half_width = _half_width(pairs) if paired else _EMPTY  # of the seeds that both lines are made of
    if view in DIFFERENCES:
        if variant.name == reference:  # a line at zero, as long as its curve
            pairs = [_Row(np.zeros(len(row.values)), row.lived, row.ended, 0.0) for row in rows.values()]
        values, after, end = _average(pairs, epochs)
        return Line(values, after, _EMPTY, end, half_width, len(pairs))
    values, after, end = _average(list(rows.values()), epochs)
    beside = SHOWN[view][1] if view in SHOWN else None
    return Line(values, after, variant.mean.get(beside or "", _EMPTY), end, half_width, len(rows))


def _rows(variant: VariantSummary, view: View, epochs: int) -> dict[int, _Row]:
    """The runs in the variant's mean, by seed."""
    found = {run.seed: _row(run, view, epochs) for run in runs_in_line(variant)}
    return {seed: row for seed, row in found.items() if len(row.values)}


def runs_in_line(variant: VariantSummary) -> tuple[RunSummary, ...]:
    """The runs that a variant's line is made of: those in its mean; its only run, even where that failed."""
    if len(variant.runs) == 1:
        return variant.runs
    return tuple(run for run in variant.runs if run.seed in variant.seeds_in_mean)


def view_curve(run: RunSummary, view: View) -> FloatArray:
    """A run's own curve in a view, shape (epochs,); of a difference, that from which it is taken."""
    if view == "gap":
        return run.curves.get("val_loss", _EMPTY) - run.curves.get("train_loss", _EMPTY)
    curve: FloatArray = run.curves.get(DIFFERENCES.get(view) or SHOWN[view][0], _EMPTY)
    return curve


def _end(run: RunSummary, view: View) -> float | None:
    """What the model handed over scores; None where a view has no such value: the optimizer saw epochs, not models."""
    if view == "gap":
        end = run.generalization_gap_final
    else:
        end = (run.final or {}).get(DIFFERENCES.get(view) or SHOWN[view][0])
    return end if end is not None and isfinite(end) else None


def _row(run: RunSummary, view: View, epochs: int) -> _Row:
    curve, end = view_curve(run, view), _end(run, view) if run.status == "finished" else None
    if end is not None and len(curve):
        curve = np.concatenate([curve, np.full(max(epochs - len(curve), 0), end)])
    return _Row(curve, run.epochs, run.status in ENDED, end)


def _pair(one: _Row, other: _Row) -> _Row:
    length = min(len(one.values), len(other.values))
    end = None if one.end is None or other.end is None else one.end - other.end
    difference = one.values[:length] - other.values[:length]
    shorter = min((one, other), key=lambda row: row.lived)
    return _Row(difference, shorter.lived, shorter.ended, end)


def _average(rows: Sequence[_Row], epochs: int) -> tuple[FloatArray, FloatArray, float | None]:
    """The mean of rows up to where the first ended one ends, how it goes on, and its right end."""
    if not rows:
        return _EMPTY, _EMPTY, None
    length = min((row.lived for row in rows if row.ended), default=max(row.lived for row in rows))
    total, count = np.zeros(length), np.zeros(length)
    for row in rows:
        lived = row.values[: min(length, row.lived)]
        total[: len(lived)] += lived
        count[: len(lived)] += 1
    values, ends = total / count, [row.end for row in rows if row.end is not None]
    if len(ends) < len(rows) or not all(row.ended for row in rows):
        return values, _EMPTY, float(values[-1]) if length else None
    end = sum(ends) / len(ends)
    after = np.mean([row.values[length:epochs] for row in rows], axis=0)
    if len(after):
        after[-1] = end
    elif end != values[-1]:
        after = np.array([end])
    return values, after, end


def _half_width(pairs: Sequence[_Row]) -> FloatArray:
    """Half of the interval of the mean difference at each epoch (Student's t)."""
    if len(pairs) < SEEDS_FOR_A_BAND:
        return _EMPTY
    length = min(len(pair.values) for pair in pairs)
    differences = np.array([pair.values[:length] for pair in pairs])
    factor = -stdtrit(len(pairs) - 1, (1 - BAND_COVERAGE) / 2) / sqrt(len(pairs))
    return np.asarray(factor * differences.std(axis=0, ddof=1), np.float64)


def measure_axis(variant: VariantSummary, axis: Axis, epochs: int) -> FloatArray:
    """Where epochs 1, 2 ... stand on an axis, shape (epochs,): themselves, gradient steps or seconds so far, means over
    seeds. Beyond the mean's end seconds go on at its pace."""
    numbers = np.arange(1, epochs + 1, dtype=np.float64)
    if axis == "epoch":
        return numbers
    curves = variant.runs[0].curves if len(variant.runs) == 1 else variant.mean
    curve: FloatArray = curves.get(axis, _EMPTY)[:epochs]
    if not len(curve):
        return numbers
    if axis == "steps":
        return numbers * float(curve[0])
    seconds = np.nancumsum(curve)
    pace, rest = seconds[-1] / len(seconds), np.arange(1, epochs - len(seconds) + 1)
    return np.concatenate([seconds, np.asarray(seconds[-1] + pace * rest, np.float64)])


@dataclass(frozen=True, eq=False)
class MarkedEpochs:
    """Where a variant's marks stand, over the runs in its mean.

    Attributes:
        runs: how many those are.
        onset: of the mean curve.
        onsets: the epochs of the single seeds' onsets, rising.
        stops: those of the stops.
        bests: those of the epochs that would be restored, of the runs that stop; where none does, of all.
    """

    runs: int
    onset: Onset | None
    onsets: tuple[int, ...]
    stops: tuple[int, ...]
    bests: tuple[int, ...]


def mark_epochs(variant: VariantSummary) -> MarkedEpochs:
    """The marks of a variant's seeds together."""
    used = runs_in_line(variant)

    def collect(read: Callable[[RunSummary], int | None]) -> tuple[int, ...]:
        return tuple(sorted(epoch for run in used if (epoch := read(run)) is not None))

    stops = collect(lambda run: run.stopping.stop_epoch)
    return MarkedEpochs(
        len(used),
        variant.onset_of_mean,
        collect(lambda run: run.onset.epoch if run.onset else None),
        stops,
        collect(lambda run: run.best_epoch if run.stopping.stop_epoch or not stops else None),
    )
