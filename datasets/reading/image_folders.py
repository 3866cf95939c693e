"""A ZIP file with a folder of images for each class."""

import io
import struct
import zipfile
from collections import Counter
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datasets.dataset import Arrays
from datasets.reading.archive import BROKEN
from datasets.reading.cells import Cells
from datasets.reading.description import Description
from datasets.reading.doubts import doubts_of_rows
from datasets.reading.features import find_groups
from datasets.table import MAX_ROWS, MAX_SIDE, Table, TableError, encode_classes, shown
from wording.language import _, say_later

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".bmp": "BMP", ".gif": "GIF", ".webp": "WEBP"}
BESIDE = {".txt", ".md", ".csv", ".json", ".xml", ".db", ".ini", ".pdf", ""}
"""Endings of what people leave beside their images; anything else is refused."""

MIN_SIDE = 8
MAX_PIXELS, MAX_JPEG_PIXELS = 10_000_000, 50_000_000
"""Of an image, which takes 4 bytes for each; JPEG can be unpacked at an eighth of its size."""

MAX_IMAGE_BYTES = 20_000_000
UNREADABLE = (
    *BROKEN, Image.DecompressionBombError, struct.error, SyntaxError, TypeError, IndexError, AttributeError,
    AssertionError, OverflowError,
)  # fmt: skip
"""What Pillow raises of broken files, format by format (13.0)."""

GREY = {"1", "L", "LA", "I", "I;16", "I;16B"}
EXPECTED = say_later("a folder for each class, with PNG, JPEG, BMP, GIF or WebP images in it")


def read_images(archive: zipfile.ZipFile, max_bytes: int) -> Table:
    """Images of one size, 8 to 64 pixels a side, and the names of their folders as classes.

    Raises:
        TableError: saying which file is refused and why.
    """
    entries, left_out = _images(archive)
    if len(entries) > MAX_ROWS:
        raise TableError(
            _("the file has {entries:,} images; allowed: up to {max_rows:,}").format(
                entries=len(entries), max_rows=MAX_ROWS
            )
        )
    sizes, grey = _look_at(archive, entries)
    height, width = _common_size(sizes)
    shape = (len(entries), height, width, 1 if grey else 3)
    if (size := int(np.prod(shape))) > max_bytes:
        raise TableError(
            _("the images take {size:,} bytes at {width} × {height} pixels; allowed here: {max_bytes:,}").format(
                size=size, width=width, height=height, max_bytes=max_bytes
            )
        )
    x = np.empty(shape, np.uint8)
    for place, entry in enumerate(entries):
        x[place] = _pixels(archive, entry, (width, height), grey=grey)
    y, names = encode_classes(_classes(entries), _("the folders"))
    groups, twins = find_groups(x.reshape(len(x), -1))
    notes = [_("{entries:,} images in the folders of {names} classes.").format(entries=len(entries), names=len(names))]
    if scaled := sum(count for size_, count in sizes.items() if size_ != (width, height)):
        notes.append(
            _("{scaled:,} images of other sizes were scaled to {width} × {height} pixels.").format(
                scaled=scaled, width=width, height=height
            )
        )
    if left_out:
        notes.append(
            _("Left out, being no images: {names}.").format(
                names=", ".join([*map(shown, left_out[:5]), *["…"] * (len(left_out) > 5)])
            )
        )
    classes = dict(zip(names, np.bincount(y).tolist(), strict=True))
    description = Description(
        (), len(x), None, classes, (), notes=tuple(notes), doubts=doubts_of_rows(twins, classes), format="images"
    )
    return Table(Arrays(x, y, names, (), groups=groups), "image", description)


def _images(archive: zipfile.ZipFile) -> tuple[list[zipfile.ZipInfo], list[str]]:
    """The images in the order of their paths, and what else is there."""
    images, left_out = [], []
    for entry in sorted(archive.infolist(), key=lambda entry: entry.filename):
        path = PurePosixPath(entry.filename)
        if entry.is_dir() or "__MACOSX" in path.parts or path.name.startswith("."):
            continue
        ending = path.suffix.lower()
        if ending in FORMATS and len(path.parts) > 1:
            if entry.file_size > MAX_IMAGE_BYTES:
                raise TableError(
                    _("{path} unpacks to {file_size:,} bytes; allowed: {max_image_bytes:,}").format(
                        path=shown(path), file_size=entry.file_size, max_image_bytes=MAX_IMAGE_BYTES
                    )
                )
            images.append(entry)
        elif ending in FORMATS:
            raise TableError(
                _("{path} is in no folder; allowed: {expected}").format(path=shown(path), expected=_(EXPECTED))
            )
        elif ending in BESIDE:
            left_out.append(entry.filename)
        else:
            raise TableError(
                _("{path} is no image that is read here; allowed: {expected}").format(
                    path=shown(path), expected=_(EXPECTED)
                )
            )
    if not images:
        raise TableError(
            _("the file has no images, and no array x; allowed: {expected}; or an NPZ file with x and y").format(
                expected=_(EXPECTED)
            )
        )
    return images, left_out


def _open(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Image.Image:
    """An image of which only the head is read."""
    try:
        image = Image.open(io.BytesIO(archive.read(entry)), formats=sorted(set(FORMATS.values())))
    except UNREADABLE as error:
        raise TableError(
            _("{filename} cannot be read as an image: {error}").format(filename=shown(entry.filename), error=error)
        ) from None
    most = MAX_JPEG_PIXELS if image.format == "JPEG" else MAX_PIXELS
    if image.width * image.height > most:
        raise TableError(
            _("{filename} has {width:,} × {height:,} pixels; allowed: {most:,}").format(
                filename=shown(entry.filename), width=image.width, height=image.height, most=most
            )
        )
    return image


def _look_at(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> tuple[Counter[tuple[int, int]], bool]:
    """How many images have each size (width, height), and whether all are grey."""
    sizes: Counter[tuple[int, int]] = Counter()
    grey = True
    for entry in entries:
        image = _open(archive, entry)
        sizes[image.size] += 1
        grey = grey and image.mode in GREY
    return sizes, grey


def _common_size(sizes: Counter[tuple[int, int]]) -> tuple[int, int]:
    """Height and width of most images, brought within the limits."""
    (width, height), _ = max(sizes.items(), key=lambda item: (item[1], item[0]))
    factor = min(1.0, MAX_SIDE / max(width, height))
    height, width = (min(MAX_SIDE, max(MIN_SIDE, round(side * factor))) for side in (height, width))
    return height, width


def _pixels(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, size: tuple[int, int], *, grey: bool
) -> NDArray[np.uint8]:
    """The first frame of an image at this size (height, width, 1 or 3), on black where it is transparent."""
    image = _open(archive, entry)
    try:
        image.draft("L" if grey else "RGB", size)
        image.load()
        if image.mode.startswith("I"):
            image = Image.fromarray((np.asarray(image, np.float64) / 256).astype(np.uint8))
        if image.mode != (mode := "L" if grey else "RGB"):
            image = image.convert(mode)
        if image.size != size:
            image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    except UNREADABLE as error:
        raise TableError(
            _("{filename} cannot be read as an image: {error}").format(filename=shown(entry.filename), error=error)
        ) from None
    return np.asarray(image, np.uint8).reshape(size[1], size[0], 1 if grey else 3)


def _classes(entries: list[zipfile.ZipInfo]) -> Cells:
    names = [PurePosixPath(entry.filename).parent.name for entry in entries]
    values, codes = np.unique(np.array(names, str), return_inverse=True)
    return Cells(values.tolist(), codes.astype(np.int32))
