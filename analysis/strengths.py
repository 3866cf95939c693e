"""How a technique's effect depends on its strength: what each strength's runs handed over."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

from analysis.averages import Spread, measure_spread
from analysis.summary import RunSummary


@dataclass(frozen=True)
class Strength:
    """One strength of a sweep.

    Attributes:
        value: the strength; 0 is the network without the technique.
        val_loss: validation loss of the models handed over, over the seeds.
        train_loss: training loss of the same models.
    """

    value: float
    val_loss: Spread
    train_loss: Spread


def measure_strength(value: float, runs: Iterable[RunSummary]) -> Strength:
    """What the finished runs with this strength handed over."""
    finals = [run.final for run in runs if run.status == "finished" and run.final]
    return Strength(
        value,
        measure_spread(final["val_loss"] for final in finals),
        measure_spread(final["train_loss"] for final in finals),
    )


def find_lowest(strengths: Sequence[Strength]) -> Strength | None:
    """The strength with the lowest mean validation loss, the weakest of equals; None where none has one."""
    found = [s for s in strengths if s.val_loss.mean is not None and isfinite(s.val_loss.mean)]
    return min(found, key=lambda strength: (strength.val_loss.mean, strength.value), default=None)
