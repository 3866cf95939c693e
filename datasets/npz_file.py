"""An NPZ file as a table: arrays `x` and `y`. Sizes and types are read from headers, before anything is unpacked."""

import io
import zipfile
import zlib
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from datasets.dataset import Arrays, Kind, Values
from datasets.table import MAX_FEATURES, MAX_SIDE, Table, TableError, check_size, encode_classes

EXPECTED = "an NPZ file with x (rows, features), (rows, height, width) or (rows, height, width, 1 or 3), and y (rows,)"
MAX_HEADER = 10_000
BROKEN = (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError, NotImplementedError, RuntimeError, KeyError)

Header = tuple[tuple[int, ...], "np.dtype[Any]"]


def is_npz(content: bytes) -> bool:
    """Whether this is a ZIP file, as NPZ files are."""
    return content.startswith(b"PK\x03\x04")


def unpacked_size(content: bytes) -> int:
    """Bytes of all arrays once they are unpacked, as the file's directory says.

    Raises:
        TableError: the file is broken.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return sum(entry.file_size for entry in archive.infolist())
    except BROKEN as error:
        raise TableError(f"the file is broken ({error}); allowed: {EXPECTED}") from None


def read_npz(content: bytes) -> Table:
    """Features or images, and classes.

    Raises:
        TableError: saying what is wrong and what is allowed.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            headers = {name: _header(archive, name) for name in ("x", "y")}
            _check_headers(headers["x"], headers["y"])
            x, y = (_array(archive, name) for name in ("x", "y"))
    except TableError:
        raise
    except BROKEN as error:
        raise TableError(f"the file is broken ({error}); allowed: {EXPECTED}") from None
    labels, class_names = encode_classes(_labels(y), "y")
    values, kind = _values(x)
    names = () if kind == "image" else tuple(f"feature {i + 1}" for i in range(values.shape[1]))
    return Table(Arrays(values, labels, class_names, names), kind)


def _header(archive: zipfile.ZipFile, name: str) -> Header:
    """Shape and type of an array; the header may not claim more than is there: NumPy reserves that much at once."""
    try:
        entry = archive.getinfo(f"{name}.npy")
    except KeyError:
        raise TableError(f"the file has no array {name}; allowed: {EXPECTED}") from None
    with archive.open(entry) as file:
        shape, dtype = _read_header(file)
    if dtype.hasobject:
        raise TableError(f"{name} holds Python objects, which are never read; allowed: numbers, or text for y")
    if dtype.itemsize * int(np.prod(shape, dtype=object)) > entry.file_size:
        raise TableError(f"{name} claims to be {shape}, which is more than the file has")
    return shape, dtype


def _read_header(file: IO[bytes]) -> Header:
    major, _ = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file, max_header_size=MAX_HEADER)
    return shape, dtype


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(f"{name}.npy") as file:
        return np.lib.format.read_array(file, allow_pickle=False, max_header_size=MAX_HEADER)


def _check_headers(x: Header, y: Header) -> None:
    shape, dtype = x
    if dtype.kind not in "buif":
        raise TableError(f"x is of type {dtype}; allowed: whole numbers, floating-point numbers, true and false")
    if y[1].kind not in "buifUS":
        raise TableError(f"y is of type {y[1]}; allowed: whole numbers or text, one class for each row")
    if len(y[0]) == 2 and y[0][1] == 1:  # as keras.datasets gives CIFAR-10's
        y = (y[0][:1], y[1])
    if y[0] != shape[:1]:
        raise TableError(f"x is {shape} and y is {y[0]}; allowed: {EXPECTED}")
    images = len(shape) in (3, 4)
    if images and not (all(2 <= side <= MAX_SIDE for side in shape[1:3]) and shape[3:] in ((), (1,), (3,))):
        raise TableError(f"x is {shape}; allowed: images of 2 to {MAX_SIDE} pixels a side, grey or with 3 colours")
    if not images and (len(shape) != 2 or not 1 <= shape[1] <= MAX_FEATURES):
        raise TableError(f"x is {shape}; allowed: {EXPECTED}, up to {MAX_FEATURES:,} features")
    check_size(shape[0], int(np.prod(shape[1:])))


def _labels(y: NDArray[Any]) -> NDArray[Any]:
    y = y.reshape(len(y))
    if y.dtype.kind == "f" and not (np.isfinite(y) & (y == np.round(y))).all():
        raise TableError("y has values that are no whole numbers; allowed: whole numbers or text")
    return np.char.decode(y, "utf-8", "replace") if y.dtype.kind == "S" else y


def _values(x: NDArray[Any]) -> tuple[Values, Kind]:
    """uint8 images stay as they are; everything else becomes float32."""
    if x.ndim == 3:
        x = x[..., None]
    if x.ndim == 2 or x.dtype != np.uint8:
        with np.errstate(over="ignore"):
            x = x.astype(np.float32)
        if not np.isfinite(x).all():
            raise TableError("x has values that are missing, infinite or beyond 3e38; allowed: finite numbers")
    return x, "image" if x.ndim == 4 else "points" if x.shape[1] == 2 else "table"
