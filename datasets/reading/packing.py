"""Rows of cells as packed columns: each column as its different values and which rows have them. Arrow does it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datasets.reading.cells import Cells

CELLS_AT_ONCE, TEXTS_AT_ONCE = 100_000, 10_000
"""That are Python texts at a time, some 6 MB; after that they lie packed."""


class Texts(Sequence[str]):
    """Different texts that stay packed; whoever goes through them has a few as Python's at a time."""

    def __init__(self, packed: pa.StringArray) -> None:
        self._packed = packed

    def __len__(self) -> int:
        return len(self._packed)

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self._packed), TEXTS_AT_ONCE):
            yield from self._packed.slice(start, TEXTS_AT_ONCE).to_pylist()

    def __getitem__(self, place: Any) -> Any:
        return self._packed[place].as_py()


def pack(rows: Iterable[list[str]], width: int) -> tuple[Cells, ...]:
    """Columns of rows that have `width` cells each."""
    blocks, iterator = [], iter(rows)
    rows_at_once = max(1, CELLS_AT_ONCE // width)
    while block := list(islice(iterator, rows_at_once)):
        blocks.append(pa.array([cell for row in block for cell in row], pa.string()))
    return tuple(encode(_column(blocks, place, width)) for place in range(width))


def _column(blocks: list[pa.Array], place: int, width: int) -> pa.ChunkedArray:
    parts = [block.take(pa.array(np.arange(place, len(block), width))) for block in blocks]
    return pa.chunked_array(parts, pa.string())


def encode(column: pa.ChunkedArray) -> Cells:
    """A column of texts, outer spaces gone, by its different values."""
    trimmed = pc.utf8_trim_whitespace(column)
    encoded = pc.dictionary_encode(trimmed).combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0) if encoded.num_chunks else pa.array([], pa.string()).dictionary_encode()
    return Cells(Texts(encoded.dictionary), encoded.indices.to_numpy().astype(np.int32))
