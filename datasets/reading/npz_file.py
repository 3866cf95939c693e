"""An NPZ file as a table: arrays `x` and `y`. Sizes and types are read from headers, before anything is unpacked."""

import zipfile
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from datasets.dataset import Arrays, Kind, Values
from datasets.reading.archive import BROKEN
from datasets.reading.cells import Cells
from datasets.reading.description import Column, Description
from datasets.reading.doubts import doubts_of_rows
from datasets.reading.features import find_groups
from datasets.table import MAX_FEATURES, MAX_SIDE, Table, TableError, check_size, encode_classes
from wording.language import _, say_later

EXPECTED = say_later(
    "an NPZ file with x (rows, features), (rows, height, width) or (rows, height, width, 1 or 3), and y (rows,)"
)
MAX_HEADER = 10_000

Header = tuple[tuple[int, ...], "np.dtype[Any]"]


def read_npz(archive: zipfile.ZipFile) -> Table:
    """Features or images, and classes.

    Raises:
        TableError: saying what is wrong and what is allowed.
    """
    try:
        headers = {name: _header(archive, name) for name in ("x", "y")}
        _check_headers(headers["x"], headers["y"])
        x, y = (_array(archive, name) for name in ("x", "y"))
    except TableError:
        raise
    except BROKEN as error:
        raise TableError(
            _("the file is broken ({error}); allowed: {expected}").format(error=error, expected=_(EXPECTED))
        ) from None
    cells = _labels(y)
    notes: tuple[str, ...] = ()
    known = np.array([bool(value) for value in cells.values], bool)[cells.codes]
    if not known.all():
        x, cells = x[known], cells.take(known)
        notes = (_("{lost:,} rows without a class left out.").format(lost=int((~known).sum())),)
    labels, class_names = encode_classes(cells, "y")
    values, kind = _values(x)
    names = () if kind == "image" else tuple(f"feature {i + 1}" for i in range(values.shape[1]))
    classes = dict(zip(class_names, np.bincount(labels).tolist(), strict=True))
    groups, twins = find_groups(values.reshape(len(values), -1))
    doubts = doubts_of_rows(twins, classes)
    description = Description(
        _columns(values, names), len(known), None, classes, names, notes=notes, doubts=doubts, format="npz"
    )
    return Table(Arrays(values, labels, class_names, names, groups=groups), kind, description)


def _columns(values: Values, names: tuple[str, ...]) -> tuple[Column, ...]:
    """The features as columns; none of images."""
    examples = (tuple(f"{value:g}" for value in values[:3, place]) for place in range(len(names)))
    return tuple(Column(name, "number", "feature", 0, shown) for name, shown in zip(names, examples, strict=True))


def _header(archive: zipfile.ZipFile, name: str) -> Header:
    """Shape and type of an array; the header may not claim more than is there: NumPy reserves that much at once."""
    try:
        entry = archive.getinfo(f"{name}.npy")
    except KeyError:
        raise TableError(
            _("the file has no array {name}; allowed: {expected}").format(name=name, expected=_(EXPECTED))
        ) from None
    with archive.open(entry) as file:
        shape, dtype = _read_header(file)
    if dtype.hasobject:
        raise TableError(
            _("{name} holds Python objects, which are never read; allowed: numbers, or text for y").format(name=name)
        )
    if dtype.itemsize * int(np.prod(shape, dtype=object)) > entry.file_size:
        raise TableError(
            _("{name} claims to be {shape}, which is more than the file has").format(name=name, shape=shape)
        )
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
        raise TableError(
            _("x is of type {dtype}; allowed: whole numbers, floating-point numbers, true and false").format(
                dtype=dtype
            )
        )
    if y[1].kind not in "buifUS":
        raise TableError(
            _("y is of type {dtype}; allowed: whole numbers or text, one class for each row").format(dtype=y[1])
        )
    if len(y[0]) == 2 and y[0][1] == 1:  # as keras.datasets gives CIFAR-10's
        y = (y[0][:1], y[1])
    if y[0] != shape[:1]:
        raise TableError(
            _("x is {shape} and y is {y}; allowed: {expected}").format(shape=shape, y=y[0], expected=_(EXPECTED))
        )
    images = len(shape) in (3, 4)
    if images and not (all(2 <= side <= MAX_SIDE for side in shape[1:3]) and shape[3:] in ((), (1,), (3,))):
        raise TableError(
            _("x is {shape}; allowed: images of 2 to {max_side} pixels a side, grey or with 3 colours").format(
                shape=shape, max_side=MAX_SIDE
            )
        )
    if not images and (len(shape) != 2 or not 1 <= shape[1] <= MAX_FEATURES):
        raise TableError(
            _("x is {shape}; allowed: {expected}, up to {max_features:,} features").format(
                shape=shape, expected=_(EXPECTED), max_features=MAX_FEATURES
            )
        )
    check_size(shape[0], int(np.prod(shape[1:])))


def _labels(y: NDArray[Any]) -> Cells:
    """Classes by their names, as a CSV file would have them: 10, True, cat."""
    y = y.reshape(len(y))
    if y.dtype.kind == "f":
        if not (np.isfinite(y) & (y == np.round(y))).all():
            raise TableError(_("y has values that are no whole numbers; allowed: whole numbers or text"))
        y = y.astype(object) if np.abs(y).max(initial=0) >= 2**53 else y.astype(np.int64)
    if y.dtype.kind == "S":
        y = np.char.decode(y, "utf-8", "replace")
    values, codes = np.unique(y, return_inverse=True)
    names = [str(int(value)) if isinstance(value, float) else str(value).strip() for value in values]
    different, places = np.unique(np.array(names, str), return_inverse=True)
    return Cells(different.tolist(), places.reshape(-1)[codes.reshape(-1)].astype(np.int32))


def _values(x: NDArray[Any]) -> tuple[Values, Kind]:
    """uint8 images stay as they are; everything else becomes float32."""
    if x.ndim == 3:
        x = x[..., None]
    if x.ndim == 2 or x.dtype != np.uint8:
        with np.errstate(over="ignore"):
            x = x.astype(np.float32)
        if not np.isfinite(x).all():
            raise TableError(_("x has values that are missing, infinite or beyond 3e38; allowed: finite numbers"))
    return x, "image" if x.ndim == 4 else "points" if x.shape[1] == 2 else "table"
