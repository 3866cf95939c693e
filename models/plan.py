"""A plan: the network and how it is trained, as data. One plan becomes the Keras model, and can become its source."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Any

LOGITS = "logits"


@dataclass(frozen=True)
class Call:
    """A Keras object as data: `path` below `keras` ("layers.Dense") and its arguments, hashable."""

    path: str
    arguments: tuple[tuple[str, Any], ...] = ()

    def get(self, key: str, default: Any = None) -> Any:
        """The argument `key`."""
        return dict(self.arguments).get(key, default)


def call(path: str, **arguments: Any) -> Call:
    """`call("layers.Dense", units=10)`; arguments that are None are left to Keras's default."""
    return Call(path, tuple((key, value) for key, value in arguments.items() if value is not None))


@dataclass(frozen=True)
class Layer:
    """A layer under its role (also its Keras name: initial weights derive from it) and the roles it reads."""

    role: str
    call: Call
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """Everything that decides what a compiled epoch does, except the data, the seed and the number of epochs.

    `input_shape` has no batch axis. The layer with role `logits` is the head; a softmax follows it.
    """

    input_shape: tuple[int, ...]
    classes: int
    layers: tuple[Layer, ...]
    optimizer: Call
    loss: Call
    callbacks: tuple[Call, ...] = ()

    @property
    def random(self) -> bool:
        """Whether a layer draws random numbers while training."""
        return any(layer.call.path in RANDOM_LAYERS for layer in self.layers)


RANDOM_LAYERS = frozenset({"layers.Dropout"})


class Network:
    """Collects layers while an architecture is laid out; each layer reads the one before unless told otherwise."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.last = "input"

    def add(self, role: str, layer: Call | None, *inputs: str) -> str:
        """Appends a layer and returns its role; None is a slot that no technique fills."""
        if layer is not None:
            self.layers.append(Layer(role, layer, inputs or (self.last,)))
            self.last = role
        return self.last


def count_parameters(plan: Plan) -> int:
    """Number of weights, moving averages included, as Keras's `count_params` gives it, without Keras."""
    widths: dict[str, tuple[int, ...]] = {"input": plan.input_shape}
    total = 0
    for layer in plan.layers:
        shape, weights = _size(layer.call, widths[layer.inputs[0]])
        widths[layer.role] = shape
        total += weights
    return total


def _size(layer: Call, shape: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
    match layer.path:
        case "layers.Dense":
            units = layer.get("units")
            return (units,), (shape[-1] + 1) * units
        case "layers.BatchNormalization":
            return shape, 4 * shape[-1]
        case "layers.LayerNormalization":
            return shape, 2 * shape[-1]
        case "layers.Flatten":
            return (prod(shape),), 0
    return shape, 0


def only(values: Iterable[Call | None]) -> Call | None:
    """The one entry that is not None (validation has refused a second one), or None."""
    return next((value for value in values if value is not None), None)
