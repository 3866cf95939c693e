"""A CSV file as a table: which columns it has, and features and classes for a chosen target column."""

import io
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype

from datasets.dataset import Arrays, FloatArray
from datasets.table import MAX_FEATURES, MAX_ROWS, Table, TableError, check_size, encode_classes, shown

MAX_CATEGORIES = 50
"""Different texts of a column that becomes one 0/1 column for each: more are names or numbers of rows."""

MISSING = "(missing)"
DELIMITERS = ",;\t"


@dataclass(frozen=True)
class Features:
    """Columns of the network's input, and what was done for them."""

    x: FloatArray
    names: tuple[str, ...]
    notes: tuple[str, ...]
    numeric: bool


def read_frame(content: bytes) -> pd.DataFrame:
    """The file's columns: numbers where all values are numbers, else text. Formulas stay text.

    Raises:
        TableError: this is no CSV file with a header, or it is too large.
    """
    text = _decode(content)
    delimiter = find_delimiter(text)
    if (columns := _header(text).count(delimiter) + 1) > MAX_FEATURES:
        raise TableError(f"the file has {columns:,} columns; allowed: up to {MAX_FEATURES:,}")
    try:
        frame = pd.read_csv(io.StringIO(text), sep=delimiter, nrows=MAX_ROWS + 1, low_memory=False, index_col=False)
    except (ValueError, OverflowError) as error:  # pandas' own errors are ValueErrors
        reason = str(error).strip().removeprefix("Error tokenizing data. C error: ").partition("\n")[0]
        raise TableError(f"the file cannot be read as CSV: {reason}") from None
    frame.columns = [str(column) for column in frame.columns]
    if len(frame.columns) < 2 or not len(frame):
        raise TableError(
            "the file has one column only, or no rows; allowed: a header, then rows with values separated by comma, "
            "semicolon or tab"
        )
    check_size(*frame.shape)
    return frame


def _decode(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError(f"the file is no text in UTF-8 (byte {error.start:,}): save it as CSV, UTF-8") from None
    if "\0" in text or not _header(text):
        raise TableError("the file is empty, or no text: save it as CSV, UTF-8")
    return text


def find_delimiter(text: str) -> str:
    """What separates the values of a CSV text, by its first line."""
    return max(DELIMITERS, key=_header(text).count)


def _header(text: str) -> str:
    """The first line that is not blank, whatever the line ends are."""
    return re.split(r"[\r\n]", text.lstrip(), maxsplit=1)[0]


def read_csv(content: bytes, target: str | None) -> Table:
    """Features and classes; without a target the last column has the classes.

    Raises:
        TableError: saying what is wrong and what is allowed.
    """
    frame = read_frame(content)
    target = frame.columns[-1] if target is None else target
    if target not in frame.columns:
        raise TableError(f"there is no column {shown(target)}; columns: {', '.join(map(shown, frame.columns[:20]))}")
    notes = []
    if lost := int(frame[target].isna().sum()):
        frame = frame[frame[target].notna()]
        notes.append(f"{lost:,} rows without a class left out.")
    y, class_names = encode_classes(_labels(frame[target]), f"column {shown(target)}")
    features = _features(frame.drop(columns=target))
    arrays = Arrays(features.x, y, class_names, features.names)
    points = features.numeric and features.x.shape[1] == 2 and np.isfinite(features.x).all()
    return Table(arrays, "points" if points else "table", (*notes, *features.notes))


def _labels(column: "pd.Series[Any]") -> NDArray[Any]:
    return column.to_numpy(dtype=float) if is_numeric_dtype(column.dtype) else column.astype(str).to_numpy(dtype=str)


def _features(frame: pd.DataFrame) -> Features:
    """Numbers as they are, NaN where missing (the split fills in); texts as one 0/1 column for each value."""
    blocks: list[FloatArray] = []
    names: list[str] = []
    left_out: list[str] = []
    filled, encoded = 0, 0
    for name in frame.columns:
        column = frame[name]
        values = column.fillna(MISSING).astype(str) if not is_numeric_dtype(column.dtype) else None
        if column.isna().all():
            left_out.append(f"{shown(name)} (empty)")
        elif values is None:
            blocks.append(_numbers(column)[:, None])
            names.append(name)
            filled += int(column.isna().sum())
        elif (categories := np.unique(values.to_numpy(dtype=str))).size > MAX_CATEGORIES:
            left_out.append(f"{shown(name)} ({categories.size:,} different texts, more than {MAX_CATEGORIES})")
        else:
            blocks.append((values.to_numpy(dtype=str)[:, None] == categories).astype(np.float32))
            names.extend(f"{name} = {category}" for category in categories)
            encoded += 1
    if not blocks:
        raise TableError("no column is left that the network could learn from; left out: " + "; ".join(left_out))
    if len(names) > MAX_FEATURES:
        raise TableError(f"the texts make {len(names):,} columns of 0 and 1; allowed: up to {MAX_FEATURES:,} in all")
    check_size(len(frame), len(names))
    notes = _notes(left_out, filled, encoded)
    return Features(np.concatenate(blocks, axis=1, dtype=np.float32), tuple(names), notes, numeric=not encoded)


def _numbers(column: "pd.Series[float]") -> FloatArray:
    with np.errstate(over="ignore"):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan).astype(np.float32)
    if np.isinf(values).any():
        raise TableError(f"column {shown(column.name)} has infinite values; allowed: numbers up to 3e38")
    return values


def _notes(left_out: list[str], filled: int, encoded: int) -> tuple[str, ...]:
    notes = []
    if left_out:
        notes.append(f"Columns left out: {'; '.join(left_out)}.")
    if filled:
        notes.append(f"{filled:,} missing numbers filled with the median of the training rows.")
    if encoded:
        count = f"{encoded} column{'s' * (encoded != 1)} of texts"
        notes.append(f"{count} became one 0/1 column for each value; a missing text is a value of its own.")
    return tuple(notes)
