"""What is not known of a layer is refused, by name, instead of being counted, drawn or compiled wrongly."""

from typing import Any

import pytest

from export.keras_text import Writer
from export.network_source import network_source
from models.architectures import MLP, make_plan
from models.layer_facts import PlanError, count_parameters, facts_of, measure_layers
from models.outline import outline
from models.plan import Call, Layer, Plan, call

DENSE = call("layers.Dense", units=8)
ADD = call("layers.Add")


def plan_of(*layers: tuple[str, Call, tuple[str, ...]], shape: tuple[int, ...] = (8,)) -> Plan:
    rest: Any = (call("optimizers.Adam"), call("losses.SparseCategoricalCrossentropy"))
    return Plan(shape, 8, tuple(Layer(*layer) for layer in layers), *rest)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (call("layers.UnitNormalization"), "layers.UnitNormalization is not known; known layers: Dense, Conv2D"),
        (call("layers.LSTM", units=4), "layers.LSTM is not known"),
        (
            call("layers.Dense", units=4, use_bias=False),
            "layers.Dense has use_bias; known arguments: kernel_constraint",
        ),
        (call("layers.LayerNormalization", axis=1), "has axis; known arguments: none"),
    ],
)
def test_a_layer_or_argument_that_is_not_known_is_refused_everywhere(layer: Call, message: str) -> None:
    plan = plan_of(("a", DENSE, ("input",)), ("b", layer, ("a",)), ("c", DENSE, ("b",)))
    for use in (measure_layers, count_parameters, outline):
        with pytest.raises(PlanError, match=message):
            use(plan)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (call("layers.Conv2D", filters=4, kernel_size=3, padding="same"), (8,), r"Conv2D reads \(8,\)"),
        (call("layers.Conv2D", filters=4, kernel_size=3), (8, 8, 1), "has padding None; known: 'same'"),
        (call("layers.GlobalAveragePooling2D"), (8,), r"reads \(8,\); known: \(height, width, channels\)"),
    ],
)
def test_a_layer_that_cannot_read_such_a_shape_is_refused(layer: Call, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        measure_layers(plan_of(("a", layer, ("input",)), shape=shape))


def test_branches_that_are_joined_in_an_unknown_way_are_refused() -> None:
    branches = [("a", DENSE, ("input",)), ("b", DENSE, ("input",)), ("c", DENSE, ("input",))]
    concatenated = plan_of(*branches, ("d", call("layers.Concatenate"), ("a", "b", "c")), ("e", DENSE, ("d",)))
    with pytest.raises(PlanError, match="Concatenate is not known"):
        count_parameters(concatenated)
    with pytest.raises(PlanError, match="Dense reads 2 layers; known: one"):
        measure_layers(plan_of(*branches, ("d", DENSE, ("a", "b"))))
    narrow = ("c", call("layers.Dense", units=4), ("input",))
    with pytest.raises(PlanError, match=r"layers.Add reads \(8,\), \(4,\); known: layers of one shape"):
        measure_layers(plan_of(branches[0], narrow, ("d", ADD, ("a", "c"))))


def test_three_branches_are_no_text_and_no_picture() -> None:
    plan = plan_of(
        ("a", DENSE, ("input",)), ("b", DENSE, ("input",)), ("c", DENSE, ("input",)), ("d", ADD, ("a", "b", "c")),
        ("e", DENSE, ("d",)),
    )  # fmt: skip
    assert count_parameters(plan) == 4 * 72
    with pytest.raises(PlanError, match="known: one shortcut at a time"):
        network_source(plan, Writer("class"))
    with pytest.raises(PlanError, match="d joins a, b, c; known: the layer before it and a shortcut"):
        outline(plan)


@pytest.mark.parametrize("operands", [("a", "c"), ("c", "a")])
def test_a_shortcut_may_be_either_operand(operands: tuple[str, str]) -> None:
    plan = plan_of(("a", DENSE, ("input",)), ("b", DENSE, ("a",)), ("c", DENSE, ("b",)), ("d", ADD, operands))
    entry, block = outline(plan)
    assert (len(entry.steps), len(block.steps), block.shortcut) == (1, 2, ())
    assert (
        f"Add()([{'shortcut, H' if operands[0] == 'a' else 'H, shortcut'}])"
        in network_source(plan, Writer("class"))[-2]
    )


def test_a_shortcut_may_lead_from_the_input() -> None:
    block = outline(plan_of(("a", DENSE, ("input",)), ("b", ADD, ("input", "a"))))
    assert [(stretch.shortcut, len(stretch.steps)) for stretch in block] == [((), 1)]


def test_a_dense_layer_acts_on_the_last_axis() -> None:
    (_, size) = measure_layers(plan_of(("a", DENSE, ("input",)), shape=(5, 3))).values()
    assert (size.shape, size.weights) == ((5, 8), 4 * 8)


def test_every_layer_of_every_plan_is_known() -> None:
    plan = make_plan(MLP(), [], input_shape=(8, 8, 1), classes=3)
    assert [facts_of(layer.call).kind for layer in plan.layers] == [
        "other", "weights", "activation", "weights", "activation", "weights", "activation",
    ]  # fmt: skip


def test_a_call_without_a_text_form_is_refused() -> None:
    with pytest.raises(PlanError, match=r"layers\.LSTM is not known"):
        Writer("class").expression(call("layers.LSTM", units=4))
