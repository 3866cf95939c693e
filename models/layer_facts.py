"""What is known of each Keras layer that a plan may have, in one table: size, randomness, text form and picture.

What the table does not know is refused: a wrong number would look like a right one. Tests compare it with Keras.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, Literal

from models.plan import Call, Plan
from wording.language import _, say_later

Shape = tuple[int, ...]
LayerKind = Literal["weights", "normalization", "activation", "noise", "rows", "other"]
"""`noise` and `rows` draw random numbers while training; `rows` change the inputs and stand before the network."""


class PlanError(ValueError):
    """A plan has a layer, an argument or a shape that is not known here; the message says which and what is known."""


@dataclass(frozen=True)
class LayerSize:
    """Output shape of a layer, without the batch axis, and the number of its weights, moving averages included."""

    shape: Shape
    weights: int


Measure = Callable[[Call, Shape], LayerSize]


@dataclass(frozen=True)
class LayerFacts:
    """One layer of Keras.

    Attributes:
        kind: what it is for.
        label: what a picture of the network calls it, from its call.
        measure: its size from its call and the shape of what it reads.
        arguments: those that `measure` and `label` understand; any other one is refused.
        positional: the first parameters of Keras's signature that everybody writes without their names.
        defaults: arguments left out of the text where they have Keras's default.
        joins: whether it reads several layers of the same shape instead of a single one.
    """

    kind: LayerKind
    label: Callable[[Call], str]
    measure: Measure
    arguments: frozenset[str] = frozenset()
    positional: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    joins: bool = False

    @property
    def random(self) -> bool:
        """Whether it draws random numbers while training."""
        return self.kind in ("noise", "rows")


def _same(call: Call, shape: Shape) -> LayerSize:
    return LayerSize(shape, 0)


def _dense(call: Call, shape: Shape) -> LayerSize:
    units = call.get("units")
    return LayerSize((*shape[:-1], units), (shape[-1] + 1) * units)


def _conv(call: Call, shape: Shape) -> LayerSize:
    height, width, channels = _image(call, shape)
    filters, stride = call.get("filters"), call.get("strides", 1)
    if call.get("padding") != "same":
        raise PlanError(f"{call.path} has padding {call.get('padding')!r}; known: 'same'")
    weights = (call.get("kernel_size") ** 2 * channels + 1) * filters
    return LayerSize((-(-height // stride), -(-width // stride), filters), weights)


def _normalization(per_channel: int) -> Measure:
    """So many numbers are kept for each channel, the last axis."""
    return lambda call, shape: LayerSize(shape, per_channel * shape[-1])


def _image(call: Call, shape: Shape) -> Shape:
    if len(shape) != 3:
        raise PlanError(f"{call.path} reads {shape}; known: (height, width, channels)")
    return shape


def _words(name: str) -> Callable[[Call], str]:
    return lambda call: _(name)


def _conv_label(call: Call) -> str:
    size, stride = call.get("kernel_size"), call.get("strides", 1)
    return f"Conv {size}×{size}, {call.get('filters')}" + (
        _(", stride {stride}").format(stride=stride) if stride > 1 else ""
    )


def _noise(name: str, strength: str, *further: str) -> LayerFacts:
    return LayerFacts(
        "noise",
        lambda call: _("Skip the branch at random") if call.get("noise_shape") else f"{_(name)} {call.get(strength):g}",
        _same,
        frozenset({strength, *further}),
        positional=(strength,),
    )


def _change(name: str, *positional: str, further: Sequence[str] = ()) -> LayerFacts:
    return LayerFacts("rows", _words(name), _same, frozenset({*positional, *further}), positional)


_KERNEL = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")

LAYER_FACTS: Mapping[str, LayerFacts] = {
    "layers.Dense": LayerFacts(
        "weights",
        lambda call: f"Dense {call.get('units')}",
        _dense,
        frozenset({"units", *_KERNEL}),
        positional=("units",),
    ),
    "layers.Conv2D": LayerFacts(
        "weights",
        _conv_label,
        _conv,
        frozenset({"filters", "kernel_size", "strides", "padding", *_KERNEL}),
        positional=("filters", "kernel_size"),
        defaults={"strides": 1},
    ),
    "layers.BatchNormalization": LayerFacts(
        "normalization", _words("Batch normalization"), _normalization(4), frozenset({"momentum"})
    ),
    "layers.LayerNormalization": LayerFacts("normalization", _words("Layer normalization"), _normalization(2)),
    "layers.GroupNormalization": LayerFacts(
        "normalization",
        _words("Group normalization"),
        _normalization(2),
        frozenset({"groups"}),
        positional=("groups",),
    ),
    "layers.Activation": LayerFacts(
        "activation",
        lambda call: str(call.get("activation")),
        _same,
        frozenset({"activation"}),
        positional=("activation",),
    ),
    "layers.Softmax": LayerFacts("activation", _words("softmax"), _same),
    "layers.Dropout": _noise("Dropout", "rate", "noise_shape"),
    "layers.SpatialDropout2D": _noise("Spatial dropout", "rate"),
    "layers.GaussianDropout": _noise("Gaussian dropout", "rate"),
    "layers.AlphaDropout": _noise("Alpha dropout", "rate"),
    "layers.GaussianNoise": _noise("Gaussian noise", "stddev"),
    "layers.Flatten": LayerFacts(
        "other", _words(say_later("Flatten")), lambda call, shape: LayerSize((prod(shape),), 0)
    ),
    "layers.GlobalAveragePooling2D": LayerFacts(
        "other", _words(say_later("Global average pooling")), lambda call, shape: LayerSize(_image(call, shape)[-1:], 0)
    ),
    "layers.Add": LayerFacts("other", _words(say_later("Add")), _same, joins=True),
    "layers.Average": LayerFacts("other", _words(say_later("Average")), _same, joins=True),
    "layers.RandomFlip": _change("Flip", "mode"),
    "layers.RandomTranslation": _change("Shift", "height_factor", "width_factor", further=["fill_mode"]),
    "layers.RandomRotation": _change("Rotation", "factor", further=["fill_mode"]),
    "layers.RandomZoom": _change("Zoom", "height_factor", further=["fill_mode"]),
    "layers.RandomContrast": _change("Contrast", "factor", further=["value_range"]),
    "layers.RandomErasing": _change("Erasing", "factor", further=["fill_value", "value_range"]),
    "layers.RandAugment": _change("RandAugment", further=["value_range", "num_ops", "factor"]),
    "layers.MixUp": _change("Mixup", further=["alpha"]),
    "layers.CutMix": _change("CutMix", further=["factor"]),
}


def facts_of(call: Call) -> LayerFacts:
    """What is known of a layer.

    Raises:
        PlanError: nothing, or one of its arguments is not known.

    >>> facts_of(Call("layers.Dropout", (("rate", 0.3),))).random
    True
    >>> facts_of(Call("layers.LSTM"))
    Traceback (most recent call last):
    models.layer_facts.PlanError: layers.LSTM is not known; known layers: Dense, Conv2D, ...
    """
    facts = LAYER_FACTS.get(call.path)
    if facts is None:
        known = ", ".join(path.removeprefix("layers.") for path in LAYER_FACTS)
        raise PlanError(f"{call.path} is not known; known layers: {known}")
    if unknown := [key for key, _ in call.arguments if key not in facts.arguments]:
        known = ", ".join(sorted(facts.arguments)) or "none"
        raise PlanError(f"{call.path} has {', '.join(unknown)}; known arguments: {known}")
    return facts


def measure_layers(plan: Plan) -> dict[str, LayerSize]:
    """The size of each layer of one member by its role, in the plan's order, without Keras.

    Raises:
        PlanError: a layer is not known, or reads what it cannot.
    """
    sizes = {"input": LayerSize(plan.input_shape, 0)}
    for layer in plan.layers:
        facts, shapes = facts_of(layer.call), [sizes[role].shape for role in layer.inputs]
        if len(shapes) > 1 and not facts.joins:
            raise PlanError(f"{layer.call.path} reads {len(shapes)} layers; known: one")
        if len(set(shapes)) > 1:
            raise PlanError(f"{layer.call.path} reads {', '.join(map(str, shapes))}; known: layers of one shape")
        sizes[layer.role] = facts.measure(layer.call, shapes[0])
    return sizes


def count_parameters(plan: Plan) -> int:
    """Number of weights, moving averages included, as Keras's `count_params` gives it, without Keras."""
    return plan.members * sum(size.weights for size in measure_layers(plan).values())


def count_operations(plan: Plan) -> int:
    """Multiplications and additions of one row's forward pass in Dense and Conv2D layers, of all members."""
    sizes = measure_layers(plan)
    kernels = [sizes[layer.role] for layer in plan.layers if facts_of(layer.call).kind == "weights"]
    return plan.members * sum(2 * size.weights * prod(size.shape[:-1]) for size in kernels)


BLOCK_BYTES = 256_000_000
MOST_BLOCK_ROWS = 2048


def block_rows(plan: Plan) -> int:
    """Rows evaluated at a time: a power of two, so that the two largest layers' outputs take 256 MB at most."""
    outputs = sorted(prod(size.shape) for size in measure_layers(plan).values())
    rows = BLOCK_BYTES // (4 * sum(outputs[-2:]))
    return min(MOST_BLOCK_ROWS, 1 << max(0, rows.bit_length() - 1))
