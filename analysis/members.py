"""An ensemble against its members: what one of them scores on average, and the best of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.averages import Spread, measure_spread
from analysis.summary import CLEAN_NAMES, RunSummary, VariantSummary

Values = Mapping[str, float]


@dataclass(frozen=True, eq=False)
class MemberSpreads:
    """Quantity -> spread over the finished runs, for the clean values at the best epoch (`best_*`) and the final one
    (`final_*`), and the final gap between training and validation.

    Attributes:
        mean: of the mean over members.
        best: of the member with the lowest validation loss at that epoch.
    """

    mean: Mapping[str, Spread]
    best: Mapping[str, Spread]


def measure_members(variant: VariantSummary) -> MemberSpreads | None:
    """The members of an ensemble in numbers; None for a variant that is none, or before a run of it has finished."""
    runs = [run for run in variant.runs if run.status == "finished" and run.members]
    if not runs:
        return None
    pairs = [_measure_run(run) for run in runs]
    names = tuple(pairs[0][0])
    mean, best = ({name: measure_spread(pair[which][name] for pair in pairs) for name in names} for which in (0, 1))
    return MemberSpreads(mean, best)


def _measure_run(run: RunSummary) -> tuple[Values, Values]:
    """What members score on average, and the best of them, at the run's best and final epoch."""
    mean: dict[str, float] = {}
    best: dict[str, float] = {}
    for which, epoch in (("best", run.best_epoch or run.final_epoch), ("final", run.final_epoch)):
        if epoch is None:  # a run without epochs has no members either
            continue
        chosen = int(np.argmin(run.members["val_loss"][:, epoch - 1]))
        for name in CLEAN_NAMES:
            scores = run.members[name][:, epoch - 1]
            mean[f"{which}_{name}"], best[f"{which}_{name}"] = float(scores.mean()), float(scores[chosen])
    for values in (mean, best):
        values["generalization_gap_final"] = values["final_val_loss"] - values["final_train_loss"]
    return mean, best
