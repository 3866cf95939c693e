"""A file as columns of texts, whatever its format."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.reading.cells import Cells
from datasets.reading.description import Format


@dataclass(frozen=True, eq=False)
class Sheet:
    """A file's columns, and how they were found.

    Attributes:
        names: of the columns, each once.
        columns: as many; all with as many rows.
        lines: where each row is in the file, for messages, shape (rows,); counted from 1.
        unnamed: places of the columns that have no name in the file.
        row_names: whether the first column is that of R's row names.
        encoding, separator, header: of a text file; see `Description`.
        notes: what was done.
        format, skipped: see `Description`.
    """

    names: tuple[str, ...]
    columns: tuple[Cells, ...]
    lines: NDArray[np.int64]
    unnamed: frozenset[int] = frozenset()
    row_names: bool = False
    encoding: str | None = None
    separator: str | None = None
    header: int | None = None
    notes: tuple[str, ...] = ()
    format: Format = "text"
    skipped: int = 0
