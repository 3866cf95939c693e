"""What Keras's EarlyStopping would have done, replayed over a curve that is already there.

Source: `keras.callbacks.EarlyStopping` and `MonitorCallback` of Keras 3.15.1; the rule goes back to Prechelt,
"Early Stopping - But When?" (1998).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.wording import EPOCHS, METRIC_NAMES, format_count, format_number

FloatArray = NDArray[np.float64]

BELOW = "below"
ABOVE = "above"
NO_EPOCHS = "no epochs yet"
ALL_IGNORED = "the rule ignores the first {ignored}"
STOPPED = "{metric} has not gone {direction} {best} (epoch {epoch}) for {waited}"
STOPPED_BY_DELTA = "{metric} has not gone {direction} {best} (epoch {epoch}) by more than {min_delta} for {waited}"
STOPPED_BY_BASELINE = (
    "{metric} has not gone {direction} both its best value {best} (epoch {epoch}) and {baseline} for {waited}"
)
STOPPED_BY_DELTA_AND_BASELINE = (
    "{metric} has not gone {direction} both its best value {best} (epoch {epoch}) and {baseline} "
    "by more than {min_delta} for {waited}"
)
STILL_WAITING = (
    "epoch {epoch} counts as the best so far ({metric} {best}); {waited} without improvement, {patience} would stop"
)
STARTED_WITHOUT_NUMBER = "{metric} was not a number at epoch {epoch}, and nothing counts as better than that"


@dataclass(frozen=True)
class StoppingRule:
    """When to stop, under Keras's own parameter names.

    Attributes:
        monitor: the curve that is watched: train_loss, val_loss, train_accuracy or val_accuracy.
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


@dataclass(frozen=True)
class Stopping:
    """The outcome of a rule on a curve. Epochs count from 1.

    Attributes:
        stop_epoch: the epoch after which training stops for the first time; None: it has not fired.
        best_epoch: the epoch whose weights `restore_best_weights=True` brings back then, or at the end if it has
            not fired; None where every epoch is ignored.
        evidence: the reason in words.
    """

    stop_epoch: int | None
    best_epoch: int | None
    evidence: str


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
        ignored = format_count(rule.start_from_epoch, EPOCHS)
        return Stopping(None, None, ALL_IGNORED.format(ignored=ignored) if len(values) else NO_EPOCHS)
    stop, best, wait = _scan(values, rule)
    stop_epoch = None if stop is None else stop + 1
    return Stopping(stop_epoch, best + 1, _evidence(float(values[best]), best + 1, wait, stop is not None, rule))


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


def _evidence(best: float, epoch: int, wait: int, fired: bool, rule: StoppingRule) -> str:
    if np.isnan(best):
        template = STARTED_WITHOUT_NUMBER
    elif not fired:
        template = STILL_WAITING
    elif rule.baseline is not None:
        template = STOPPED_BY_DELTA_AND_BASELINE if rule.min_delta else STOPPED_BY_BASELINE
    else:
        template = STOPPED_BY_DELTA if rule.min_delta else STOPPED
    return template.format(
        metric=METRIC_NAMES.get(rule.monitor, rule.monitor),
        direction=ABOVE if rule.mode == "max" else BELOW,
        best=format_number(best),
        epoch=epoch,
        min_delta=format_number(abs(rule.min_delta)),
        baseline=format_number(rule.baseline or 0.0),
        waited=format_count(wait, EPOCHS),
        patience=max(rule.patience, 1),
    )
