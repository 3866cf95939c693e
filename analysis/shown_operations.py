"""Operations that Keras's RandAugment draws from, on one grey image from 0 to 1: small enough to be drawn.

Colour does nothing to a grey image and equalizing needs more pixels than a digit has, so those two are left out.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from analysis.shown_data import sample

FloatArray = NDArray[np.float64]
Operation = Callable[[FloatArray, float, np.random.Generator], FloatArray]


def _transform(image: FloatArray, matrix: FloatArray, shift: FloatArray) -> FloatArray:
    """An image (height, width) read at places that are turned or sheared around its centre, and shifted."""
    centre = (np.array(image.shape) - 1) / 2
    places = np.indices(image.shape).reshape(2, -1).T
    return sample(image, (places - centre) @ matrix + centre + shift).reshape(image.shape)


def shear(image: FloatArray, factor: float, generator: np.random.Generator) -> FloatArray:
    """Rows and columns slide by up to `factor` pixels for each pixel from the centre, both ways."""
    first, second = generator.choice([-1, 1]) * generator.uniform(0, factor, 2)
    return _transform(image, np.array([[1.0, first], [second, 1.0]]), np.zeros(2))


def shift(image: FloatArray, factor: float, generator: np.random.Generator) -> FloatArray:
    """Down and to the right by up to this share of height and width."""
    return _transform(image, np.eye(2), -generator.uniform(0, factor, 2) * image.shape)


def turn(image: FloatArray, factor: float, generator: np.random.Generator) -> FloatArray:
    """Counter-clockwise by up to this share of a whole turn."""
    angle = 2 * np.pi * generator.uniform(0, factor)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return _transform(image, matrix, np.zeros(2))


def brighten(image: FloatArray, factor: float, generator: np.random.Generator) -> FloatArray:
    """All pixels lighter by the same, up to `factor`."""
    result: FloatArray = np.clip(image + generator.uniform(0, factor), 0, 1)
    return result


def change_contrast(image: FloatArray, factor: float, generator: np.random.Generator) -> FloatArray:
    """Pixels further from their mean, by up to this share of their distance."""
    result: FloatArray = np.clip(image.mean() + (image - image.mean()) * generator.uniform(1, 1 + factor), 0, 1)
    return result


def change_sharpness(image: FloatArray, factor: float, generator: np.random.Generator) -> FloatArray:
    """Between a smoothed copy (0) and beyond the image itself (1): a small factor blurs."""
    padded = np.pad(image, 1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    smooth = (windows.sum(axis=(2, 3)) + 4 * image) / 13
    result: FloatArray = np.clip(image + (1 - 2 * generator.uniform(0, factor)) * (smooth - image), 0, 1)
    return result


def posterize(image: FloatArray, factor: float, generator: np.random.Generator) -> FloatArray:
    """Few levels of grey: one to int(8 `factor`) - 1 bits of a pixel are kept, and one below a factor of 3/8."""
    most = max(1, int(8 * factor))
    dropped = 8 - int(generator.integers(1, most)) if most > 1 else 7
    pixels = (255 * image).astype(np.uint8)
    return (pixels >> dropped << dropped) / 255


def solarize(image: FloatArray, factor: float, generator: np.random.Generator) -> FloatArray:
    """Pixels above a threshold of up to `factor` are inverted: a small factor inverts nearly all of them."""
    lighter = np.clip(image + generator.uniform(0, factor), 0, 1)
    return np.where(lighter < generator.uniform(0, factor), lighter, 1 - lighter)


def stretch_contrast(image: FloatArray, factor: float, generator: np.random.Generator) -> FloatArray:
    """The darkest pixel becomes 0 and the lightest 1, whatever the factor."""
    width = np.ptp(image)
    return (image - image.min()) / width if width else image


OPERATIONS: Mapping[str, Operation] = {
    "shear": shear,
    "shift": shift,
    "turn": turn,
    "brightness": brighten,
    "contrast": change_contrast,
    "sharpness": change_sharpness,
    "posterize": posterize,
    "solarize": solarize,
    "auto-contrast": stretch_contrast,
}


def vary(image: FloatArray, count: int, factor: float, generator: np.random.Generator) -> tuple[FloatArray, list[str]]:
    """RandAugment: an image after `count` operations, and their names."""
    names = [str(name) for name in generator.choice(list(OPERATIONS), count)]
    for name in names:
        image = OPERATIONS[name](image, factor, generator)
    return image, names
