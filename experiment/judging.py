"""Which rule judges a run, and the run as the analysis takes it."""

from analysis.early_stopping import StoppingRule
from analysis.summary import RunCurves
from experiment.spec import Experiment
from results.curves import RunRecord


def stopping_rule(experiment: Experiment, variant: str) -> tuple[StoppingRule, bool]:
    """The rule that judges a variant's runs, and whether training really restores the best weights by it.

    It is the technique's own rule where the variant has it, else the one that the experiment marks.
    """
    own, marked = experiment.variant(variant).early_stopping, experiment.early_stopping
    if own is None:
        return StoppingRule(marked.monitor, marked.patience, marked.min_delta, None, marked.start_from_epoch), False
    arguments = dict(own.arguments)
    restores = bool(arguments.pop("restore_best_weights"))
    del arguments["mode"]  # the rule knows it from the monitor
    return StoppingRule(**arguments), restores


def run_curves(experiment: Experiment, record: RunRecord) -> RunCurves:
    """A stored run as the analysis takes it, with the rule that is marked on it."""
    run = record.run
    rule, restores = stopping_rule(experiment, run.variant)
    return RunCurves(run.variant, run.seed, run.status, record.curves, rule, restores, record.members)
