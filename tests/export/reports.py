"""Reports to test: names that would do harm, runs that ended in every way, an open envelope."""

import json
from typing import Any

import numpy as np

from analysis.early_stopping import StoppingRule
from analysis.summary import RunCurves, RunSummary, summarize, summarize_run
from charts.curves import chart_height, curve_figure
from charts.seed_panels import panels_height, seeds_figure
from charts.views import ChartOptions
from experiment.judging import judging_of, stopping_rule
from experiment.spec import Experiment, parse_experiment
from export.envelope import open_runs
from export.html_report import Figure, html_report
from results.records import CURVE_NAMES, Run, Status
from wording.in_words import describe

HOSTILE = (
    "baseline",
    "</script><script>document.title='run'</script>",
    "<img src=https://e.org/x onerror=document.title='run'>",
    '" onmouseover="document.title=\'run\'" x="',
    "*md* _x_ $\\alpha$ &lt; %{y} |",
    "<!-- <script> ]]> \\u003c",
    "x" * 60,
    "öäü 漢字 🧪 \u202eabc\u200f\u2028\u200b",
)
MESSAGE = "<b>loss</b> became NaN </script>\nsecond line"
NOW = 1_790_000_000.0
PROVENANCE = {"engine": 2, "python": "3.11.9", "packages": {"keras": "3.15.1"}, "processor": "Some CPU", "xla": False}


def make_experiment(names: tuple[str, ...] = HOSTILE, seeds: int = 6, **parts: Any) -> Experiment:
    variants = [
        {"name": name, "techniques": [{"name": "dropout", "rate": 0.3}] * bool(i)} for i, name in enumerate(names)
    ]
    whole = {"name": HOSTILE[1], "training": {"epochs": 40}, "variants": variants, "seeds": list(range(seeds))}
    return parse_experiment(json.dumps(whole | parts), stored=True)  # an earlier version allowed every name


def make_run(
    experiment: Experiment, variant: str, seed: int, status: Status = "finished", epochs: int = 40
) -> RunSummary:
    """A run that overfits; each variant is a little better than the one before it."""
    place = [v.name for v in experiment.variants].index(variant)
    t, random = np.arange(1, epochs + 1), np.random.default_rng([place, seed])
    train = 2 * np.exp(-t / 4) + 0.01
    val = (2 * np.exp(-t / 4) + 0.3 + 0.004 * np.maximum(t - 12, 0)) * (1 - 0.03 * place) + random.normal(
        0, 0.004, epochs
    )
    curves = dict.fromkeys(CURVE_NAMES, np.full(epochs, 0.001)) | {
        "train_loss": train,
        "val_loss": val + 0.01 * seed,
        "train_accuracy": 1 - train / 3,
        "val_accuracy": 1 - val / 3,
        "steps": 10.0 * t,
    }
    rule, restores = stopping_rule(experiment, variant)
    return summarize_run(RunCurves(variant, seed, status, curves, rule, restores))


def make_stored(run: RunSummary, place: int, message: str | None = None, **parts: Any) -> Run:
    values: dict[str, Any] = {
        "id": place, "experiment_id": "e", "variant": run.variant, "seed": run.seed, "position": place,
        "status": run.status, "message": message, "owner": "o", "attempt": 1, "heartbeat": NOW, "created_at": NOW - 90,
        "started_at": NOW - 80, "finished_at": NOW - 60, "setup_seconds": 1.0, "ended_by": "epochs",
        "provenance": PROVENANCE,
    }  # fmt: skip
    return Run(**values | parts)


def make_figures(experiment: Experiment, runs: list[RunSummary]) -> list[Figure]:
    variants, reference = summarize(runs), judging_of(experiment).reference
    options = ChartOptions(reference, experiment.training.epochs)
    words = describe(variants)
    drawn = [
        ("Loss", curve_figure(variants, options), chart_height(len(variants))),
        ("Single seeds", seeds_figure(variants, options), panels_height(len(variants))),
    ]
    return [
        (title, figure | {"layout": figure["layout"] | {"height": height}}, words) for title, figure, height in drawn
    ]


def hostile_report(names: tuple[str, ...] = HOSTILE) -> tuple[Experiment, list[Figure], str]:
    """A report with everything in it: failed and cancelled runs, two processors, an open envelope."""
    experiment = make_experiment(names)
    runs, stored = [], []
    for place, (variant, seed) in enumerate(experiment.runs()):
        failed, cancelled = variant == names[-1] and seed in (2, 3), variant == names[-2] and seed == 5
        status: Status = "failed" if failed else "cancelled" if cancelled else "finished"
        run = make_run(experiment, variant, seed, status, 7 if failed or cancelled else 40)
        runs.append(run)
        processor = "Other CPU" if seed == 5 else "Some CPU"
        stored.append(
            make_stored(
                run,
                place,
                MESSAGE if failed else None,
                provenance=PROVENANCE | {"processor": processor},
                created_at=NOW - (10 if seed == 5 else 90),
            )
        )
    scores = dict.fromkeys(range(1, 41), (0.5, 0.8))
    envelope = open_runs(experiment, [(run, scores) for run in runs if run.status == "finished"])
    figures = make_figures(experiment, runs)
    report = html_report(experiment, runs, figures, stored=stored, envelope=envelope, opened=NOW - 30, now=NOW)
    return experiment, figures, report


def other_rule(run: RunSummary) -> RunSummary:
    """The same run, marked by another rule."""
    curves = RunCurves(run.variant, run.seed, run.status, run.curves, run.rule, False)  # type: ignore[arg-type]
    return summarize_run(curves, StoppingRule(patience=3))
