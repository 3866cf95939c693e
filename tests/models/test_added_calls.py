"""What a technique adds in Keras, as calls and as source."""

from typing import Any

import pytest

from models.added_calls import added_calls, write
from models.build import make
from models.plan import call
from models.techniques import TECHNIQUES
from training.lessons import lesson


def lines(name: str) -> list[str]:
    experiment = lesson(TECHNIQUES[name])
    without, with_it = map(experiment.plan, experiment.variants)
    return [write(added) for added in added_calls(with_it, without)]


def test_a_call_is_written_as_one_would_write_it() -> None:
    penalty = call("regularizers.L2", l2=0.001)
    dense = call("layers.Dense", units=8, kernel_regularizer=penalty, activation=None)
    assert write(dense) == "keras.layers.Dense(units=8, kernel_regularizer=keras.regularizers.L2(l2=0.001))"
    assert write(call("layers.CutMix", factor=(1.0, 1.0))) == "keras.layers.CutMix(factor=(1.0, 1.0))"


def test_only_what_the_technique_adds_is_written() -> None:
    assert lines("dropout") == ["keras.layers.Dropout(rate=0.3)"]
    assert lines("mixup") == [
        "keras.layers.MixUp(alpha=0.2)",
        "keras.losses.CategoricalCrossentropy(from_logits=True)",
    ]
    assert lines("ensemble") == ["keras.layers.Average()"]
    assert lines("more_data") == []


@pytest.mark.parametrize("name", TECHNIQUES)
def test_keras_takes_the_written_lines(keras: Any, name: str) -> None:
    experiment = lesson(TECHNIQUES[name])
    without, with_it = map(experiment.plan, experiment.variants)
    for added in added_calls(with_it, without):
        written = eval(write(added), {"keras": keras})
        assert type(written) is type(make(added))
        if hasattr(written, "get_config"):
            ours, theirs = make(added).get_config(), written.get_config()
            ours.pop("name", None), theirs.pop("name", None)
            assert {k: v for k, v in ours.items() if "seed" not in k} == {
                k: v for k, v in theirs.items() if "seed" not in k
            }
