"""What a stopping rule would have done on curves that go on: epochs saved, and what was given up for them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.averages import Spread, measure_spread
from analysis.early_stopping import StoppingRule
from analysis.summary import RunSummary, VariantSummary

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """A rule on all curves of one variant. Epochs count from 1; every figure is over the runs that have one.

    Attributes:
        variant: its name.
        runs: with epochs.
        stopped: of them, those on which the rule fires.
        stop_epoch: where it fires.
        restored_epoch: whose weights it would bring back.
        saved: epochs that were trained after it fired, of all epochs, as a share.
        loss: validation loss at the restored epoch.
        lowest_loss: at the epoch where it is lowest.
        last_loss: at the last epoch.
        accuracy: validation accuracy at the restored epoch.
        lowest_accuracy: at the epoch with the lowest validation loss.
        last_accuracy: at the last epoch.
    """

    variant: str
    runs: int
    stopped: int
    stop_epoch: Spread
    restored_epoch: Spread
    saved: float
    loss: Spread
    lowest_loss: Spread
    last_loss: Spread
    accuracy: Spread
    lowest_accuracy: Spread
    last_accuracy: Spread


def measure_outcome(variant: VariantSummary) -> Outcome | None:
    """What the rule that the summary was made with does; None before the first epoch."""
    runs = [run for run in variant.runs if run.epochs]
    if not runs:
        return None
    stops = [run.stopping.stop_epoch for run in runs]
    total = sum(run.epochs for run in runs)
    saved = sum(run.epochs - stop for run, stop in zip(runs, stops, strict=True) if stop is not None)
    return Outcome(
        variant.name,
        len(runs),
        sum(stop is not None for stop in stops),
        measure_spread(stops),
        measure_spread(run.best_epoch for run in runs),
        saved / total,
        measure_spread(_at(run, "val_loss", run.best_epoch) for run in runs),
        measure_spread(run.lowest_val_loss for run in runs),
        measure_spread(_at(run, "val_loss", run.epochs) for run in runs),
        measure_spread(_at(run, "val_accuracy", run.best_epoch) for run in runs),
        measure_spread(_at(run, "val_accuracy", run.lowest_epoch) for run in runs),
        measure_spread(_at(run, "val_accuracy", run.epochs) for run in runs),
    )


def map_rule(
    runs: Sequence[RunSummary], rule: StoppingRule, patiences: Sequence[int], min_deltas: Sequence[float]
) -> FloatArray:
    """Mean validation loss of the restored epoch for each pair, shape (min_deltas, patiences); NaN without an epoch."""
    result = np.full((len(min_deltas), len(patiences)), np.nan)
    for row, min_delta in enumerate(min_deltas):
        for column, patience in enumerate(patiences):
            tried = replace(rule, patience=patience, min_delta=min_delta)
            losses = [
                loss
                for run in runs
                if (loss := _at(run, "val_loss", tried.apply(run.curves).best_epoch)) is not None and np.isfinite(loss)
            ]
            if losses:
                result[row, column] = np.mean(losses)
    return result


def _at(run: RunSummary, name: str, epoch: int | None) -> float | None:
    return None if epoch is None else float(run.curves[name][epoch - 1])
