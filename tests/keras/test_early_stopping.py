"""The replay against the real Keras callback, which is the oracle."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analysis.early_stopping import StoppingRule, replay
from tests.examples import examples

MONITORS = ("train_loss", "val_loss", "train_accuracy", "val_accuracy")


class StubModel:
    """All that EarlyStopping asks of a model; the weights are the number of the epoch."""

    def __init__(self) -> None:
        self.epoch = 0
        self.restored: int | None = None
        self.stop_training = False

    def get_weights(self) -> int:
        return self.epoch

    def set_weights(self, weights: int) -> None:
        self.restored = weights


def ask_keras(keras: Any, values: list[float], rule: StoppingRule) -> tuple[int | None, int | None]:
    """Stop epoch and restored epoch of the real callback, driven as by `fit`."""
    parameters: dict[str, Any] = {**vars(rule), "mode": rule.mode, "restore_best_weights": True}
    callback = keras.callbacks.EarlyStopping(**parameters)
    model = StubModel()
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        model.epoch = epoch + 1
        callback.on_epoch_end(epoch, {rule.monitor: value})
        if model.stop_training:
            break
    callback.on_train_end()
    return (model.epoch if model.stop_training else None), model.restored


# Multiples of 1/8 tie often; the factor makes values that differ in the eighth digit, where float32 ties them.
tying_values = st.integers(0, 24).map(lambda eighths: eighths / 8)


near_ties = st.integers(-8, 8).map(lambda steps: 0.7 * (1 + steps * 2.0**-26))


any_values = st.floats(1e-12, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0])


rules = st.builds(
    StoppingRule,
    monitor=st.sampled_from(MONITORS),
    patience=st.integers(0, 6),
    min_delta=st.sampled_from([0.0, 0.0, 0.125, 0.3, -0.125, 1e-9]) | st.floats(0.0, 2.0, allow_subnormal=False),
    baseline=st.none() | tying_values | st.just(0.7),
    start_from_epoch=st.integers(0, 12),
)


@examples(400)
@given(values=st.lists(tying_values | near_ties | any_values, max_size=25), rule=rules)
@example(values=[math.nan, 1.0, 0.5], rule=StoppingRule(patience=2))
@example(values=[0.7, 0.7 * (1 - 2.0**-26), 0.7], rule=StoppingRule(patience=2))
@example(values=[3.0, 2.0, 1.0, 1.0], rule=StoppingRule(patience=2, baseline=0.5))
def test_replay_is_what_keras_does(keras: Any, values: list[float], rule: StoppingRule) -> None:
    stopping = replay(np.array(values), rule)
    assert (stopping.stop_epoch, stopping.best_epoch) == ask_keras(keras, values, rule)


@pytest.mark.parametrize("monitor", MONITORS)
def test_long_noisy_curves_are_replayed_as_keras_stops_them(keras: Any, monitor: str) -> None:
    epochs = np.arange(1, 151)
    for seed in range(5):
        noise = np.random.default_rng(seed).normal(0, 0.02, 150)
        values = 1 / epochs + epochs / 300 + noise
        rule = StoppingRule(monitor, patience=7, start_from_epoch=3)
        stopping = replay(values, rule)
        assert (stopping.stop_epoch, stopping.best_epoch) == ask_keras(keras, values.tolist(), rule)
