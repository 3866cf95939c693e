"""What Keras's EarlyStopping would have done, replayed over a curve that is already there.

Source: `keras.callbacks.EarlyStopping` and `MonitorCallback` of Keras 3.15.1; the rule goes back to Prechelt,
"Early Stopping - But When?" (1998).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

State = Literal["no_epochs", "not_recorded", "all_ignored", "not_a_number", "waiting", "stopped"]
Criterion = Literal["GL", "PQ", "UP"]
STRIP: Final = 5
"""Epochs in a strip of Prechelt's criteria PQ and UP."""


@dataclass(frozen=True)
class StoppingRule:
    """When to stop, under Keras's own parameter names.

    Attributes:
        monitor: the curve that is watched: train_loss, val_loss, train_accuracy, val_accuracy or
            val_balanced_accuracy, which runs before engine version 2 lack.
        patience: epochs without improvement before it stops; 0 does the same as 1.
        min_delta: a change must be larger than this to count as an improvement.
        baseline: waiting restarts only when the value also beats this one.
        start_from_epoch: number of epochs ignored at the start.
    """

    monitor: str = "val_loss"
    patience: int = 10
    min_delta: float = 0.0
    baseline: float | None = None
    start_from_epoch: int = 0

    @property
    def mode(self) -> Literal["min", "max"]:
        """Whether low ("min", losses) or high ("max", accuracies) values are better."""
        return "max" if self.monitor.endswith("_accuracy") else "min"

    def apply(self, curves: Mapping[str, FloatArray]) -> "Stopping":
        """What the rule would have done on a run's curves."""
        if self.monitor not in curves and len(curves.get("val_loss", ())):
            return Stopping(None, None, "not_recorded")
        return replay(curves.get(self.monitor, np.empty(0)), self)


