"""What a trained network takes for what: a confusion matrix, and the images it is most surely wrong about.

On validation rows only. Written by workers and read by pages: NumPy alone.
"""

import io
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MISTAKES: Final = "mistakes"
"""The name of the artifact."""
SHOWN: Final = 12
"""How many wrong images are kept."""


@dataclass(frozen=True, eq=False)
class Mistakes:
    """Validation rows judged by the network that a run handed over.

    Attributes:
        class_names: of all classes.
        confusion: numbers of rows, shape (classes of the label, classes predicted).
        rows: wrong rows by their numbers in the whole data set, shape (k,), the surest mistake first; empty if the
            data are no images.
        truth: their labels, shape (k,).
        predicted: what they are taken for, shape (k,).
        confidence: the probability of `predicted`, shape (k,).
        images: uint8, shape (k, height, width, channels).
    """

    class_names: tuple[str, ...]
    confusion: NDArray[np.int64]
    rows: NDArray[np.int64]
    truth: NDArray[np.int64]
    predicted: NDArray[np.int64]
    confidence: NDArray[np.float32]
    images: NDArray[np.uint8]


def count_confusions(truth: NDArray[Any], predicted: NDArray[Any], classes: int) -> NDArray[np.int64]:
    """How often each class (first axis) is taken for each (second axis)."""
    return np.bincount(truth.astype(np.int64) * classes + predicted, minlength=classes**2).reshape(classes, classes)


def surest_mistakes(truth: NDArray[Any], probabilities: NDArray[np.floating]) -> NDArray[np.int64]:
    """The places of at most SHOWN wrong rows, by falling probability of the class they are taken for."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != truth)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:SHOWN]


def as_pixels(images: NDArray[Any]) -> NDArray[np.uint8]:
    """Images from their common darkest (0) to their common lightest value (255)."""
    if images.dtype == np.uint8 or not images.size:
        return images.astype(np.uint8)
    low, high = float(images.min()), float(images.max())
    return np.rint((images - low) * (255 / ((high - low) or 1.0))).astype(np.uint8)


def pack_mistakes(
    class_names: tuple[str, ...],
    truth: NDArray[Any],
    probabilities: NDArray[np.floating],
    rows: NDArray[Any],
    images: NDArray[Any] | None,
) -> bytes:
    """Mistakes as bytes.

    Args:
        class_names: of all classes.
        truth: labels of the validation rows, shape (n,).
        probabilities: of the classes, shape (n, classes).
        rows: the validation rows' numbers in the whole data set, shape (n,).
        images: those of the whole data set, or None.
    """
    predicted = probabilities.argmax(axis=1)
    worst = np.empty(0, np.int64) if images is None else surest_mistakes(truth, probabilities)
    chosen = np.empty((0, 0, 0, 1), np.uint8) if images is None else as_pixels(images[rows[worst]])
    file = io.BytesIO()
    np.savez_compressed(
        file,
        class_names=np.array(class_names),
        confusion=count_confusions(truth, predicted, len(class_names)),
        rows=rows[worst],
        truth=truth[worst],
        predicted=predicted[worst],
        confidence=probabilities[worst].max(axis=1, initial=0).astype(np.float32),
        images=chosen,
    )
    return file.getvalue()


def read_mistakes(content: bytes) -> Mistakes:
    """What `pack_mistakes` packed."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        names = tuple(map(str, file["class_names"]))
        return Mistakes(
            names, *(file[key] for key in ("confusion", "rows", "truth", "predicted", "confidence", "images"))
        )
