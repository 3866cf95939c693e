"""What the command line and the JSON export say of an experiment: the contract's object, and a table.

The only code that reads test metrics. They are reported, and nothing is chosen by them.
"""

import math
from collections.abc import Mapping
from typing import Any

from analysis.early_stopping import StoppingRule
from analysis.summary import RunCurves, RunSummary, summarize_run
from results.curves import CurveCache, RunRecord
from results.store import Store
from results.test_metrics import read_test_metrics
from training.experiment import Experiment, parse_experiment

EPOCH_FIELDS = (
    "train_loss", "val_loss", "train_accuracy", "val_accuracy", "objective", "learning_rate", "steps", "seconds",
)  # fmt: skip

TestMetrics = Mapping[int, tuple[float, float]]


def stopping_rule(experiment: Experiment, variant: str) -> tuple[StoppingRule, bool]:
    """The rule that judges a variant's runs, and whether training really restores the best weights by it.

    It is the technique's own rule where the variant has it, else the one that the experiment marks.
    """
    technique = experiment.variant(variant).early_stopping
    source = technique or experiment.early_stopping
    rule = StoppingRule(
        monitor=source.monitor,
        patience=source.patience,
        min_delta=source.min_delta,
        baseline=technique.baseline if technique else None,
        start_from_epoch=source.start_from_epoch,
    )
    return rule, technique is not None and technique.restore_best_weights


def run_curves(experiment: Experiment, record: RunRecord) -> RunCurves:
    """A stored run as the analysis takes it, with the rule that is marked on it."""
    run = record.run
    rule, restores = stopping_rule(experiment, run.variant)
    return RunCurves(run.variant, run.seed, run.status, record.curves, rule, restores, record.members)


def report(store: Store, experiment_id: str) -> dict[str, Any]:
    """The object that `python -m training --json` prints; every number that is not finite is None.

    Raises:
        KeyError: there is no such experiment.
    """
    stored = store.experiment(experiment_id)
    if stored is None:
        raise KeyError(experiment_id)
    experiment = parse_experiment(stored.spec)
    test_metrics = read_test_metrics(store, experiment_id)
    records = CurveCache(store).read(experiment_id)
    runs = [_report_run(r, summarize_run(run_curves(experiment, r)), test_metrics.get(r.run.id, {})) for r in records]
    return {"experiment_id": experiment_id, "runs": runs}


def _report_run(record: RunRecord, summary: RunSummary, test_metrics: TestMetrics) -> dict[str, Any]:
    run = record.run
    final_loss, final_accuracy = test_metrics.get(summary.final_epoch or 0, (None, None))
    best_loss, best_accuracy = test_metrics.get(summary.best_epoch or summary.final_epoch or 0, (None, None))
    return {
        "variant": run.variant,
        "seed": run.seed,
        "status": run.status,
        "message": run.message,
        "ended_by": run.ended_by,
        "setup_seconds": _finite(run.setup_seconds),
        "epochs": [_report_epoch(record, index) for index in range(record.last_epoch)],
        "onset_epoch": summary.onset.epoch if summary.onset else None,
        "stop_epoch": summary.stopping.stop_epoch,
        "best_epoch": summary.stopping.best_epoch,
        "final_test_loss": _finite(final_loss),
        "final_test_accuracy": _finite(final_accuracy),
        "best_test_loss": _finite(best_loss),
        "best_test_accuracy": _finite(best_accuracy),
    }


def _report_epoch(record: RunRecord, index: int) -> dict[str, Any]:
    values: dict[str, Any] = {name: _finite(float(record.curves[name][index])) for name in EPOCH_FIELDS}
    members = [
        {name: _finite(float(of_member[index])) for name, of_member in zip(record.members, curves, strict=True)}
        for curves in zip(*record.members.values(), strict=True)
    ]
    epoch = {"epoch": index + 1, **values, "steps": int(record.curves["steps"][index])}
    return epoch | {"members": members} if members else epoch


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
