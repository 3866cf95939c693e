"""What changes the training rows of a whole epoch: augmentation, then mixing.

It runs before the compiled steps and outside XLA, which has no kernel on the CPU for turning and shifting images.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from models.plan import MIXED_ROWS, Plan
from training.worker.build import derive_seed, make, set_generator

BLOCK_ROWS = MIXED_ROWS
"""Rows changed at a time; bounds the memory, and rows are mixed with others of their block."""


class Augmentation:
    """The augmentation and mixing layers of a plan, drawn anew for each (seed, epoch)."""

    def __init__(self, plan: Plan) -> None:
        self._layers = [(role, make(layer)) for role, layer in plan.augmentation]
        self._mixing = None if plan.mixing is None else make(plan.mixing)
        self._change = tf.function(self._change_eagerly, autograph=False)

    def apply(
        self, x: Any, y: Any, *, seed: int, epoch: int, between_calls: Callable[[], None] = lambda: None
    ) -> tuple[Any, Any]:
        """The rows `x` and what the loss takes for them, changed for an epoch (from 1); without layers as they are.

        `between_calls` is called after each block, as in `Engine.train`.
        """
        layers = [*self._layers, *([] if self._mixing is None else [("mixing", self._mixing)])]
        if not layers:
            return x, y
        for role, layer in layers:
            generator = getattr(layer, "generator", None) or layer.seed_generator
            set_generator(generator, derive_seed(seed, f"{role} {epoch}"))
        blocks = []
        for first in range(0, len(x), BLOCK_ROWS):
            blocks.append(self._change(x[first : first + BLOCK_ROWS], y[first : first + BLOCK_ROWS]))
            between_calls()
        return tf.concat([x for x, _ in blocks], 0), tf.concat([y for _, y in blocks], 0)

    def _change_eagerly(self, x: Any, y: Any) -> tuple[Any, Any]:
        for _, layer in self._layers:
            x = layer(x, training=True)
        if self._mixing is None:
            return x, y
        # Keras mixes images: a row of a table is one of height 1 and width 1.
        images = x if len(x.shape) == 4 else x[:, None, None, :]
        mixed = self._mixing({"images": images, "labels": y}, training=True)
        return tf.reshape(mixed["images"], tf.shape(x)), mixed["labels"]
