"""A Parquet file as a sheet."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from datasets.reading.choices import MAX_COLUMNS
from datasets.reading.packing import encode
from datasets.reading.sheet import Sheet
from datasets.table import MAX_ROWS, TableError, shown
from wording.language import _

BROKEN = (pa.ArrowException, OSError, ValueError)


def read_parquet(content: bytes, max_bytes: int) -> Sheet:
    """The columns of a Parquet file; an index of pandas is a column like others.

    Raises:
        TableError: it is damaged or too large, or a column has lists or the like.
    """
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        _check(file, max_bytes)
        names = file.schema_arrow.names
        columns = tuple(encode(_texts(file, name)) for name in names)
    except MemoryError:
        raise
    except BROKEN as error:
        raise TableError(
            _("the Parquet file cannot be read: {error}").format(error=str(error).partition(chr(10))[0])
        ) from None
    unnamed = frozenset(i for i, name in enumerate(names) if name.startswith("__index_level_") or not name)
    lines = np.arange(1, file.metadata.num_rows + 1)
    return Sheet(
        tuple(names),
        columns,
        lines,
        unnamed,
        notes=(_("Read as a Parquet file; lines are its rows."),),
        format="parquet",
    )


def _check(file: pq.ParquetFile, max_bytes: int) -> None:
    metadata, names = file.metadata, file.schema_arrow.names
    size = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    if metadata.num_rows > MAX_ROWS:
        raise TableError(
            _("the file has {num_rows:,} rows; allowed: up to {max_rows:,}").format(
                num_rows=metadata.num_rows, max_rows=MAX_ROWS
            )
        )
    if not 2 <= len(names) <= MAX_COLUMNS or not metadata.num_rows:
        raise TableError(
            _("the file has {names:,} columns; allowed: 2 to {max_columns:,}, and a row").format(
                names=len(names), max_columns=MAX_COLUMNS
            )
        )
    if len(set(names)) < len(names):
        raise TableError(_("two columns have the same name; allowed: each name once"))
    if size > max_bytes:
        raise TableError(
            _("the file unpacks to {size:,} bytes; allowed here: {max_bytes:,}").format(size=size, max_bytes=max_bytes)
        )
    for field in file.schema_arrow:
        if pa.types.is_nested(field.type) or _is_binary(field.type):
            raise TableError(
                _("column {name} is of type {type}; allowed: numbers, texts, dates").format(
                    name=shown(field.name), type=field.type
                )
            )


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def _texts(file: pq.ParquetFile, name: str) -> pa.ChunkedArray:
    """A column as texts; a value that is not there is an empty one. True and False are named as in Python."""
    column = file.read([name], use_threads=False).column(0)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_boolean(column.type):
        column = pc.if_else(column, "True", "False")
    return pc.fill_null(column.cast(pa.string()), "")
