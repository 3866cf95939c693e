"""What techniques inside a network do to its activations, small enough to be drawn. Arrays in, arrays out."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

EPSILON = 1e-3
"""Keras's, in all three normalizations."""


def example_activations(rows: int, units: int, seed: int) -> FloatArray:
    """Activations of a hidden layer before normalization, (rows, units): units differ in mean and spread, rows in
    size."""
    generator = np.random.default_rng(seed)
    means, spreads = generator.normal(0.0, 1.2, units), generator.uniform(0.3, 1.5, units)
    sizes = generator.uniform(0.4, 1.6, (rows, 1))
    result: FloatArray = sizes * (means + spreads * generator.normal(size=(rows, units)))
    return result


def keep_mask(shape: tuple[int, ...], rate: float, seed: int) -> BoolArray:
    """Which activations dropout keeps."""
    return np.random.default_rng(seed).random(shape) >= rate


def drop(activations: FloatArray, rate: float, seed: int) -> FloatArray:
    """Inverted dropout: what is kept is divided by 1 - rate."""
    return activations * keep_mask(activations.shape, rate, seed) / (1 - rate)


def multiply_noise(activations: FloatArray, rate: float, seed: int) -> FloatArray:
    """Gaussian dropout: times normal numbers around 1 with variance rate / (1 - rate)."""
    noise = np.random.default_rng(seed).normal(1.0, np.sqrt(rate / (1 - rate)), activations.shape)
    return activations * noise


def normalize(values: FloatArray, axis: int) -> FloatArray:
    """Mean 0 and deviation 1 along an axis: 0 over the batch (batch normalization), 1 over the units (layer)."""
    mean, variance = values.mean(axis, keepdims=True), values.var(axis, keepdims=True)
    result: FloatArray = (values - mean) / np.sqrt(variance + EPSILON)
    return result


def normalize_groups(values: FloatArray, groups: int) -> FloatArray:
    """Group normalization of (rows, units): each row's units in `groups` groups."""
    rows, units = values.shape
    return normalize(values.reshape(rows * groups, units // groups), axis=1).reshape(rows, units)


def skipped_blocks(steps: int, blocks: int, rate: float, seed: int) -> tuple[BoolArray, FloatArray]:
    """Stochastic depth: which blocks each of several steps keeps, (steps, blocks), and the chance of each block."""
    chances = 1 - rate * np.arange(1, blocks + 1) / blocks
    return np.random.default_rng(seed).random((steps, blocks)) < chances, chances


def edge_maps(image: FloatArray, filters: int, seed: int) -> FloatArray:
    """Feature maps (filters, height, width) of an image (height, width): 3x3 convolutions, then ReLU."""
    kernels = np.random.default_rng(seed).normal(0.3, 1.0, (filters, 3, 3))  # few maps are all zero
    padded = np.pad(image, 1)
    patches = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    maps: FloatArray = np.maximum(np.einsum("hwij,fij->fhw", patches, kernels), 0.0)
    return maps


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
"""λ and α of selu (Klambauer et al. 2017)."""


def selu(x: FloatArray) -> FloatArray:
    """The activation whose outputs have mean 0 and variance 1 where its inputs have."""
    result: FloatArray = SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0.0)))
    return result


def drop_alpha(activations: FloatArray, rate: float, seed: int) -> FloatArray:
    """Alpha dropout: what is dropped becomes selu's lowest value; a scale and a shift keep the variance."""
    lowest = -SELU_SCALE * SELU_ALPHA
    dropped = np.where(keep_mask(activations.shape, rate, seed), activations, lowest)
    scale = ((1 - rate) * (1 + rate * lowest**2)) ** -0.5
    result: FloatArray = scale * (dropped - lowest * rate)
    return result
