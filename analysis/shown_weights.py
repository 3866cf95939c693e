"""What penalties, constraints, averages and clipping do to weights and gradients, small enough to be drawn."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer]

ADAM_BETAS = (0.9, 0.999)
ADAM_EPSILON = 1e-7
NEARLY_ZERO = 1e-3
"""A weight below this is called nearly zero."""


def fit_softmax(
    x: FloatArray, y: IntArray, classes: int, *, l1: float = 0.0, l2: float = 0.0, steps: int = 300, rate: float = 0.5
) -> FloatArray:
    """Weights (features, classes) of one softmax layer, by gradient steps on its cross-entropy and penalties.

    The absolute value has a kink at 0, so its step is a shrinkage by rate * l1 that stops there (Tibshirani 1996).
    """
    targets = np.eye(classes)[y]
    weights = np.zeros((x.shape[1], classes))
    for _ in range(steps):
        logits = x @ weights
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        weights -= rate * (x.T @ (shares - targets) / len(x) + 2 * l2 * weights)
        weights = np.sign(weights) * np.maximum(np.abs(weights) - rate * l1, 0.0)
    return weights


def share_nearly_zero(weights: FloatArray) -> float:
    """The share of weights that are nearly zero."""
    return float(np.mean(np.abs(weights) < NEARLY_ZERO))


def shorten(vectors: FloatArray, longest: float) -> FloatArray:
    """Vectors (n, dimensions) with those above a length scaled down to it; directions are kept."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    result: FloatArray = vectors * np.minimum(1.0, longest / np.maximum(norms, 1e-12))
    return result


def average_path(path: FloatArray, momentum: float) -> FloatArray:
    """The exponential moving average of a path (steps, dimensions), from its first point on, as Keras's `use_ema`."""
    average = np.empty_like(path)
    average[0] = path[0]
    for step in range(1, len(path)):
        average[step] = momentum * average[step - 1] + (1 - momentum) * path[step]
    return average


def noisy_path(steps: int, seed: int) -> FloatArray:
    """SGD with noisy gradients down a long valley with its floor at (0, 0): points (steps, 2)."""
    generator = np.random.default_rng(seed)
    curvature, point = np.array([0.04, 0.5]), np.array([-4.0, 1.5])
    path = np.empty((steps, 2))
    for step in range(steps):
        path[step] = point
        point = point - (curvature * point + generator.normal(0.0, (0.12, 0.45)))
    return path


def shrink_under_adam(
    gradient_size: float, strength: float, *, decoupled: bool, steps: int = 400, rate: float = 0.01
) -> FloatArray:
    """A weight that starts at 1 and whose gradients are noise of a size, under Adam with a decay of one kind.

    Args:
        gradient_size: standard deviation of the gradients of the loss.
        strength: λ, of the L2 penalty λ w² / 2 or of the decoupled decay.
        decoupled: as in AdamW; otherwise the penalty's gradient goes through Adam.
        steps: how many.
        rate: the learning rate.
    """
    noise = np.random.default_rng(0).normal(0.0, gradient_size, steps)
    weight, first, second, path = 1.0, 0.0, 0.0, np.empty(steps)
    for step in range(steps):
        path[step] = weight
        gradient = noise[step] + (0.0 if decoupled else strength * weight)
        first = ADAM_BETAS[0] * first + (1 - ADAM_BETAS[0]) * gradient
        second = ADAM_BETAS[1] * second + (1 - ADAM_BETAS[1]) * gradient**2
        scaled = (first / (1 - ADAM_BETAS[0] ** (step + 1))) / (
            np.sqrt(second / (1 - ADAM_BETAS[1] ** (step + 1))) + ADAM_EPSILON
        )
        if decoupled:
            weight -= rate * strength * weight
        weight -= rate * scaled
    return path


def reduce_on_plateau(
    values: FloatArray, rate: float, *, factor: float, patience: int, min_lr: float = 0.0
) -> FloatArray:
    """The learning rate in force after each epoch, as Keras's `ReduceLROnPlateau` sets it (min_delta 1e-4)."""
    best, wait, rates = np.inf, 0, np.empty(len(values))
    for epoch, value in enumerate(values):
        if value < best - 1e-4:
            best, wait = value, 0
        else:
            wait += 1
            if wait >= patience and rate > min_lr:
                rate, wait = max(rate * factor, min_lr), 0
        rates[epoch] = rate
    return rates


def cosine_decay(rate: float, steps: int, *, alpha: float, warmup: float) -> FloatArray:
    """The learning rate of each gradient step (steps,), as Keras's `CosineDecay` gives it.

    Args:
        rate: the highest one.
        steps: of the whole run.
        alpha: the rate at the end, as a share of the highest.
        warmup: share of the steps in which it rises from 0.
    """
    rising = min(round(warmup * steps), steps - 1)
    step = np.arange(steps)
    falling = np.pi * (step - rising) / (steps - rising)
    result: FloatArray = np.where(
        step < rising, rate * step / max(rising, 1), rate * (alpha + (1 - alpha) * (1 + np.cos(falling)) / 2)
    )
    return result


def pull_of_label(probability: FloatArray, q: float) -> FloatArray:
    """The slope of the loss in the logit of the label, without its sign, where the label has this probability.

    Of cross-entropy (q = 0) it is 1 - p, of generalized cross-entropy p^q (1 - p) (Zhang and Sabuncu 2018).
    """
    result: FloatArray = probability**q * (1 - probability)
    return result


def two_valleys(weight: FloatArray) -> FloatArray:
    """A loss over one weight with a narrow valley at -1.2, which is the deepest, and a wide one at 1."""
    narrow, wide = np.exp(-(((weight + 1.2) / 0.25) ** 2)), np.exp(-(((weight - 1.0) / 0.9) ** 2))
    result: FloatArray = 1.05 - narrow - 0.9 * wide
    return result


def highest_within(weight: FloatArray, radius: float) -> FloatArray:
    """The highest loss of `two_valleys` no further than a radius from each weight: what sharpness-aware minimization
    lowers (Foret et al. 2021, equation 1)."""
    shifts = np.linspace(-radius, radius, 101)
    result: FloatArray = np.max([two_valleys(weight + shift) for shift in shifts], axis=0)
    return result


def soften(logits: FloatArray, temperature: float) -> FloatArray:
    """What teachers say at a temperature: the mean of their softmax (classes,) of logits (teachers, classes)."""
    scaled = logits / temperature
    shares = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    result: FloatArray = (shares / shares.sum(axis=1, keepdims=True)).mean(axis=0)
    return result
