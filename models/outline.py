"""A plan as a person reads it: layers from top to bottom, residual blocks with their shortcut, repeats counted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from models.layer_facts import LayerKind, LayerSize, PlanError, facts_of, measure_layers
from models.plan import Call, Layer, Plan


@dataclass(frozen=True)
class Step:
    """One layer: what it is, its output shape without the batch axis, and its number of weights."""

    label: str
    kind: LayerKind
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
        return tuple(_step(layer.call, sizes[layer.role]) for layer in layers)

    begin, layers = 0, plan.layers
    for block in _blocks(layers):
        yield from _runs(layers[begin : block.first], steps)
        inner = layers[block.first : block.addition]
        yield Stretch(steps(inner[block.projection :]), steps(inner[: block.projection]))
        begin = block.addition + 1
    yield from _runs(layers[begin:], steps)


class _Block(NamedTuple):
    """Places of a residual block: its first layer and its addition. `projection` is 1 where it begins with a layer on
    the shortcut, else 0."""

    first: int
    addition: int
    projection: int


def _blocks(layers: Sequence[Layer]) -> Iterator[_Block]:
    """The residual blocks: an addition reads the layer before it, which ends the branch, and the shortcut.

    The shortcut is the layer before the block, or a projection with which the block begins.

    Raises:
        PlanError: layers are joined in another way.
    """
    places = {"input": -1} | {layer.role: place for place, layer in enumerate(layers)}
    end = 0
    for place, layer in enumerate(layers):
        if len(layer.inputs) == 1:
            continue
        shortcuts = [role for role in layer.inputs if role != layers[place - 1].role]
        if len(layer.inputs) != 2 or len(shortcuts) != 1 or places[shortcuts[0]] < end - 1:
            raise PlanError(f"{layer.role} joins {', '.join(layer.inputs)}; known: the layer before it and a shortcut")
        shortcut = places[shortcuts[0]]
        projection = int(layers[shortcut + 1].inputs[0] != shortcuts[0])
        yield _Block(shortcut + 1 - projection, place, projection)
        end = place + 1


def _runs(layers: Sequence[Layer], steps: Callable[[Sequence[Layer]], tuple[Step, ...]]) -> Iterator[Stretch]:
    """Layers outside residual blocks, those with the same number in their roles together."""
    for _, run in groupby(layers, key=lambda layer: _number(layer.role)):
        yield Stretch(steps(list(run)))


def _number(role: str) -> str:
    """What `dense_3` and `dropout_3` share; layers without a number share nothing but that."""
    return role.rpartition("_")[2] if "_" in role else ""


def _step(call: Call, size: LayerSize) -> Step:
    facts = facts_of(call)
    return Step(facts.label(call), facts.kind, size.shape, size.weights)
