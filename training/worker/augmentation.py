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
VARIED_ROWS = 4 * RANDAUGMENT_ROWS
"""Rows that RandAugment changes at a time, so that cancelling bites: 2,048 colour images of 32 pixels take 2 s."""


class Augmentation:
    """The augmentation and mixing layers of a plan, drawn anew for each (seed, epoch)."""

    def __init__(self, plan: Plan) -> None:
        made = [(role, make(layer), layer.get("value_range") == UNIT_RANGE) for role, layer in plan.augmentation]
        self._layers = [(role, layer) for role, layer, varying in made if not varying]
        self._varying: Any = next(((role, layer) for role, layer, varying in made if varying), None)
        self._mixing = None if plan.mixing is None else make(plan.mixing)
        self._change = tf.function(self._change_eagerly, autograph=False)
        self._vary = tf.function(self._vary_eagerly, autograph=False)

    def apply(
        self, x: Any, y: Any, *, seed: int, epoch: int, between_calls: Callable[[], None] = lambda: None
    ) -> tuple[Any, Any]:
        """The rows `x` and what the loss takes for them, changed for an epoch (from 1); without layers as they are.

        `between_calls` is called after each block, as in `Engine.train`.
        """
        mixing = None if self._mixing is None else ("mixing", self._mixing)
        layers = [*filter(None, [self._varying, *self._layers, mixing])]
        if not layers:
            return x, y
        for role, layer in layers:
            generator = getattr(layer, "generator", None) or layer.seed_generator
            set_generator(generator, derive_seed(seed, f"{role} {epoch}"))
        if self._varying is not None:
            x = self._vary_all(x, between_calls)
        if not self._layers and self._mixing is None:
            return x, y
        blocks = []
        for first in range(0, len(x), BLOCK_ROWS):
            blocks.append(self._change(x[first : first + BLOCK_ROWS], y[first : first + BLOCK_ROWS]))
            between_calls()
        return tf.concat([x for x, _ in blocks], 0), tf.concat([y for _, y in blocks], 0)

    def _vary_all(self, x: Any, between_calls: Callable[[], None]) -> Any:
        """All rows, changed by the layer that draws once for all images of a call."""
        # Pixels are scaled: only all rows together tell what black and white are.
        low, high = tf.reduce_min(x), tf.reduce_max(x)
        parts = []
        for first in range(0, len(x), VARIED_ROWS):
            parts.append(self._vary(x[first : first + VARIED_ROWS], low, high))
            between_calls()
        return tf.concat(parts, 0)

    def _change_eagerly(self, x: Any, y: Any) -> tuple[Any, Any]:
        for _, layer in self._layers:
            x = layer(x, training=True)
        if self._mixing is None:
            return x, y
        # Keras mixes images: a row of a table is one of height 1 and width 1.
        images = x if len(x.shape) == 4 else x[:, None, None, :]
        mixed = self._mixing({"images": images, "labels": y}, training=True)
        return tf.reshape(mixed["images"], tf.shape(x)), mixed["labels"]

    def _vary_eagerly(self, x: Any, low: Any, high: Any) -> Any:
        """`x` with pixels mapped to 0 to 1 and back, RANDAUGMENT_ROWS at a time."""
        (_, layer), width = self._varying, tf.maximum(high - low, 1e-12)

        def body(first: Any, parts: Any) -> tuple[Any, Any]:
            part = layer((x[first : first + RANDAUGMENT_ROWS] - low) / width, training=True)
            return first + RANDAUGMENT_ROWS, parts.write(first // RANDAUGMENT_ROWS, low + width * part)

        parts = tf.TensorArray(x.dtype, 0, dynamic_size=True, infer_shape=False, element_shape=(None, *x.shape[1:]))
        _, parts = tf.while_loop(lambda first, _: first < tf.shape(x)[0], body, (0, parts), parallel_iterations=1)
        return tf.ensure_shape(parts.concat(), x.shape)