@dataclass(frozen=True)
class PrecheltRule:
    """A criterion of Prechelt, "Early Stopping - But When?" (1998), on the clean losses. It restores the epoch with the
    lowest validation loss up to the stop.

    Attributes:
        criterion: with E_opt(t) the lowest validation loss up to epoch t and strips of 5 epochs:
            GL stops when the generalization loss GL(t) = 100 (E_va(t) / E_opt(t) - 1) exceeds the threshold;
            PQ at the end of a strip, when GL(t) / P_5(t) exceeds it, where the progress of the strip is
            P_5(t) = 1000 (mean of its training losses / their minimum - 1);
            UP when validation loss rose, from the end of a strip to that of the next, in so many successive strips.
        threshold: of the criterion; for UP a number of strips.
    """

    criterion: Criterion
    threshold: float

    def apply(self, curves: Mapping[str, FloatArray]) -> "Stopping":
        """What the rule would have done on a run's curves."""
        train_loss, val_loss = (curves.get(name, np.empty(0)) for name in ("train_loss", "val_loss"))
        if not len(val_loss):
            return Stopping(None, None, "no_epochs")
        fired = np.flatnonzero(self._fires(train_loss, val_loss))
        stop = int(fired[0]) if len(fired) else None
        seen = val_loss if stop is None else val_loss[: stop + 1]
        if np.isnan(seen).all():
            return Stopping(None, None, "not_a_number")
        best = int(np.nanargmin(seen))
        state: State = "waiting" if stop is None else "stopped"
        return Stopping(None if stop is None else stop + 1, best + 1, state, float(seen[best]), len(seen) - 1 - best)

    def _fires(self, train_loss: FloatArray, val_loss: FloatArray) -> NDArray[np.bool_]:
        """Whether the criterion is met after each epoch, shape (epochs,)."""
        epochs = np.arange(1, len(val_loss) + 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            loss = 100 * (val_loss / np.fmin.accumulate(val_loss) - 1)
            if self.criterion == "GL":
                return np.asarray(loss > self.threshold)
            ends = epochs % STRIP == 0
            if self.criterion == "PQ":
                return np.asarray(ends & (loss / _progress(train_loss) > self.threshold))
        rising = np.zeros(len(val_loss), dtype=bool)
        at_ends = val_loss[STRIP - 1 :: STRIP]
        risen = np.concatenate([[False], at_ends[1:] > at_ends[:-1]])
        strips = round(self.threshold)
        for place in range(strips, len(risen)):
            rising[(place + 1) * STRIP - 1] = risen[place - strips + 1 : place + 1].all()
        return rising


def _progress(train_loss: FloatArray) -> FloatArray:
    """P_5 after each epoch, NaN before the first strip is full."""
    result = np.full(len(train_loss), np.nan)
    if len(train_loss) >= STRIP:
        strips = np.lib.stride_tricks.sliding_window_view(train_loss, STRIP)
        result[STRIP - 1 :] = 1000 * (strips.mean(1) / strips.min(1) - 1)
    return result


AnyRule = StoppingRule | PrecheltRule


@dataclass(frozen=True)
class Stopping:
    """The outcome of a rule on a curve. Epochs count from 1.

    Attributes:
        stop_epoch: the epoch after which training stops for the first time; None: it has not fired.
        best_epoch: the epoch whose weights `restore_best_weights=True` brings back then, or at the end if it has
            not fired; None where every epoch is ignored.
        state: whether it fired, and why not.
        best_value: the monitored value at `best_epoch`.
        waited: epochs without improvement by then.
    """

    stop_epoch: int | None
    best_epoch: int | None
    state: State
    best_value: float | None = None
    waited: int = 0


def replay(values: FloatArray, rule: StoppingRule) -> Stopping:
    """Replay `EarlyStopping(restore_best_weights=True)` over a curve.

    Exact for every parameter, ties and NaN included, on values that are 0 or at least 1e-30 in size (TensorFlow
    takes float32 subnormals for 0). A first value that is NaN can never be improved on; a later one counts as an
    epoch without improvement.

    Args:
        values: the monitored curve, shape (epochs,), entry i of epoch i + 1.
        rule: the parameters.

    >>> stopping = replay(np.array([0.9, 0.4, 0.5, 0.6, 0.2]), StoppingRule(patience=2))
    >>> stopping.stop_epoch, stopping.best_epoch
    (4, 2)
    """
    if len(values) <= rule.start_from_epoch:
        return Stopping(None, None, "all_ignored" if len(values) else "no_epochs")
    stop, best, wait = _scan(values, rule)
    state: State = "not_a_number" if np.isnan(values[best]) else "waiting" if stop is None else "stopped"
    return Stopping(None if stop is None else stop + 1, best + 1, state, float(values[best]), wait)


def _scan(values: FloatArray, rule: StoppingRule) -> tuple[int | None, int, int]:
    """The stop (None: never), the best epoch, both from 0, and the epochs waited by then."""
    candidates, references, baseline = _as_compared(values, rule)
    best = rule.start_from_epoch
    wait = 0 if baseline is None or candidates[best] < baseline else 1
    for epoch in range(best + 1, len(references)):
        wait += 1
        if candidates[epoch] < references[best]:
            best = epoch
            if baseline is None or candidates[epoch] < baseline:
                wait = 0
        elif wait >= rule.patience:
            return epoch, best, wait
    return None, best, wait


def _as_compared(values: FloatArray, rule: StoppingRule) -> tuple[list[float], list[float], float | None]:
    """Values less min_delta, values, and the baseline, as Keras compares them: in float32, smaller is better.

    Keras takes min_delta off in double precision, then `ops.less` makes float32 tensors of Python floats (as in
    the logs of `fit`): values that differ from the eighth digit on are ties. Lists, because a loop over Python
    floats is several times faster than one over array elements.
    """
    sign = -1.0 if rule.mode == "max" else 1.0
    with np.errstate(over="ignore"):  # beyond float32: infinite, for TensorFlow too
        references = (sign * values).astype(np.float32).tolist()
        candidates = (sign * values + abs(rule.min_delta)).astype(np.float32).tolist()
        baseline = None if rule.baseline is None else float(np.float32(sign * rule.baseline))
    return candidates, references, baseline
