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

    def without(self, key: str) -> "Call":
        """The same call with Keras's default for `key`."""
        return Call(self.path, tuple(pair for pair in self.arguments if pair[0] != key))


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

    `input_shape` has no batch axis. The layer with role `logits` is the head; a softmax follows it. `augmentation` are
    Keras layers, under their roles, that change the training inputs of a whole epoch, one after the other; `mixing`
    then mixes rows and their labels. An ensemble has so many `members`, each with layers and weights of its own; its
    output is the mean of their probabilities.
    """

    input_shape: tuple[int, ...]
    classes: int
    layers: tuple[Layer, ...]
    optimizer: Call
    loss: Call
    callbacks: tuple[Call, ...] = ()
    augmentation: tuple[tuple[str, Call], ...] = ()
    mixing: Call | None = None
    members: int = 1

    @property
    def random(self) -> bool:
        """Whether a layer draws random numbers while training."""
        return any(layer.call.path in RANDOM_LAYERS for layer in self.layers)

    @property
    def one_hot(self) -> bool:
        """Whether the loss takes labels as (rows, classes) shares instead of class indices."""
        return self.loss.path == "losses.CategoricalCrossentropy"


RANDOM_LAYERS = frozenset(
    {"layers.Dropout", "layers.SpatialDropout2D", "layers.GaussianNoise", "layers.GaussianDropout"}
)


def layer_name(role: str, member: int) -> str:
    """The Keras name of a layer: its role, with the member's number from the second one of an ensemble on."""
    return f"{role}_member_{member + 1}" if member else role


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


@dataclass(frozen=True)
class LayerSize:
    """Output shape of a layer, without the batch axis, and the number of its weights, moving averages included."""

    shape: tuple[int, ...]
    weights: int


def measure_layers(plan: Plan) -> dict[str, LayerSize]:
    """The size of each layer of one member by its role, in the plan's order, without Keras."""
    sizes = {"input": LayerSize(plan.input_shape, 0)}
    for layer in plan.layers:
        sizes[layer.role] = _size(layer.call, sizes[layer.inputs[0]].shape)
    return sizes


def count_parameters(plan: Plan) -> int:
    """Number of weights, moving averages included, as Keras's `count_params` gives it, without Keras."""
    return plan.members * sum(size.weights for size in measure_layers(plan).values())


def count_operations(plan: Plan) -> int:
    """Multiplications and additions of one row's forward pass in Dense and Conv2D layers, of all members."""
    sizes = measure_layers(plan)
    kernels = [sizes[layer.role] for layer in plan.layers if layer.call.path in ("layers.Dense", "layers.Conv2D")]
    return plan.members * sum(2 * size.weights * prod(size.shape[:-1]) for size in kernels)


def _size(layer: Call, shape: tuple[int, ...]) -> LayerSize:
    match layer.path:
        case "layers.Dense":
            units = layer.get("units")
            return LayerSize((units,), (shape[-1] + 1) * units)
        case "layers.Conv2D":
            filters, stride = layer.get("filters"), layer.get("strides", 1)
            height, width = (-(-side // stride) for side in shape[:2])  # padding "same"
            return LayerSize((height, width, filters), (layer.get("kernel_size") ** 2 * shape[-1] + 1) * filters)
        case "layers.BatchNormalization":
            return LayerSize(shape, 4 * shape[-1])
        case "layers.LayerNormalization" | "layers.GroupNormalization":
            return LayerSize(shape, 2 * shape[-1])
        case "layers.Flatten":
            return LayerSize((prod(shape),), 0)
        case "layers.GlobalAveragePooling2D":
            return LayerSize(shape[-1:], 0)
    return LayerSize(shape, 0)


def only(values: Iterable[Call | None]) -> Call | None:
    """The one entry that is not None (validation has refused a second one), or None."""
    return next((value for value in values if value is not None), None)
