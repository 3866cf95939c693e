"""What changes the training rows of a whole epoch: augmentation, then mixing.

It runs before the compiled steps and outside XLA, which has no kernel on the CPU for turning and shifting images.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from models.plan import MIXED_ROWS, RANDAUGMENT_ROWS, UNIT_RANGE, Plan
from training.worker.build import derive_seed, make, set_generator

BLOCK_ROWS = MIXED_ROWS
"""Rows changed at a time; bounds the memory, and rows are mixed with others of their block."""


class Augmentation:
    """The augmentation and mixing layers of a plan, drawn anew for each (seed, epoch)."""

    def __init__(self, plan: Plan) -> None:
        self._layers = [(role, make(layer)) for role, layer in plan.augmentation]
        self._unit_range = {role for role, layer in plan.augmentation if layer.get("value_range") == UNIT_RANGE}
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
        # Pixels are scaled: only all rows together tell what black and white are.
        extremes = (tf.reduce_min(x), tf.reduce_max(x)) if self._unit_range else ()
        blocks = []
        for first in range(0, len(x), BLOCK_ROWS):
            blocks.append(self._change(x[first : first + BLOCK_ROWS], y[first : first + BLOCK_ROWS], *extremes))
            between_calls()
        return tf.concat([x for x, _ in blocks], 0), tf.concat([y for _, y in blocks], 0)

    def _change_eagerly(self, x: Any, y: Any, *extremes: Any) -> tuple[Any, Any]:
        for role, layer in self._layers:
            x = _vary(layer, x, *extremes) if role in self._unit_range else layer(x, training=True)
        if self._mixing is None:
            return x, y
        # Keras mixes images: a row of a table is one of height 1 and width 1.
        images = x if len(x.shape) == 4 else x[:, None, None, :]
        mixed = self._mixing({"images": images, "labels": y}, training=True)
        return tf.reshape(mixed["images"], tf.shape(x)), mixed["labels"]


def _vary(layer: Any, x: Any, low: Any, high: Any) -> Any:
    """`x` as a layer changes it that wants pixels from 0 to 1, and draws once for all images of a call."""
    width = tf.maximum(high - low, 1e-12)

    def body(first: Any, parts: Any) -> tuple[Any, Any]:
        part = layer((x[first : first + RANDAUGMENT_ROWS] - low) / width, training=True)
        return first + RANDAUGMENT_ROWS, parts.write(first // RANDAUGMENT_ROWS, low + width * part)

    parts = tf.TensorArray(x.dtype, 0, dynamic_size=True, infer_shape=False, element_shape=(None, *x.shape[1:]))
    _, parts = tf.while_loop(lambda first, _: first < tf.shape(x)[0], body, (0, parts), parallel_iterations=1)
    return tf.ensure_shape(parts.concat(), x.shape)
