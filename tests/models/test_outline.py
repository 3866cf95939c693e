"""The outline of a plan: no layer is lost, repeats are counted, shortcuts are where the additions read them."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.architectures import MLP, Architecture, ResNetConv, ResNetMLP, make_plan
from models.layer_facts import count_parameters
from models.outline import Step, outline
from models.techniques import BatchNormalization, Dropout, SpatialDropout, StochasticDepth

IMAGE = (16, 16, 3)


def outline_of(architecture: Architecture, *techniques: Any) -> Any:
    return outline(make_plan(architecture, techniques, input_shape=IMAGE, classes=10))


@given(st.lists(st.sampled_from([4, 8]), min_size=1, max_size=12))
def test_a_plain_net_keeps_its_layers_in_order_and_counts_repeats(widths: list[int]) -> None:
    hidden = outline_of(MLP(widths=tuple(widths)), Dropout())[1:-1]
    unrolled = [stretch.steps[0].label for stretch in hidden for _ in range(stretch.times)]
    assert unrolled == [f"Dense {width}" for width in widths]
    assert all([step.kind for step in stretch.steps] == ["weights", "activation", "noise"] for stretch in hidden)
    assert all(a != b for a, b in pairwise(hidden))


@pytest.mark.parametrize(
    "architecture",
    [MLP(widths=(8,) * 5), ResNetMLP(blocks=3, width=8), ResNetConv(filters=4, stages=3, blocks=2)],
    ids=lambda architecture: architecture.name,
)
def test_no_weight_is_lost_or_counted_twice(architecture: Architecture) -> None:
    plan = make_plan(architecture, (), input_shape=IMAGE, classes=10)
    weights = sum(
        stretch.times * sum(step.weights for step in (*stretch.steps, *(stretch.shortcut or ())))
        for stretch in outline(plan)
    )
    assert weights == count_parameters(plan)


def test_a_deep_residual_net_is_one_block_many_times() -> None:
    flatten, entry, block, last, head = outline_of(ResNetMLP(blocks=50, width=64), Dropout(), StochasticDepth())
    assert (block.times, block.shortcut) == (50, ())
    assert [step.label for step in block.steps] == [
        "Batch normalization", "swish", "Dense 64", "Batch normalization", "swish", "Dropout 0.3", "Dense 64",
        "Skip the branch at random",
    ]  # fmt: skip
    assert {s.shortcut for s in (flatten, entry, last, head)} == {None}
    assert [step.label for step in head.steps] == ["Dense 10", "softmax"]


def test_a_block_that_changes_the_shape_has_a_convolution_on_its_shortcut() -> None:
    blocks = [
        s for s in outline_of(ResNetConv(filters=16, stages=2, blocks=2), SpatialDropout()) if s.shortcut is not None
    ]
    assert [(block.times, block.shortcut) for block in blocks] == [
        (2, ()),
        (1, (Step("Conv 1×1, 32, stride 2", "weights", (8, 8, 32), 16 * 32 + 32),)),
        (1, ()),
    ]
    assert blocks[1].steps[2] == Step("Conv 3×3, 32, stride 2", "weights", (8, 8, 32), 9 * 16 * 32 + 32)


def test_normalization_stands_before_the_activation() -> None:
    hidden = outline_of(MLP(widths=(8,)), BatchNormalization())[1]
    assert [step.label for step in hidden.steps] == ["Dense 8", "Batch normalization", "swish"]
