from collections.abc import Callable, Sequence

import numpy as np
import pytest

from analysis.early_stopping import StoppingRule
from analysis.summary import RunCurves

MakeRun = Callable[..., RunCurves]


@pytest.fixture
def make_run() -> MakeRun:
    """Makes a run from its validation losses; training loss is half of them, accuracies are one minus the losses."""

    def make(
        variant: str,
        seed: int,
        val_loss: Sequence[float],
        *,
        status: str = "finished",
        rule: StoppingRule | None = None,
        restores: bool = False,
    ) -> RunCurves:
        val = np.array(val_loss, dtype=np.float64)
        epochs = np.arange(1.0, len(val) + 1)
        curves = {
            "train_loss": val / 2,
            "val_loss": val,
            "train_accuracy": 1 - val / 2,
            "val_accuracy": 1 - val,
            "objective": val,
            "learning_rate": np.full(len(val), 0.001),
            "steps": 10 * epochs,
            "seconds": np.full(len(val), 0.25),
        }
        return RunCurves(variant, seed, status, curves, rule or StoppingRule(patience=2), restores)

    return make
