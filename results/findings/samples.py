"""What augmentation and mixing make of some training images. A worker's answer to a page: not stored."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Samples:
    """The same training rows as they are (first), then in the first epochs of a run.

    Attributes:
        class_names: of all classes.
        images: uint8, shape (1 + epochs, images, height, width, channels).
        labels: the share of each class in each image, shape (1 + epochs, images, classes).
    """

    class_names: tuple[str, ...]
    images: NDArray[np.uint8]
    labels: NDArray[np.float32]


def pack_samples(samples: Samples) -> bytes:
    """Samples as bytes."""
    file = io.BytesIO()
    names = np.array(samples.class_names)
    np.savez_compressed(file, class_names=names, images=samples.images, labels=samples.labels)
    return file.getvalue()


def read_samples(content: bytes) -> Samples:
    """What `pack_samples` packed."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return Samples(tuple(map(str, file["class_names"])), file["images"], file["labels"])
