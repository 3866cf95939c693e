"""What the command line and the JSON export say of an experiment: the contract's object, and a table.

The only code that reads test metrics. They are reported, and nothing is chosen by them.
"""

import math
from collections.abc import Mapping
from typing import Any

from analysis.summary import RunSummary, summarize_run
from experiment.judging import run_curves
from experiment.spec import Experiment
from experiment.version import PROGRAM_AND_VERSION
from results.curves import CurveCache, RunRecord
from results.records import CURVE_NAMES
from results.store import Store
from results.test_metrics import read_test_metrics

TestMetrics = Mapping[int, tuple[float, float]]


def report(store: Store, experiment_id: str, experiment: Experiment) -> dict[str, Any]:
    """The object that `python -m training --json` prints; every number that is not finite is None."""
    test_metrics = read_test_metrics(store, experiment_id)
    records = CurveCache(store).read(experiment_id)
    runs = [_report_run(r, summarize_run(run_curves(experiment, r)), test_metrics.get(r.run.id, {})) for r in records]
    return {"experiment_id": experiment_id, "runs": runs}


def report_with_version(store: Store, experiment_id: str, experiment: Experiment) -> dict[str, Any]:
    """The same for a file that leaves the program: it says which version wrote it."""
    return {"program": PROGRAM_AND_VERSION, **report(store, experiment_id, experiment)}


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
    values: dict[str, Any] = {name: _finite(float(record.curves[name][index])) for name in CURVE_NAMES}
    members = [
        {name: _finite(float(of_member[index])) for name, of_member in zip(record.members, curves, strict=True)}
        for curves in zip(*record.members.values(), strict=True)
    ]
    epoch = {"epoch": index + 1, **values, "steps": int(record.curves["steps"][index])}
    return epoch | {"members": members} if members else epoch


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
