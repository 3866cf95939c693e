"""What the command line and the JSON export say of an experiment: the contract's object, and a table.

The only code that reads test metrics. They are reported, and nothing is chosen by them.
"""

import math
from collections.abc import Mapping
from typing import Any

from analysis.summary import RunSummary, summarize_run
from analysis.verdict import Comparison, Verdict
from experiment.judging import judge_runs, run_curves
from experiment.spec import Experiment
from experiment.version import PROGRAM_AND_VERSION
from export.envelope import Opened, open_runs
from results.curves import CurveCache, RunRecord
from results.envelope import opened_at
from results.records import CURVE_NAMES, NOISE_CURVES
from results.store import Store
from results.test_metrics import read_test_metrics

TestMetrics = Mapping[int, tuple[float, float]]


def report(store: Store, experiment_id: str, experiment: Experiment) -> dict[str, Any]:
    """The object that `python -m training --json` prints; every number that is not finite is None."""
    return _report(store, experiment_id, experiment, read_test_metrics(store, experiment_id))


def report_of_page(store: Store, experiment_id: str, experiment: Experiment) -> dict[str, Any]:
    """The same for a page's visitor: with the version that wrote it, and without test figures while they are sealed."""
    opened = opened_at(store, experiment_id) is not None
    test_metrics = read_test_metrics(store, experiment_id) if opened else {}
    return {"program": PROGRAM_AND_VERSION, **_report(store, experiment_id, experiment, test_metrics)}


def read_envelope(store: Store, experiment_id: str, experiment: Experiment) -> tuple[Opened, ...] | None:
    """Validation against test, two lines for each variant; None as long as nobody has opened the envelope."""
    if opened_at(store, experiment_id) is None:
        return None
    test_metrics = read_test_metrics(store, experiment_id)
    records = [record for record in CurveCache(store).read(experiment_id) if record.run.status == "finished"]
    runs = [(summarize_run(run_curves(experiment, r)), test_metrics.get(r.run.id, {})) for r in records]
    return open_runs(experiment, runs)


def _report(
    store: Store, experiment_id: str, experiment: Experiment, test_metrics: Mapping[int, TestMetrics]
) -> dict[str, Any]:
    records = CurveCache(store).read(experiment_id)
    summaries = [summarize_run(run_curves(experiment, record)) for record in records]
    runs = [_report_run(r, s, test_metrics.get(r.run.id, {})) for r, s in zip(records, summaries, strict=True)]
    verdict = _report_verdict(judge_runs(experiment, summaries))
    return {"experiment_id": experiment_id, "runs": runs, "verdict": verdict}


def _report_verdict(verdict: Verdict) -> dict[str, Any]:
    judging = verdict.judging
    variants = [_report_comparison(comparison) for comparison in verdict.comparisons]
    return {
        "judged": judging.what,
        "reference": judging.reference,
        "margin": judging.margin,
        "variants": variants,
    }


def _report_comparison(comparison: Comparison) -> dict[str, Any]:
    shares = comparison.shares
    return {
        "variant": comparison.variant,
        "kind": comparison.kind,
        "seeds": comparison.seeds,
        "difference": comparison.difference,
        "low": comparison.low,
        "high": comparison.high,
        "shares": {name: shares and getattr(shares, name) for name in ("better", "same", "worse")},
        "more_seeds": comparison.more_seeds,
    }


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
    noise = [name for name in NOISE_CURVES if name in record.curves]
    values: dict[str, Any] = {name: _finite(float(record.curves[name][index])) for name in (*CURVE_NAMES, *noise)}
    members = [
        {name: _finite(float(of_member[index])) for name, of_member in zip(record.members, curves, strict=True)}
        for curves in zip(*record.members.values(), strict=True)
    ]
    epoch = {"epoch": index + 1, **values, "steps": int(record.curves["steps"][index])}
    return epoch | {"members": members} if members else epoch


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
