"""A plan as a person reads it: layers from top to bottom, residual blocks with their shortcut, repeats counted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from models.plan import Call, Layer, Plan, measure_layers

StepKind = Literal["weights", "normalization", "activation", "noise", "other"]


@dataclass(frozen=True)
class Step:
    """One layer: what it is, its output shape without the batch axis, and its number of weights."""

    label: str
    kind: StepKind
    shape: tuple[int, ...]
    weights: int


@dataclass(frozen=True)
class Stretch:
    """Layers that belong together, so many `times` in a row.

    `shortcut` is None outside residual blocks; in one it holds the layers on the shortcut, usually none.
    """

    steps: tuple[Step, ...]
    shortcut: tuple[Step, ...] | None = None
    times: int = 1


def outline(plan: Plan) -> tuple[Stretch, ...]:
    """The stretches of one member of a plan, equal neighbours counted instead of repeated."""
    return tuple(
        Stretch(stretch.steps, stretch.shortcut, len(list(repeats))) for stretch, repeats in groupby(_stretches(plan))
    )


def _stretches(plan: Plan) -> Iterator[Stretch]:
    sizes = measure_layers(plan)

    def steps(layers: Sequence[Layer]) -> tuple[Step, ...]:
        return tuple(_step(layer.call, sizes[layer.role].shape, sizes[layer.role].weights) for layer in layers)

    begin, layers = 0, plan.layers
    for first, past in _blocks(layers):
        yield from _runs(layers[begin:first], steps)
        block = layers[first : past - 1]  # without the addition
        bypassed = block[0].role == layers[past - 1].inputs[0]
        yield Stretch(steps(block[1:] if bypassed else block), steps(block[:1] if bypassed else ()))
        begin = past
    yield from _runs(layers[begin:], steps)


def _blocks(layers: Sequence[Layer]) -> Iterator[tuple[int, int]]:
    """The first and past the last place of each residual block, its addition included.

    The addition reads the shortcut first: the layer before the block, or a projection with which the block begins.
    """
    places = {layer.role: place for place, layer in enumerate(layers)}
    for place, layer in enumerate(layers):
        if layer.call.path == "layers.Add":
            shortcut = places[layer.inputs[0]]
            identity = layers[shortcut + 1].inputs[0] == layer.inputs[0]
            yield (shortcut + 1 if identity else shortcut), place + 1


def _runs(layers: Sequence[Layer], steps: Callable[[Sequence[Layer]], tuple[Step, ...]]) -> Iterator[Stretch]:
    """Layers outside residual blocks, those with the same number in their roles together."""
    for _, run in groupby(layers, key=lambda layer: _number(layer.role)):
        yield Stretch(steps(list(run)))


def _number(role: str) -> str:
    """What `dense_3` and `dropout_3` share; layers without a number share nothing but that."""
    return role.rpartition("_")[2] if "_" in role else ""


def _step(call: Call, shape: tuple[int, ...], weights: int) -> Step:
    name = call.path.removeprefix("layers.")
    match name:
        case "Dense":
            return Step(f"Dense {call.get('units')}", "weights", shape, weights)
        case "Conv2D":
            size, stride = call.get("kernel_size"), call.get("strides", 1)
            further = f", stride {stride}" if stride > 1 else ""
            return Step(f"Conv {size}×{size}, {call.get('filters')}{further}", "weights", shape, weights)
        case "Activation":
            return Step(call.get("activation"), "activation", shape, weights)
        case "Softmax":
            return Step("softmax", "activation", shape, weights)
        case "Dropout" if call.get("noise_shape"):
            return Step("Skip the branch at random", "noise", shape, weights)
        case "Dropout" | "SpatialDropout2D" | "GaussianDropout" | "GaussianNoise":
            strength = call.get("rate", call.get("stddev"))
            return Step(f"{_words(name)} {strength:g}", "noise", shape, weights)
    return Step(_words(name), "normalization" if "Normalization" in name else "other", shape, weights)


def _words(name: str) -> str:
    """`BatchNormalization` as `Batch normalization`."""
    return "".join(f" {c.lower()}" if c.isupper() and i else c for i, c in enumerate(name.removesuffix("2D")))
