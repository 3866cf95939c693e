"""Keras's optimizers as functions of what they remember: one step on the vectors of all members."""

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

State = dict[str, Any]


def _adam(keras_optimizer: Any, weights: Any, gradient: Any, rate: Any, state: State) -> tuple[Any, State]:
    beta_1, beta_2 = keras_optimizer.beta_1, keras_optimizer.beta_2
    step = tf.cast(state["iterations"] + 1, tf.float32)
    size = rate * tf.sqrt(1 - tf.pow(beta_2, step)) / (1 - tf.pow(beta_1, step))
    mean = state["mean"] + (gradient - state["mean"]) * (1 - beta_1)
    square = state["square"] + (tf.square(gradient) - state["square"]) * (1 - beta_2)
    return weights - size * mean / (tf.sqrt(square) + keras_optimizer.epsilon), {"mean": mean, "square": square}


def _sgd(keras_optimizer: Any, weights: Any, gradient: Any, rate: Any, state: State) -> tuple[Any, State]:
    return weights - gradient * rate, {}


def _rmsprop(keras_optimizer: Any, weights: Any, gradient: Any, rate: Any, state: State) -> tuple[Any, State]:
    rho = keras_optimizer.rho
    square = rho * state["square"] + (1 - rho) * tf.square(gradient)
    return weights - rate * gradient / tf.sqrt(square + keras_optimizer.epsilon), {"square": square}


STEPS: Mapping[str, Callable[[Any, Any, Any, Any, State], tuple[Any, State]]] = {
    "optimizers.Adam": _adam,
    "optimizers.AdamW": _adam,
    "optimizers.SGD": _sgd,
    "optimizers.RMSprop": _rmsprop,
}
"""By Keras's name: new weights, and what the optimizer remembers from step to step, from the Keras object (its
constants), the weights, the gradient, the learning rate and what it remembered."""

MEMORY: Mapping[str, tuple[str, ...]] = {
    "optimizers.Adam": ("mean", "square"),
    "optimizers.AdamW": ("mean", "square"),
    "optimizers.SGD": (),
    "optimizers.RMSprop": ("square",),
}
"""What each remembers, as vectors that start at zero."""
