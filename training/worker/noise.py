"""What random layers draw, in NumPy and outside compiled code, where XLA's random bits are slow on the CPU."""

from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from models.layer_facts import facts_of, measure_layers
from models.plan import Plan

MOST_BYTES = 64_000_000
"""Noise that is drawn at a time; an epoch that needs more is drawn in windows of some steps."""

GAUSSIAN = ("layers.GaussianDropout", "layers.GaussianNoise")

PURPOSE = crc32(b"noise")
"""A stream of its own, apart from that of the order."""


class Noise:
    """Draws the noise of an epoch, window by window; one stream for each layer and member.

    A stream depends on nothing but the seed, the epoch, the layer's role and the member: not on the other layers, nor
    on where an epoch is cut. Its numbers belong to the rows in the order of the epoch.

    Args:
        plan: whose random layers draw.
        rows: of training.
        batch_size: rows of a step.
    """

    def __init__(self, plan: Plan, rows: int, batch_size: int) -> None:
        self._members, self._batch_size = plan.members, batch_size
        self._shapes = _drawn_shapes(plan)
        self._gaussian = {layer.role for layer in plan.layers if layer.call.path in GAUSSIAN}
        of_row = sum((4 if role in self._gaussian else 2) * int(np.prod(s)) for role, s in self._shapes.items())
        steps = -(-rows // batch_size)
        of_step = plan.members * of_row * batch_size
        self.steps = steps if of_step == 0 else max(1, min(steps, MOST_BYTES // of_step))
        """Steps of a window."""

    def begin(self, seed: int, epoch: int) -> None:
        """Starts the streams of an epoch (from 1)."""
        self._streams = {
            (role, member): np.random.default_rng([seed, epoch, crc32(role.encode()), member, PURPOSE])
            for role in self._shapes
            for member in range(self._members)
        }

    def draw(self) -> dict[str, NDArray[Any]]:
        """The next window: role -> uniform 16-bit or standard normal numbers, (steps, members, rows of a batch, ...).

        The last one goes on beyond the last row: compiled code has fixed shapes.
        """
        return {
            role: np.stack([self._draw(role, self._streams[role, member]) for member in range(self._members)], axis=1)
            for role in self._shapes
        }

    def _draw(self, role: str, stream: np.random.Generator) -> NDArray[Any]:
        shape = (self.steps, self._batch_size, *self._shapes[role])
        if role in self._gaussian:
            return stream.standard_normal(shape, np.float32)
        size = int(np.prod(shape[2:]))
        even = size + size % 2  # the stream gives 32 bits at a time: a window must not end within them
        bits = np.frombuffer(stream.bytes(2 * shape[0] * shape[1] * even), np.uint16)
        return bits.reshape(-1, even)[:, :size].reshape(shape)


def _drawn_shapes(plan: Plan) -> dict[str, tuple[int, ...]]:
    """The shape of what each random layer draws for a row: its output's, with 1 where all share a number."""
    sizes = measure_layers(plan)
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in plan.layers:
        shape = sizes[layer.role].shape
        if layer.call.path == "layers.SpatialDropout2D":
            shapes[layer.role] = (1, 1, shape[-1])
        elif facts_of(layer.call).random:
            shapes[layer.role] = (layer.call.get("noise_shape") or (None, *shape))[1:]
    return shapes
