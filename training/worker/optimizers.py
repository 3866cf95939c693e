"""Keras's optimizers as functions of what they remember: one step on the vectors of all members."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from models.plan import Call

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


def step_with_momentum(weights: Any, gradient: Any, rate: Any, momentum: Any, state: State) -> tuple[Any, State]:
    """Keras's SGD with momentum: new weights, and the velocity that it remembers."""
    velocity = state["velocity"] * momentum - gradient * rate
    return weights + velocity, {"velocity": velocity}


def _rmsprop(keras_optimizer: Any, weights: Any, gradient: Any, rate: Any, state: State) -> tuple[Any, State]:
    rho = keras_optimizer.rho
    square = rho * state["square"] + (1 - rho) * tf.square(gradient)
    return weights - rate * gradient / tf.sqrt(square + keras_optimizer.epsilon), {"square": square}


def climb(weights: Any, gradient: Any, length: Any) -> Any:
    """The weights after a step of a length uphill, for each member along the gradient of all its weights together.

    The point where sharpness-aware minimization takes its gradient (Foret et al. 2021, equation 2). 1e-12 guards the
    division where the gradient is zero; the authors' code has no guard, TensorFlow's former class had this one
    (`tf.keras.models.experimental.SharpnessAwareMinimization`, 2.10 to 2.15).
    """
    norm = tf.norm(gradient, axis=1, keepdims=True)
    return weights + gradient * (length / (norm + 1e-12))


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


def learning_rates(rate: float, schedule: Call | None, first: int, steps: int) -> NDArray[np.float64]:
    """The learning rate of so many gradient steps, shape (steps,).

    Args:
        rate: that callbacks leave; what counts without a schedule.
        schedule: Keras's CosineDecay as a call, or None.
        first: number of steps before these.
        steps: how many.
    """
    if schedule is None:
        return np.full(steps, rate)
    warmup, decay = schedule.get("warmup_steps", 0), schedule.get("decay_steps")
    highest, alpha = schedule.get("warmup_target", schedule.get("initial_learning_rate")), schedule.get("alpha", 0.0)
    step = np.minimum(np.arange(first, first + steps, dtype=np.float64), warmup + decay)
    fallen = alpha + (1 - alpha) * (1 + np.cos(np.pi * (step - warmup) / decay)) / 2
    return np.asarray(highest * np.where(step < warmup, step / max(warmup, 1), fallen))
