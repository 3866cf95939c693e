"""The forward pass of a plan as a function of its weights, noise and hyperparameters, for all members at once.

Each layer computes what Keras's layer of that name computes (tests/training/worker compare them). Its own functions,
because Keras's layers draw their noise inside, have numbers where compiled code needs arguments, and know no members.
All arrays have the members as their first axis; an input that all members share has 1 there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import tensorflow as tf

from models.plan import LOGITS, Call, Layer, Plan
from training.worker.vectors import Key

EPSILON = 1e-3
"""Of Keras's normalizations."""

SELU_LOWEST = -1.0507009873554805 * 1.6732632423543772
"""What selu gives to very negative inputs."""

ACTIVATIONS: Mapping[str, Callable[[Any], Any]] = {
    "swish": lambda x: x * tf.sigmoid(x),
    "relu": tf.nn.relu,
    "gelu": partial(tf.nn.gelu, approximate=False),
    "elu": tf.nn.elu,
    "selu": tf.nn.selu,
    "tanh": tf.tanh,
    "sigmoid": tf.sigmoid,
}


@dataclass(frozen=True)
class Batch:
    """Which rows of a batch count.

    Attributes:
        counts: 1.0 for each row that counts, else 0.0; shape (rows,).
        rows: how many count.
    """

    counts: Any
    rows: Any


@dataclass
class Pass:
    """What one forward pass computes with.

    Attributes:
        weights: (role, name) -> values, as `VectorLayout.split` gives them.
        moving: moving averages, alike; `forward` in training leaves the new ones here.
        hyper: constants of the structure's slots, shape (slots, 2).
        noise: role -> what a layer draws, shape (members, rows, ...).
        batch: the rows of a gradient step; None in evaluation, where layers act otherwise.
    """

    weights: Mapping[Key, Any]
    moving: dict[Key, Any]
    hyper: Any
    noise: Mapping[str, Any]
    batch: Batch | None


def forward(plan: Plan, x: Any, now: Pass) -> Any:
    """The logits, shape (members, rows, classes), of rows `x`, shape (rows, *input_shape)."""
    values = {"input": x[tf.newaxis]}
    for layer in plan.layers:
        inputs = [values[role] for role in layer.inputs]
        values[layer.role] = LAYERS[layer.call.path](layer, inputs, now)
        if layer.role == LOGITS:
            break
    return values[LOGITS]


def _along_channels(vector: Any, x: Any) -> Any:
    """(members, 1, channels) as an array that broadcasts against `x`, whose last axis they are."""
    images = len(x.shape) > 3  # most of an engine's start is tracing: no operation where none is needed
    return tf.reshape(vector, (vector.shape[0], *[1] * (len(x.shape) - 2), vector.shape[-1])) if images else vector


def _dense(layer: Layer, inputs: list[Any], now: Pass) -> Any:
    (x,) = inputs
    product = tf.matmul(x, now.weights[layer.role, "kernel"])
    return product + _along_channels(now.weights[layer.role, "bias"], product)


