"""Why marks are where they are, in words."""

import math

import numpy as np
import pytest

from analysis.early_stopping import PrecheltRule, StoppingRule, replay
from analysis.onset import Onset
from wording.evidence import say_onset, say_stopping


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
        ([], StoppingRule(), "no epochs"),
        ([1.0] * 5, StoppingRule(start_from_epoch=5), "the rule ignores the first 5 epochs"),
        (
            [math.nan, 0.9],
            StoppingRule(),
            "validation loss was not a number at epoch 1, and nothing counts as better than that",
        ),
    ],
)
def test_evidence_names_what_was_waited_for(values: list[float], rule: StoppingRule, evidence: str) -> None:
    assert say_stopping(replay(np.array(values), rule), rule) == evidence


@pytest.mark.parametrize(
    ("rule", "evidence"),
    [
        (PrecheltRule("GL", 5), "validation loss is more than 5% above its lowest value 0.5 (epoch 2)"),
        (PrecheltRule("GL", 80), "the criterion has not been met; lowest so far: 0.5 (epoch 2)"),
    ],
)
def test_a_criterion_of_prechelt_says_what_it_found(rule: PrecheltRule, evidence: str) -> None:
    curves = {"val_loss": np.array([1.0, 0.5, 0.6]), "train_loss": np.ones(3)}
    assert say_stopping(rule.apply(curves), rule) == evidence


def test_an_onset_says_how_long_how_much_and_what_training_did() -> None:
    onset = Onset(20, tail=16, rise=0.041, lowest=0.3, by_noise=0.007, train_fall=0.08)
    assert say_onset(onset) == (
        "over the last 16 epochs validation loss is 0.041 (14%) above its minimum around epoch 20, 5.9 times what its "
        "noise explains; training loss fell by 0.08 since"
    )
    silent = Onset(20, tail=16, rise=0.041, lowest=0.3, by_noise=0.0, train_fall=-0.001)
    assert "far more than its noise explains; training loss rose by 0.001 since" in say_onset(silent)
