"""Looks at a model while it trains and afterwards: its weights, decision boundary, mistakes, confidences, and the model
itself."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from datasets.registry import Arrays, Dataset
from datasets.split import Split, choose_rows, measure_scale, scale
from models.layer_facts import count_parameters
from results.findings.boundary import BOUNDARY, grid_points, lay_grid, pack_boundary
from results.findings.calibration import CALIBRATION, pack_confidences
from results.findings.kept_model import MODEL, is_kept
from results.findings.mistakes import MISTAKES, pack_mistakes
from results.findings.weights import WEIGHTS, describe_weights, epochs_to_look
from results.records import EpochRecord
from training.worker.build import keras_file
from training.worker.engine import Engine

SECONDS_BETWEEN_BOUNDARIES: Final = 1.0
SHARE_OF_TIME: Final = 0.03
"""What boundaries may take of a run's time: a slow network is asked more seldom."""
VALUES_AT_ONCE: Final = 1_000_000
"""Numbers in the rows that are predicted at a time; bounds the memory of convolutions."""


class ModelInspector:
    """Looks at the model of an engine between the epochs of one run.

    Args:
        engine: the engine that trains the run.
        dataset: the variant's data set.
        arrays: its unscaled rows, all of them.
        split: the run's rows, scaled.
        seed: the run's, which drew the split.
        epochs: at most so many.
    """

    def __init__(self, engine: Engine, dataset: Dataset, arrays: Arrays, split: Split, seed: int, epochs: int) -> None:
        self._engine, self._arrays, self._split = engine, arrays, split
        self._images = dataset.kind == "image"
        self._rows = choose_rows(dataset, arrays.y, seed)
        self._looks = frozenset(epochs_to_look(epochs))
        self._grid = lay_grid(arrays.x) if dataset.kind == "points" else None
        self._points = split.x_validation[:0]
        if self._grid is not None:
            _, self._points = scale(arrays.x[self._rows.train], grid_points(*self._grid), per_feature=True)
        self._next_boundary = time.monotonic() + SECONDS_BETWEEN_BOUNDARIES

    def with_weights(self, record: EpochRecord) -> EpochRecord:
        """The record of the epoch that the model has just ended; with its weights described, where it is time."""
        described = self._describe() if record.epoch in self._looks else None
        return replace(record, series={**(record.series or {}), WEIGHTS: described}) if described else record

    def boundary_when_due(self) -> bytes | None:
        """The boundary of the model as it stands; None if the last one is not old enough, or the data not 2-D."""
        if self._grid is None or time.monotonic() < self._next_boundary:
            return None
        began = time.monotonic()
        probabilities = self._engine.predict(self._points)
        ended = time.monotonic()
        self._next_boundary = ended + max(SECONDS_BETWEEN_BOUNDARIES, (ended - began) / SHARE_OF_TIME)
        # A network that diverged in this epoch has none.
        return pack_boundary(*self._grid, probabilities) if np.isfinite(probabilities).all() else None

    def last(self, epoch: int) -> Mapping[str, tuple[int, bytes]]:
        """The artifacts of the model that is handed over, which has the weights of this epoch."""
        x = self._split.x_validation
        if self._grid is not None:
            # In one call: most of its time goes into the layers, however many of these small rows there are.
            x = np.concatenate([self._points, x])
        rows = max(1, VALUES_AT_ONCE // x[0].size)
        probabilities = np.concatenate([self._engine.predict(x[i : i + rows]) for i in range(0, len(x), rows)])
        on_grid, on_rows = np.split(probabilities, [len(self._points)])
        found = {
            MISTAKES: self._pack_mistakes(on_rows),
            CALIBRATION: pack_confidences(self._split.y_validation, on_rows),
        }
        if described := self._describe():
            found[WEIGHTS] = json.dumps(described).encode()
        if self._grid is not None:
            found[BOUNDARY] = pack_boundary(*self._grid, on_grid)
        if is_kept(count_parameters(self._engine.plan)):
            found[MODEL] = self._pack_model()
        return {name: (epoch, content) for name, content in found.items()}

    def _describe(self) -> dict[str, Any] | None:
        return describe_weights(self._engine.kernels(), self._engine.plan.members)

    def _pack_model(self) -> bytes:
        train, indicators = self._arrays.x[self._rows.train], self._arrays.indicators
        mean, deviation = measure_scale(train, per_feature=not self._images, indicators=indicators)
        return keras_file(self._engine.model, mean, deviation)

    def _pack_mistakes(self, probabilities: Any) -> bytes:
        return pack_mistakes(
            self._arrays.class_names,
            self._split.y_validation,
            probabilities,
            self._rows.validation,
            self._arrays.x if self._images else None,
        )
