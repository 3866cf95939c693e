"""What stands in an opened envelope: validation against test for each variant. Test rows still choose nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from analysis.averages import Spread, measure_spread
from analysis.summary import RunSummary
from experiment.judging import judging_of, stopping_rule
from experiment.spec import Experiment

Which = Literal["final", "best"]
Scores = Mapping[int, tuple[float, float]]
"""Epoch -> loss and accuracy on the test rows."""


@dataclass(frozen=True)
class Opened:
    """One variant's models on rows of both kinds, over the seeds that have finished.

    Attributes:
        variant: its name.
        which: `final`, the models handed over, or `best`, at the epoch that the marked rule restores.
        chosen: whether validation rows chose the epoch; the last one chose nothing.
        seeds: how many.
        validation_loss: of these models.
        unseen_loss: on the test rows.
        validation_accuracy: of these models.
        unseen_accuracy: on the test rows.
        excess: test less validation loss of each seed.
        beyond: how much more that is than for the reference's last epoch under the same seed: what choosing can have
            added. The last epoch of a reference chose nothing, so its own excess is which rows fell where.
    """

    variant: str
    which: Which
    chosen: bool
    seeds: int
    validation_loss: Spread
    unseen_loss: Spread
    validation_accuracy: Spread
    unseen_accuracy: Spread
    excess: Spread
    beyond: Spread


def open_runs(experiment: Experiment, runs: Sequence[tuple[RunSummary, Scores]]) -> tuple[Opened, ...]:
    """Two lines for each variant, from its finished runs and their test figures."""
    reference = judging_of(experiment).reference
    usual = {
        run.seed: scores[run.epochs][0] - float(run.curves["val_loss"][-1])
        for run, scores in runs
        if run.variant == reference and run.epochs in scores
    }
    lines: list[Opened] = []
    for variant in experiment.variants:
        own = [(run, scores) for run, scores in runs if run.variant == variant.name]
        restores = stopping_rule(experiment, variant.name)[1]
        lines += [_open(variant.name, w, own, usual, chosen=w == "best" or restores) for w in get_args(Which)]
    return tuple(lines)


def _open(
    name: str, which: Which, runs: Sequence[tuple[RunSummary, Scores]], usual: Mapping[int, float], *, chosen: bool
) -> Opened:
    found = []
    for run, scores in runs:
        values, epoch = (run.final, run.final_epoch) if which == "final" else (run.best, run.best_epoch)
        if values is not None and epoch is not None and epoch in scores:
            found.append((run.seed, values, scores[epoch]))
    excess = {seed: unseen[0] - values["val_loss"] for seed, values, unseen in found}
    return Opened(
        name,
        which,
        chosen,
        len(found),
        measure_spread(values["val_loss"] for _seed, values, _unseen in found),
        measure_spread(unseen[0] for _seed, _values, unseen in found),
        measure_spread(values["val_accuracy"] for _seed, values, _unseen in found),
        measure_spread(unseen[1] for _seed, _values, unseen in found),
        measure_spread(excess.values()),
        measure_spread(value - usual[seed] for seed, value in excess.items() if seed in usual),
    )
