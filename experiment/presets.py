"""Recorded experiments: a JSON in `examples/` and, beside it, what the command line printed for it."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.summary import RunCurves
from experiment.judging import stopping_rule
from experiment.spec import Experiment, parse_experiment
from results.records import CURVE_NAMES, OPTIONAL_CURVES

EXAMPLES = Path(__file__).parent.parent / "examples"
FIRST_VISIT = "first_visit"


@cache
def presets() -> dict[str, Experiment]:
    """The experiments of `examples/` by file name, each of which shows something; the first visit's comes first."""
    files = sorted(EXAMPLES.glob("*.json"), key=lambda file: (file.stem != FIRST_VISIT, file.stem))
    return {f.stem: parse_experiment(f.read_bytes()) for f in files if not f.stem.endswith(".result")}


@cache
def recorded_curves(name: str) -> tuple[RunCurves, ...]:
    """The runs that `make example` recorded for a preset; none if it was not recorded."""
    file = EXAMPLES / f"{name}.result.json"
    if not file.exists():
        return ()
    experiment = presets()[name]
    return tuple(_run_curves(experiment, run) for run in json.loads(file.read_text(encoding="utf-8"))["runs"])


def _run_curves(experiment: Experiment, run: dict[str, Any]) -> RunCurves:
    found = [name for name in OPTIONAL_CURVES if run["epochs"] and name in run["epochs"][0]]
    curves = {
        name: np.array([epoch[name] if epoch[name] is not None else np.nan for epoch in run["epochs"]])
        for name in (*CURVE_NAMES, *found)
    }
    rule, restores = stopping_rule(experiment, run["variant"])
    return RunCurves(run["variant"], run["seed"], run["status"], curves, rule, restores, _member_curves(run["epochs"]))


def _member_curves(epochs: list[dict[str, Any]]) -> dict[str, NDArray[np.float64]]:
    """The curves of an ensemble's members, each of shape (members, epochs); none without an ensemble."""
    if not epochs or "members" not in epochs[0]:
        return {}
    members = list(zip(*(epoch["members"] for epoch in epochs), strict=True))  # each with all its epochs
    return {
        name: np.array([[epoch[name] for epoch in member] for member in members], np.float64) for name in members[0][0]
    }
