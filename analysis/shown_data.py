"""What augmentation, mixing, more rows and ensembles do to data and predictions, small enough to be drawn."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer]

WIDTH = 100
"""Random features of the small nets that are fitted on the spot."""


def change_image(
    image: FloatArray, generator: np.random.Generator, *, translation: float, rotation: float, zoom: float
) -> FloatArray:
    """An image (height, width) shifted, turned and zoomed at random, as Keras's layers do; its border goes on.

    Args:
        image: the picture.
        generator: decides how much.
        translation: up to this share of height and width.
        rotation: up to this share of a whole turn, both ways.
        zoom: up to this share.
    """
    size = np.array(image.shape)
    angle = 2 * np.pi * generator.uniform(-rotation, rotation)
    scale = 1 + generator.uniform(-zoom, zoom)
    shift = generator.uniform(-translation, translation, 2) * size
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = (size - 1) / 2
    places = np.indices(image.shape).reshape(2, -1).T
    return sample(image, (places - centre) @ turn * scale + centre + shift).reshape(image.shape)


def sample(image: FloatArray, places: FloatArray) -> FloatArray:
    """Bilinear values of an image at places (n, 2), those outside taken from the border."""
    places = np.clip(places, 0, np.array(image.shape) - 1)
    low = np.minimum(places.astype(int), np.array(image.shape) - 2)
    (rows, columns), (down, right) = low.T, (places - low).T
    upper = image[rows, columns] * (1 - right) + image[rows, columns + 1] * right
    lower = image[rows + 1, columns] * (1 - right) + image[rows + 1, columns + 1] * right
    result: FloatArray = upper * (1 - down) + lower * down
    return result


def erase_patch(image: FloatArray, generator: np.random.Generator) -> FloatArray:
    """An image without a random patch of up to a third of its area."""
    return np.where(_patch(image.shape, generator.uniform(0.02, 0.33), generator), 0.0, image)


def mix_images(first: FloatArray, second: FloatArray, share: float) -> FloatArray:
    """Mixup: `share` of the first image and the rest of the second."""
    return share * first + (1 - share) * second


def cut_images(
    first: FloatArray, second: FloatArray, share: float, generator: np.random.Generator
) -> tuple[FloatArray, float]:
    """CutMix: the first image with a patch of the second, and the share of the first that is left."""
    patch = _patch(first.shape, 1 - share, generator)
    return np.where(patch, second, first), float(1 - patch.mean())


def _patch(shape: tuple[int, ...], area: float, generator: np.random.Generator) -> NDArray[np.bool_]:
    """A rectangle with the image's proportions that covers about `area` of it."""
    patch = np.zeros(shape, dtype=bool)
    height, width = (max(1, round(side * np.sqrt(area))) for side in shape)
    top, left = generator.integers(shape[0] - height + 1), generator.integers(shape[1] - width + 1)
    patch[top : top + height, left : left + width] = True
    return patch


def error_by_rows(x: FloatArray, y: IntArray, classes: int, sizes: list[int], *, repeats: int = 2) -> FloatArray:
    """Share of wrong answers on the last half of the rows, of small nets trained on the first `sizes` rows.

    A net is a layer of random features and a ridge fit on top, drawn anew `repeats` times and averaged.
    """
    half = len(x) // 2
    targets: FloatArray = np.eye(classes)[y]
    errors: FloatArray = np.zeros(len(sizes))
    for repeat in range(repeats):
        features = _random_features(x, np.random.default_rng(repeat))
        for place, size in enumerate(sizes):
            weights = _ridge(features[:size], targets[:size], 1.0)
            errors[place] += np.mean((features[half:] @ weights).argmax(axis=1) != y[half:]) / repeats
    return errors


def _random_features(x: FloatArray, generator: np.random.Generator) -> FloatArray:
    inner = generator.normal(0.0, 3.0 / np.sqrt(x.shape[1]), (x.shape[1], WIDTH))
    result: FloatArray = np.tanh(x @ inner + generator.normal(0.0, 1.0, WIDTH))
    return result


def _ridge(features: FloatArray, targets: FloatArray, strength: float) -> FloatArray:
    gram = features.T @ features + strength * np.eye(features.shape[1])
    return np.asarray(np.linalg.solve(gram, features.T @ targets), dtype=np.float64)


def fit_members(members: int, seed: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Small nets from different initial weights on the same noisy points of a sine wave.

    Returns:
        grid (n,), the members' predictions on it (members, n), and the points' two coordinates.
    """
    generator = np.random.default_rng(seed)
    x = np.sort(generator.uniform(-1.0, 1.0, 14))
    y = wave(x) + generator.normal(0.0, 0.25, len(x))
    grid = np.linspace(-1.1, 1.1, 121)
    both = np.concatenate([x, grid])[:, None]
    predictions = []
    for member in range(members):
        inner = np.random.default_rng([seed, member])
        features = np.maximum(both * inner.normal(0.0, 4.0, 40) + inner.normal(0.0, 2.0, 40), 0.0)
        predictions.append(features[len(x) :] @ _ridge(features[: len(x)], y, 0.03))
    return grid, np.array(predictions), x, y


def wave(x: FloatArray) -> FloatArray:
    """What the points of `fit_members` are noisy values of."""
    return np.sin(np.pi * x)
