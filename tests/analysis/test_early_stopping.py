"""The replay of early stopping on curves worked by hand; tests/keras has it against the real callback."""

import math

import numpy as np
import pytest

from analysis.early_stopping import StoppingRule, replay


def test_a_later_minimum_does_not_count() -> None:
    stopping = replay(np.array([3.0, 2.0, 2.5, 2.5, 1.0]), StoppingRule(patience=2))
    assert (stopping.stop_epoch, stopping.best_epoch) == (4, 2)


def test_without_epochs_or_with_all_ignored_there_is_no_best_epoch() -> None:
    assert replay(np.empty(0), StoppingRule()).best_epoch is None
    ignored = replay(np.ones(5), StoppingRule(start_from_epoch=5))
    assert (ignored.stop_epoch, ignored.best_epoch) == (None, None)
    assert ignored.evidence == "the rule ignores the first 5 epochs"


@pytest.mark.parametrize(
    ("values", "rule", "evidence"),
    [
        (
            [1.0, 0.2134, 0.3, 0.3],
            StoppingRule(patience=2),
            "validation loss has not gone below 0.213 (epoch 2) for 2 epochs",
        ),
        (
            [0.5, 0.505, 0.4],
            StoppingRule("val_accuracy", patience=2, min_delta=0.01),
            "validation accuracy has not gone above 0.5 (epoch 1) by more than 0.01 for 2 epochs",
        ),
        (
            [1.0, 0.9, 0.9],
            StoppingRule(patience=2, baseline=0.25),
            "validation loss has not gone below both its best value 0.9 (epoch 2) and 0.25 for 3 epochs",
        ),
        (
            [1.0, 0.9, 0.95],
            StoppingRule(patience=9),
            "epoch 2 counts as the best so far (validation loss 0.9); 1 epoch without improvement, 9 would stop",
        ),
        (
            [math.nan, 0.9],
            StoppingRule(),
            "validation loss was not a number at epoch 1, and nothing counts as better than that",
        ),
    ],
)
def test_evidence_names_what_was_waited_for(values: list[float], rule: StoppingRule, evidence: str) -> None:
    assert replay(np.array(values), rule).evidence == evidence