def _convolution(layer: Layer, inputs: list[Any], now: Pass) -> Any:
    (x,) = inputs
    kernels, stride = now.weights[layer.role, "kernel"], layer.call.get("strides", 1)
    members = kernels.shape[0]
    images = tf.unstack(x) * (members // x.shape[0])
    maps = [tf.nn.conv2d(images[member], kernels[member], stride, "SAME") for member in range(members)]
    product = maps[0][tf.newaxis] if members == 1 else tf.stack(maps)
    return product + _along_channels(now.weights[layer.role, "bias"], product)


def _normalized(x: Any, mean: Any, variance: Any, gamma: Any, beta: Any) -> Any:
    inverse = tf.math.rsqrt(variance + EPSILON) * gamma
    return x * inverse + (beta - mean * inverse)


def _moments(x: Any, batch: Batch) -> tuple[Any, Any]:
    """Mean and variance of each channel over the rows that count and, in images, over the pixels."""
    axes = list(range(1, len(x.shape) - 1))
    counts = tf.reshape(batch.counts / batch.rows, (1, -1, *[1] * (len(x.shape) - 2)))
    counts /= float(x.shape[2:-1].num_elements())
    mean = tf.reduce_sum(x * counts, axes, keepdims=True)
    distances = tf.math.squared_difference(x, tf.stop_gradient(mean))
    return mean, tf.reduce_sum(distances * counts, axes, keepdims=True)


def _batch_normalization(layer: Layer, inputs: list[Any], now: Pass) -> Any:
    (x,) = inputs
    averages = [(layer.role, name) for name in ("moving_mean", "moving_variance")]
    old = [_along_channels(now.moving[key], x) for key in averages]
    mean, variance = _moments(x, now.batch) if now.batch else old
    if now.batch:
        keep, take = tf.unstack(now.hyper[layer.call.get("momentum").row])
        for key, before, new in zip(averages, old, (mean, variance), strict=True):
            now.moving[key] = before * keep + new * take
    gamma, beta = (_along_channels(now.weights[layer.role, name], x) for name in ("gamma", "beta"))
    return _normalized(x, mean, variance, gamma, beta)


def _layer_normalization(layer: Layer, inputs: list[Any], now: Pass) -> Any:
    (x,) = inputs
    mean, variance = tf.nn.moments(x, [-1], keepdims=True)
    gamma, beta = (_along_channels(now.weights[layer.role, name], x) for name in ("gamma", "beta"))
    return _normalized(x, mean, variance, gamma, beta)


def _group_normalization(layer: Layer, inputs: list[Any], now: Pass) -> Any:
    (x,) = inputs
    groups, channels = layer.call.get("groups"), x.shape[-1]
    grouped = tf.reshape(x, (x.shape[0], -1, *x.shape[2:-1], groups, channels // groups))
    axes = [*range(2, len(grouped.shape) - 2), len(grouped.shape) - 1]
    mean, variance = tf.nn.moments(grouped, axes, keepdims=True)
    gamma, beta = (
        tf.reshape(now.weights[layer.role, name], (-1, *[1] * (len(grouped.shape) - 3), groups, channels // groups))
        for name in ("gamma", "beta")
    )
    return tf.reshape(_normalized(grouped, mean, variance, gamma, beta), tf.shape(x))


def _activation(layer: Layer, inputs: list[Any], now: Pass) -> Any:
    return ACTIVATIONS[layer.call.get("activation")](inputs[0])


def _dropout(layer: Layer, inputs: list[Any], now: Pass) -> Any:
    (x,) = inputs
    if now.batch is None:
        return x
    threshold, factor = tf.unstack(now.hyper[layer.call.get("rate").row])
    kept = tf.cast(now.noise[layer.role], tf.float32) >= threshold
    return tf.where(kept, x * factor, tf.zeros_like(x))


def _alpha_dropout(layer: Layer, inputs: list[Any], now: Pass) -> Any:
    (x,) = inputs
    if now.batch is None:
        return x
    threshold, rate = tf.unstack(now.hyper[layer.call.get("rate").row])
    kept = tf.cast(now.noise[layer.role], tf.float32) >= threshold
    scale = tf.math.rsqrt((1 - rate) * (1 + rate * SELU_LOWEST**2))
    return scale * (tf.where(kept, x, SELU_LOWEST) - SELU_LOWEST * rate)


def _gaussian_dropout(layer: Layer, inputs: list[Any], now: Pass) -> Any:
    (x,) = inputs
    deviation = now.hyper[layer.call.get("rate").row, 0]
    return x * (1 + deviation * now.noise[layer.role]) if now.batch else x


def _gaussian_noise(layer: Layer, inputs: list[Any], now: Pass) -> Any:
    (x,) = inputs
    deviation = now.hyper[layer.call.get("stddev").row, 0]
    return x + deviation * now.noise[layer.role] if now.batch else x


def _flatten(layer: Layer, inputs: list[Any], now: Pass) -> Any:
    (x,) = inputs
    return tf.reshape(x, (x.shape[0], tf.shape(x)[1], x.shape[2:].num_elements()))


def _average_pooling(layer: Layer, inputs: list[Any], now: Pass) -> Any:
    return tf.reduce_mean(inputs[0], (2, 3))


def _add(layer: Layer, inputs: list[Any], now: Pass) -> Any:
    return tf.add_n(inputs)


LAYERS: Mapping[str, Callable[[Layer, list[Any], Pass], Any]] = {
    "layers.Dense": _dense,
    "layers.Conv2D": _convolution,
    "layers.BatchNormalization": _batch_normalization,
    "layers.LayerNormalization": _layer_normalization,
    "layers.GroupNormalization": _group_normalization,
    "layers.Activation": _activation,
    "layers.Dropout": _dropout,
    "layers.SpatialDropout2D": _dropout,
    "layers.AlphaDropout": _alpha_dropout,
    "layers.GaussianDropout": _gaussian_dropout,
    "layers.GaussianNoise": _gaussian_noise,
    "layers.Flatten": _flatten,
    "layers.GlobalAveragePooling2D": _average_pooling,
    "layers.Add": _add,
}


def penalty(plan: Plan, weights: Mapping[Key, Any], hyper: Any) -> Any:
    """The sum of all members' weight penalties, as Keras's regularizers compute them."""
    total = tf.constant(0.0)
    for layer in plan.layers:
        regularizer: Call | None = layer.call.get("kernel_regularizer")
        for name, slot in () if regularizer is None else regularizer.arguments:
            kernel = weights[layer.role, "kernel"]
            size = tf.reduce_sum(tf.abs(kernel) if name == "l1" else tf.square(kernel))
            total += hyper[slot.row, 0] * size
    return total


def constrained(plan: Plan, weights: dict[Key, Any], hyper: Any) -> dict[Key, Any]:
    """The weights after Keras's MaxNorm of those kernels that have one."""
    found = dict(weights)
    for layer in plan.layers:
        constraint: Call | None = layer.call.get("kernel_constraint")
        if constraint is not None:
            kernel, most = weights[layer.role, "kernel"], hyper[constraint.get("max_value").row, 0]
            norms = tf.sqrt(tf.reduce_sum(tf.square(kernel), range(1, len(kernel.shape) - 1), keepdims=True))
            found[layer.role, "kernel"] = kernel * (tf.minimum(norms, most) / (1e-7 + norms))
    return found


def is_constrained(plan: Plan) -> bool:
    """Whether a kernel has a constraint."""
    return any(layer.call.get("kernel_constraint") is not None for layer in plan.layers)
