"""Experiments of the Learn page's steps: a JSON in `examples/lessons/` and, beside it, what was recorded of it.

`make example` writes the recordings (training/recording.py): clean curves, and the weights handed over.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from analysis.summary import RunCurves
from analysis.weight_histograms import Weights
from experiment.judging import stopping_rule
from experiment.presets import EXAMPLES
from experiment.spec import Experiment, parse_experiment

LESSONS = EXAMPLES / "lessons"


@cache
def lesson_experiments() -> dict[str, Experiment]:
    """The experiments of `examples/lessons/` by file name."""
    files = sorted(file for file in LESSONS.glob("*.json") if not file.stem.endswith(".recording"))
    return {file.stem: parse_experiment(file.read_bytes()) for file in files}


@cache
def lesson_curves(name: str) -> tuple[RunCurves, ...]:
    """The runs that were recorded of a lesson's experiment, in its order."""
    experiment = lesson_experiments()[name]
    return tuple(_run_curves(experiment, run) for run in _recorded_runs(name))


@cache
def lesson_weights(name: str) -> Mapping[tuple[str, int], Weights]:
    """(variant, seed) -> the weights that the run handed over."""
    return {(run["variant"], run["seed"]): _weights(run) for run in _recorded_runs(name)}


def _recorded_runs(name: str) -> list[dict[str, Any]]:
    text = (LESSONS / f"{name}.recording.json").read_text(encoding="utf-8")
    runs: list[dict[str, Any]] = json.loads(text)["runs"]
    return runs


def _run_curves(experiment: Experiment, run: dict[str, Any]) -> RunCurves:
    curves = {curve: np.array(values, np.float64) for curve, values in run["curves"].items()}
    rule, restores = stopping_rule(experiment, run["variant"])
    return RunCurves(run["variant"], run["seed"], run["status"], curves, rule, restores)


def _weights(run: dict[str, Any]) -> Weights:
    found = run["weights"]
    counts = np.array(found["histogram"]["counts"], np.int64)
    epoch = len(run["curves"]["val_loss"])
    return Weights(epoch, found["norm"], found["near_zero"], found["histogram"]["limit"], counts)
