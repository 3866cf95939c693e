"""Runs of this program's own engine for calibrations: trained in two processes, kept in a file beside nothing else."""

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.split import make_split
from experiment.spec import Experiment, parse_experiment

PROCESSES = 2
CURVES = ("train_loss", "val_loss", "val_accuracy")
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """Runs of one variant: `pairs` are (seed of the split, seed of the start), each a run."""

    name: str
    experiment: dict[str, Any]
    pairs: tuple[tuple[int, int], ...]

    def parse(self) -> Experiment:
        return parse_experiment(json.dumps(self.experiment))


@dataclass(frozen=True)
class Runs:
    """What a cell's runs gave.

    Attributes:
        curves: CURVES -> shape (runs, epochs); a run that stopped early is NaN from there on.
        final: validation loss of the models handed over, shape (runs,).
        final_accuracy: their validation accuracy, shape (runs,).
        validation_rows: how many there are.
    """

    curves: dict[str, FloatArray]
    final: FloatArray
    final_accuracy: FloatArray
    validation_rows: int


def train(cells: list[Cell], file: Path) -> dict[str, Runs]:
    """The runs of all cells by name, from the file where they are there already."""
    if not file.exists():
        with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
            done = dict(zip((cell.name for cell in cells), pool.map(_train_cell, cells), strict=True))
        arrays = {f"{name}|{key}": value for name, found in done.items() for key, value in found.items()}
        np.savez_compressed(file, **arrays)
    with np.load(file, allow_pickle=False) as stored:
        return {cell.name: _read(stored, cell.name) for cell in cells}


def _read(stored: Any, name: str) -> Runs:
    curves = {curve: stored[f"{name}|{curve}"].astype(np.float64) for curve in CURVES}
    rows = int(stored[f"{name}|validation_rows"])
    return Runs(curves, stored[f"{name}|final"], stored[f"{name}|final_accuracy"], rows)


def _train_cell(cell: Cell) -> dict[str, Any]:
    from training.worker.preload import warm_up

    warm_up()
    runs = list(_train_runs(cell))
    epochs = cell.parse().training.epochs
    curves = {name: np.full((len(runs), epochs), np.nan, np.float32) for name in CURVES}
    for number, (records, _) in enumerate(runs):
        for name in CURVES:
            curves[name][number, : len(records)] = [getattr(record, name) for record in records]
    handed_over = [records[epoch - 1] for records, epoch in runs]
    experiment = cell.parse()
    return curves | {
        "final": np.array([record.val_loss for record in handed_over]),
        "final_accuracy": np.array([record.val_accuracy for record in handed_over]),
        "validation_rows": np.array(experiment.dataset.held_out),
    }


def _train_runs(cell: Cell) -> Iterator[tuple[list[Any], int]]:
    from training.worker.engine import Engine

    experiment = cell.parse()
    (variant,) = experiment.variants
    engine = None
    for split_seed, start in cell.pairs:
        split = _split(json.dumps(cell.experiment), split_seed)
        if engine is None:
            rows = (len(split.y_train), len(split.y_validation), len(split.y_test))
            engine = Engine(experiment.plan(variant), rows, experiment.training.batch_size, xla=False)
            engine.prepare(split)
        records: list[Any] = []
        outcome = engine.train(split, seed=start, epochs=experiment.training.epochs, on_epoch=records.append)
        yield records, outcome.final_epoch


@lru_cache(maxsize=64)
def _split(spec: str, seed: int) -> Any:
    experiment = parse_experiment(spec)
    dataset = experiment.dataset_of(experiment.variants[0])
    return make_split(dataset, experiment.dataset.load(), seed)
