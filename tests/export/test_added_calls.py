"""What a technique adds in Keras: the calls of its plan that the baseline's has not."""

import pytest

from experiment.lessons import lesson
from export.added_calls import added_calls
from models.plan import Call, call
from models.techniques import TECHNIQUES


def added_by(name: str) -> list[Call]:
    experiment = lesson(TECHNIQUES[name])
    without, with_it = map(experiment.plan, experiment.variants)
    return added_calls(with_it, without)


def test_only_what_the_technique_adds_is_there() -> None:
    assert added_by("dropout") == [call("layers.Dropout", rate=0.3)]
    assert [added.path for added in added_by("mixup")] == ["layers.MixUp", "losses.CategoricalCrossentropy"]
    assert added_by("ensemble") == [call("layers.Average")]
    assert added_by("more_data") == []


def test_a_layer_that_is_there_many_times_is_said_once_with_what_changed() -> None:
    (dense,) = added_by("l2")
    assert dense == call("layers.Dense", units=128, kernel_regularizer=call("regularizers.L2", l2=0.001))


@pytest.mark.parametrize("name", TECHNIQUES)
def test_the_order_is_that_of_a_script(name: str) -> None:
    parts = ["layers", "optimizers", "losses", "distillation", "callbacks"]
    places = [parts.index(added.path.split(".")[0]) for added in added_by(name)]
    assert places == sorted(places)
