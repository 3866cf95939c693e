"""Which rule judges a run, the run as the analysis takes it, and the verdict on an experiment."""

from collections.abc import Sequence
from typing import Final

from analysis.early_stopping import StoppingRule
from analysis.summary import RunCurves, RunSummary
from analysis.verdict import MARGINS, Judging, Verdict, What, judge
from experiment.spec import Experiment, MarkedRule
from results.curves import RunRecord

BASELINE: Final = "baseline"
"""The reference, where an experiment has a variant of that name and does not say otherwise."""


def marked_rule(marked: MarkedRule) -> StoppingRule:
    """The rule that an experiment marks, as the analysis takes it."""
    return StoppingRule(marked.monitor, marked.patience, marked.min_delta, None, marked.start_from_epoch)


def stopping_rule(experiment: Experiment, variant: str) -> tuple[StoppingRule, bool]:
    """The rule that judges a variant's runs, and whether training really restores the best weights by it.

    It is the technique's own rule where the variant has it, else the one that the experiment marks.
    """
    own = experiment.variant(variant).early_stopping
    if own is None:
        return marked_rule(experiment.early_stopping), False
    arguments = dict(own.arguments)
    restores = bool(arguments.pop("restore_best_weights"))
    del arguments["mode"]  # the rule knows it from the monitor
    return StoppingRule(**arguments), restores


def run_curves(experiment: Experiment, record: RunRecord) -> RunCurves:
    """A stored run as the analysis takes it, with the rule that is marked on it."""
    run = record.run
    rule, restores = stopping_rule(experiment, run.variant)
    return RunCurves(run.variant, run.seed, run.status, record.curves, rule, restores, record.members)


def judging_of(experiment: Experiment, what: What | None = None) -> Judging:
    """How an experiment's variants are judged, or how they would be by another quantity."""
    asked, dataset = experiment.judging, experiment.dataset
    chosen = what or asked.what
    names = [variant.name for variant in experiment.variants]
    accuracy = chosen in ("accuracy", "balanced_accuracy")
    return Judging(
        chosen,
        asked.margin if asked.margin is not None and chosen == asked.what else MARGINS[chosen],
        asked.reference or (BASELINE if BASELINE in names else names[0]),
        resolution=1 / dataset.held_out if accuracy else 0.0,
        overlap=dataset.held_out / (dataset.rows - dataset.held_out),
        tried=asked.tried or 0,
    )


def judge_runs(experiment: Experiment, runs: Sequence[RunSummary], what: What | None = None) -> Verdict:
    """The verdict on an experiment's runs, by what it judges or by another quantity."""
    judging = judging_of(experiment, what)
    scores: dict[str, dict[int, float | None]] = {variant.name: {} for variant in experiment.variants}
    lost: dict[str, set[int]] = {name: set() for name in scores}
    for run in runs:
        scores[run.variant][run.seed] = run.score(judging.what) if run.status == "finished" else None
        if run.status in ("failed", "cancelled"):
            lost[run.variant].add(run.seed)
    return judge(scores, experiment.seeds, judging, lost)
