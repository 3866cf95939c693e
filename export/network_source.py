"""The network of a plan as source text in Keras's functional style."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from export.distillation_source import logits_network
from export.keras_text import Writer
from export.loops import Line, fold
from export.sharpness_source import CLASS, grouping, sharpness_source
from models.layer_facts import PlanError
from models.plan import Call, Layer, Plan

ENSEMBLE = "ensemble"
"""Keras name of the layer that averages the members, as in `training/worker/build.py`: its metrics' names begin so."""


def network_source(plan: Plan, writer: Writer) -> list[str]:
    """Lines that define `model`. That of an ensemble has an output for each member, which learns from its own loss, and
    last their average. With distillation they define a function `network`, which gives logits, and `student`."""
    shared = [writer.name(call, name) for name, call in _shared_calls(plan).items() if not writer.is_short(call)]
    if plan.distillation is not None:  # which works on logits
        plan = replace(plan, layers=plan.layers[:-1])
    lines = fold(list(_lines(plan, writer)))
    entry = f"tf.keras.Input({plan.input_shape!r})"
    sharp = plan.sharpness is not None
    own, model = ([*sharpness_source(plan), "", ""], CLASS) if sharp else ([], "tf.keras.Model")
    if plan.distillation is not None:
        body = [line for part in lines for line in part.write("    ")]
        return [*own, *shared, *(["", ""] if shared else []), *logits_network(plan, body, model)]
    if plan.members == 1:
        body = [line for part in lines for line in part.write()]
        return [*own, *shared, f"inputs = H = {entry}", *body, f"model = {model}(inputs, H)"]
    return [
        *own,
        *shared,
        f"inputs = {entry}",
        "members = []",
        f"for _ in range({plan.members}):",
        "    H = inputs",
        *(line for part in lines for line in part.write("    ")),
        "    members.append(H)",
        f'average = tf.keras.layers.Average(name="{ENSEMBLE}")(members)',
        *(grouping() if sharp else ()),
        f"model = {model}(inputs, [*members, average])",
    ]


def _shared_calls(plan: Plan) -> dict[str, Call]:
    """Regularizers and constraints that several layers have, by the names of their variables: one object serves all."""
    found = Counter(pair for layer in plan.layers for pair in layer.call.arguments if isinstance(pair[1], Call))
    return {key.removeprefix("kernel_"): call for (key, call), times in found.items() if times > 1}


def _lines(plan: Plan, writer: Writer) -> Iterator[Line]:
    """One line for each layer. `H` is what the next layer reads; `shortcut` keeps what is read later on."""
    held = {"H": "input"}
    for place, layer in enumerate(plan.layers):
        following = plan.layers[place + 1 :]
        operands = [_variable(held, role) for role in layer.inputs]
        goes_on = not following or layer.role in following[0].inputs
        if goes_on and held.get("shortcut") != held["H"] and _is_read(held["H"], following):
            yield Line("shortcut", "", (), "H")
            held["shortcut"] = held["H"]
        target = "H" if goes_on else "shortcut"
        operand = operands[0] if len(operands) == 1 else f"[{', '.join(operands)}]"
        yield Line(target, layer.call.path, writer.argument_texts(layer.call), operand)
        held[target] = layer.role


def _variable(held: dict[str, str], role: str) -> str:
    """The variable that holds the output of a layer.

    Raises:
        PlanError: none does any more.
    """
    found = [variable for variable, kept in held.items() if kept == role]
    if not found:
        raise PlanError(f"{role} is read when {' and '.join(held.values())} are kept; known: one shortcut at a time")
    return found[0]


def _is_read(role: str, layers: tuple[Layer, ...]) -> bool:
    return any(role in layer.inputs for layer in layers)
