"""All variables of a member as one vector, and back."""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import tensorflow as tf

Key = tuple[str, str]
"""Role of a layer and name of its variable."""


@dataclass(frozen=True)
class VectorLayout:
    """Which variables stand one after the other in a member's vector, with their shapes.

    One vector instead of many variables: the optimizer then has one update, a third of a step's operations
    (docs/decisions/0001).
    """

    keys: tuple[Key, ...]
    shapes: tuple[tuple[int, ...], ...]

    @property
    def size(self) -> int:
        """The length of the vector."""
        return sum(map(prod, self.shapes))

    def split(self, vectors: Any) -> dict[Key, Any]:
        """The variables of all members from vectors of shape (members, size): each (members, *shape), and those with
        one number for each channel (members, 1, channels), as most layers add them to rows.
        """
        if not self.keys:
            return {}
        parts = tf.split(vectors, [prod(shape) for shape in self.shapes], axis=1)
        members = vectors.shape[0]
        ranked = [shape if len(shape) > 1 else (1, *shape) for shape in self.shapes]
        shaped = [tf.reshape(part, (members, *shape)) for part, shape in zip(parts, ranked, strict=True)]
        return dict(zip(self.keys, shaped, strict=True))

    def cut(self, vector: Any) -> dict[Key, Any]:
        """The variables of one member from its vector, as NumPy arrays of their shapes."""
        *parts, _rest = np.split(vector, np.cumsum([prod(shape) for shape in self.shapes], dtype=int))
        return {key: part.reshape(shape) for key, shape, part in zip(self.keys, self.shapes, parts, strict=True)}

    def join(self, parts: dict[Key, Any], members: int) -> Any:
        """The vectors of shape (members, size) from the variables of all members."""
        if not self.keys:
            return tf.zeros((members, 0))
        return tf.concat([tf.reshape(parts[key], (members, -1)) for key in self.keys], axis=1)
