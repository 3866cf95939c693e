"""Runs -> what tables and charts take: a summary per run and per variant.

Everything here is on clean values of training and validation rows; test rows choose nothing and do not occur.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum, isfinite
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.averages import Spread, average_curves, measure_spread
from analysis.early_stopping import AnyRule, Stopping
from analysis.onset import Onset, find_onset
from analysis.verdict import What

FloatArray = NDArray[np.float64]

CLEAN_NAMES: Final = ("train_loss", "val_loss", "train_accuracy", "val_accuracy")
BALANCED_ACCURACY: Final = "val_balanced_accuracy"
"""Curve of runs since engine version 2: the mean of the classes' recalls on the validation rows."""
ENDED: Final = frozenset({"finished", "failed", "cancelled"})
_EMPTY: Final = np.empty(0)


@dataclass(frozen=True, eq=False)
class RunCurves:
    """One variant under one seed, as far as it got.

    Attributes:
        variant: its name.
        seed: the run's seed.
        status: queued, running, finished, failed or cancelled.
        curves: train_loss, val_loss, train_accuracy, val_accuracy, objective, learning_rate, steps, seconds,
            each of shape (epochs,), entry i of epoch i + 1; without epochs they may be empty or missing.
        rule: when early stopping fires: the technique's own rule, or the one that is only marked.
        restores: whether the variant has the early_stopping technique with restore_best_weights.
        members: the four clean curves of each member of an ensemble, shape (members, epochs); empty without.
    """

    variant: str
    seed: int
    status: str
    curves: Mapping[str, FloatArray]
    rule: AnyRule
    restores: bool
    members: Mapping[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class RunSummary:
    """One run in numbers. Epochs count from 1; what needs an epoch is None without one.

    Attributes:
        variant: its name.
        seed: the run's seed.
        status: queued, running, finished, failed or cancelled.
        curves: the curves it was made from.
        epochs: how many there are so far.
        onset: where overfitting begins, so far.
        stopping: where early stopping fires and why.
        best_epoch: the epoch that early stopping restores; None also where the rule ignores all epochs.
        final_epoch: the epoch of the model handed over: the best one where the technique restores, else the last.
        best: the four clean values at `best_epoch`; those of `final_epoch` where that is None.
        final: the four clean values at `final_epoch`.
        generalization_gap_final: val_loss - train_loss at `final_epoch`.
        generalization_gap_best: the same for `best`.
        seconds: the time of all epochs, without setup.
        rule: by which `stopping` was found.
        lowest_epoch: the epoch with the lowest validation loss of the whole curve, whatever the rule says.
        lowest_val_loss: that loss.
        members: those of the run that it was made from.
    """

    variant: str
    seed: int
    status: str
    curves: Mapping[str, FloatArray]
    epochs: int
    onset: Onset | None
    stopping: Stopping
    best_epoch: int | None
    final_epoch: int | None
    best: Mapping[str, float] | None
    final: Mapping[str, float] | None
    generalization_gap_final: float | None
    generalization_gap_best: float | None
    seconds: float
    rule: AnyRule
    lowest_epoch: int | None
    lowest_val_loss: float | None
    members: Mapping[str, FloatArray] = field(default_factory=dict)

    def score(self, what: What) -> float | None:
        """What the verdict judges; None without an epoch, or where the run has no such curve."""
        if what == "best_epoch":
            return self.lowest_val_loss
        names = {"handed_over": "val_loss", "accuracy": "val_accuracy", "balanced_accuracy": BALANCED_ACCURACY}
        return None if self.final is None else self.final.get(names[what])


@dataclass(frozen=True, eq=False)
class VariantSummary:
    """All runs of one variant.

    Attributes:
        name: the variant's name.
        runs: one summary per seed, in their order, whatever their status.
        mean: curve name -> mean over seeds, shape (epochs of the mean,); empty without epochs. See `summarize_variant`.
        seeds_in_mean: the seeds of the runs in `mean`.
        onset_of_mean: the onset of the mean curve, over the epochs that all of those runs have.
        spreads: quantity -> spread over the finished runs; the quantities are the keys of QUANTITIES.
    """

    name: str
    runs: tuple[RunSummary, ...]
    mean: Mapping[str, FloatArray]
    seeds_in_mean: tuple[int, ...]
    onset_of_mean: Onset | None
    spreads: Mapping[str, Spread]


def _value_at(which: str, name: str) -> Callable[[RunSummary], float | None]:
    def read(run: RunSummary) -> float | None:
        values: Mapping[str, float] | None = getattr(run, which)
        return None if values is None else values[name]

    return read


QUANTITIES: Final[Mapping[str, Callable[[RunSummary], float | None]]] = MappingProxyType(
    {
        **{f"best_{name}": _value_at("best", name) for name in CLEAN_NAMES},
        **{f"final_{name}": _value_at("final", name) for name in CLEAN_NAMES},
        "final_val_balanced_accuracy": lambda run: (run.final or {}).get(BALANCED_ACCURACY),
        "generalization_gap_final": lambda run: run.generalization_gap_final,
        "generalization_gap_best": lambda run: run.generalization_gap_best,
        "lowest_val_loss": lambda run: run.lowest_val_loss,
        "onset_epoch": lambda run: run.onset.epoch if run.onset else None,
        "stop_epoch": lambda run: run.stopping.stop_epoch,
        "best_epoch": lambda run: run.best_epoch,
        "final_epoch": lambda run: run.final_epoch,
        "epochs": lambda run: run.epochs,
        "seconds": lambda run: run.seconds,
    }
)
"""What a table can show of a variant: key -> how it is read from a run. Not every run has an onset or a stop."""


def summarize_run(run: RunCurves, marked: AnyRule | None = None) -> RunSummary:
    """One run in numbers; depends on its arguments alone, so callers may keep it until an epoch or the status changes.

    Args:
        run: the run.
        marked: the rule that `stopping` and `best` are found by, instead of the run's own. What is handed over stays
            what training handed over.
    """
    epochs = len(run.curves.get("val_loss", _EMPTY))
    own, rule = run.rule.apply(run.curves), marked or run.rule
    stopping = rule.apply(run.curves) if marked else own
    best_epoch = stopping.best_epoch
    lowest = _place_of_lowest(run.curves.get("val_loss", _EMPTY))
    final_epoch = (own.best_epoch if run.restores else None) or epochs or None
    final = _values(run.curves, final_epoch)
    best = final if best_epoch is None else _values(run.curves, best_epoch)
    return RunSummary(
        variant=run.variant,
        seed=run.seed,
        status=run.status,
        curves=run.curves,
        epochs=epochs,
        onset=find_onset(run.curves["train_loss"], run.curves["val_loss"]) if epochs else None,
        stopping=stopping,
        best_epoch=best_epoch,
        final_epoch=final_epoch,
        best=best,
        final=final,
        generalization_gap_final=_gap(final),
        generalization_gap_best=_gap(best),
        seconds=fsum(value for value in run.curves.get("seconds", _EMPTY).tolist() if isfinite(value)),
        rule=rule,
        lowest_epoch=None if lowest is None else lowest + 1,
        lowest_val_loss=None if lowest is None else float(run.curves["val_loss"][lowest]),
        members=run.members,
    )


def summarize_variant(runs: Sequence[RunSummary], complete: Collection[int] = ()) -> VariantSummary:
    """All runs of one variant, with their mean curves.

    Once seeds are complete, the mean is over what the variant has finished of those, so that all variants' means are
    over the same splits; what is still running is no part of it.

    The mean must not bend because its runs change: where those that overfit stop early and drop out, the rest look
    better (survivor bias). So it ends where the first of the ended runs ends. A running run does not cut it: its
    epochs are to come, and up to then the mean is over the runs that have the epoch. There the line may jump, so the
    onset of the mean is judged only up to the last epoch that all its runs have. Left out of the mean are runs
    without epochs and failed ones with a value that is not finite.

    Args:
        runs: at least one, all of the same variant.
        complete: seeds that all variants have finished, as far as they have finished any.
    """
    used = [run for run in runs if run.status == "finished" and run.seed in complete]
    used = used or [run for run in runs if _has_mean(run)]
    lengths = [run.epochs for run in used]
    ended = [length for run, length in zip(used, lengths, strict=True) if run.status in ENDED]
    mean = average_curves([run.curves for run in used], min(ended, default=max(lengths, default=0)))
    shared = min(lengths, default=0)
    finished = [run for run in runs if run.status == "finished"]
    return VariantSummary(
        name=runs[0].variant,
        runs=tuple(runs),
        mean=mean,
        seeds_in_mean=tuple(run.seed for run in used),
        onset_of_mean=find_onset(mean["train_loss"][:shared], mean["val_loss"][:shared]) if used else None,
        spreads={key: measure_spread(map(read, finished)) for key, read in QUANTITIES.items()},
    )


def summarize(runs: Iterable[RunSummary]) -> tuple[VariantSummary, ...]:
    """One summary per variant, in the order of their first appearance."""
    groups: dict[str, list[RunSummary]] = {}
    for run in runs:
        groups.setdefault(run.variant, []).append(run)
    finished = [{run.seed for run in group if run.status == "finished"} for group in groups.values()]
    complete = set.intersection(*(seeds for seeds in finished if seeds)) if any(finished) else set()
    return tuple(summarize_variant(group, complete) for group in groups.values())


def _has_mean(run: RunSummary) -> bool:
    if run.status == "queued" or not run.epochs:
        return False
    return run.status != "failed" or all(np.isfinite(curve).all() for curve in run.curves.values())


def _place_of_lowest(values: FloatArray) -> int | None:
    return int(np.nanargmin(values)) if len(values) and not np.isnan(values).all() else None


def _values(curves: Mapping[str, FloatArray], epoch: int | None) -> Mapping[str, float] | None:
    if epoch is None:
        return None
    return {name: float(curves[name][epoch - 1]) for name in (*CLEAN_NAMES, BALANCED_ACCURACY) if name in curves}


def _gap(values: Mapping[str, float] | None) -> float | None:
    return None if values is None else values["val_loss"] - values["train_loss"]
