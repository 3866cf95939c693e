"""How sure a trained network is of each validation row, and whether it is right.

Written by workers and read by pages: NumPy alone.
"""

import io
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

CALIBRATION: Final = "calibration"
"""The name of the artifact."""


@dataclass(frozen=True, eq=False)
class Confidences:
    """Validation rows judged by the network that a run handed over.

    Attributes:
        confidence: the probability of the class that a row is taken for, float32, shape (rows,).
        right: whether that is the row's class, shape (rows,).
    """

    confidence: NDArray[np.float32]
    right: NDArray[np.bool_]


def pack_confidences(truth: NDArray[Any], probabilities: NDArray[np.floating]) -> bytes:
    """Confidences as bytes: 4.1 for each row at most.

    Args:
        truth: labels of the validation rows, shape (rows,).
        probabilities: of the classes, shape (rows, classes).
    """
    file = io.BytesIO()
    right = probabilities.argmax(axis=1) == truth
    confidence = probabilities.max(axis=1).astype(np.float32)
    np.savez_compressed(file, confidence=confidence, right=np.packbits(right))
    return file.getvalue()


def read_confidences(content: bytes) -> Confidences:
    """What `pack_confidences` packed."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        confidence = file["confidence"]
        return Confidences(confidence, np.unpackbits(file["right"], count=len(confidence)).astype(bool))
