"""A plan: the network and how it is trained, as data. One plan becomes the Keras model, and can become its source."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

LOGITS = "logits"
MIXED_ROWS = 2048
"""Mixing takes both rows from one block of so many, in a worker as in a script."""


RANDAUGMENT_ROWS = 32
"""Images that one draw of RandAugment's operations is for: Keras draws once for all images of a call."""
UNIT_RANGE = (0.0, 1.0)
"""A `value_range` that asks for images whose darkest pixel is 0 and whose lightest is 1, instead of scaled ones."""


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
    """A Keras object; arguments that are None are left to Keras's default.

    >>> call("layers.Dense", units=10, kernel_regularizer=None)
    Call(path='layers.Dense', arguments=(('units', 10),))
    """
    return Call(path, tuple((key, value) for key, value in arguments.items() if value is not None))


@dataclass(frozen=True)
class Layer:
    """A layer under its role (also its Keras name: initial weights derive from it) and the roles it reads."""

    role: str
    call: Call
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """Everything that decides what a compiled epoch does, except the data, the seed and the number of epochs. Where the
    learning rate is a schedule, its steps are constants of the plan: another number of epochs is another plan.

    `input_shape` has no batch axis. The layer with role `logits` is the head; a softmax follows it. `augmentation` are
    Keras layers, under their roles, that change the training inputs of a whole epoch, one after the other; `mixing`
    then mixes rows and their labels. An ensemble has so many `members`, each with layers and weights of its own; its
    output is the mean of their probabilities. `class_weighting` is the power of the inverse class frequencies by which
    rows weigh in the objective; None: all weigh the same. `sharpness` is the length of the step uphill before each
    gradient (sharpness-aware minimization); None: there is none. With `distillation` half of the objective is that term
    of Keras's, towards the members of the plan `teachers`, which are trained first.
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
    class_weighting: float | None = None
    sharpness: float | None = None
    distillation: Call | None = None
    teachers: "Plan | None" = None

    @property
    def gradients(self) -> int:
        """How many gradients a step computes."""
        return 1 if self.sharpness is None else 2

    @property
    def trained(self) -> "tuple[Plan, ...]":
        """This plan, after that of its teachers if it has some."""
        return (self,) if self.teachers is None else (self.teachers, self)

    @property
    def changes_rows(self) -> bool:
        """Whether training rows are others in each epoch."""
        return bool(self.augmentation or self.mixing)

    @property
    def one_hot(self) -> bool:
        """Whether the loss takes labels as (rows, classes) shares instead of class indices."""
        return self.loss.path == "losses.CategoricalCrossentropy"


EARLY_STOPPING = "callbacks.EarlyStopping"


def find_early_stopping(callbacks: Iterable[Call | None]) -> Call | None:
    """The callback that ends training early, if there is one."""
    return next((call for call in callbacks if call is not None and call.path == EARLY_STOPPING), None)


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


def only(values: Iterable[Call | None]) -> Call | None:
    """The one entry that is not None (validation has refused a second one), or None."""
    return next((value for value in values if value is not None), None)
