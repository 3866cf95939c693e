"""Data sets that a worker downloads once, and everybody then reads from a folder of this machine's user."""

import os
import tempfile
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import platformdirs
from numpy.typing import NDArray

from datasets.dataset import Arrays, Dataset
from wording.language import _

PixelArray = NDArray[np.uint8]


def cache_folder() -> Path:
    """Where downloaded data sets are kept, as NPZ files of `x` and `y` (Linux: ~/.cache/regularizer-lab/datasets)."""
    return Path(platformdirs.user_cache_dir("regularizer-lab", appauthor=False)) / "datasets"


class Download(Dataset):
    """Images of `keras.datasets`; the training and test rows of its authors together, under our own split.

    Attributes:
        total: rows of both parts.
        bytes_to_download: for the sign of progress.
        archive: what Keras downloads, below its own folder: a file, or a folder of files.
        class_texts: names of the classes.
    """

    kind = "image"
    classes = 10
    origin = "download"
    total: ClassVar[int]
    bytes_to_download: ClassVar[int]
    archive: ClassVar[str]
    class_texts: ClassVar[tuple[str, ...]] = tuple(map(str, range(10)))

    @property
    def rows(self) -> int:
        return self.total

    @property
    def file(self) -> Path:
        """Our own copy, once it is downloaded."""
        return cache_folder() / f"{self.name}.npz"

    @property
    def missing(self) -> str | None:
        return None if self.file.exists() else _("{label} is not downloaded yet.").format(label=_(self.label))

    def load(self) -> Arrays:
        with np.load(self.file, allow_pickle=False) as content:
            return Arrays(content["x"], content["y"].astype(np.int32), self.class_texts, ())

    def keep(self, x: PixelArray, y: PixelArray) -> None:
        """Writes our own copy, whole or not at all.

        Raises:
            ValueError: these are not the arrays of this data set.
        """
        expected = (self.rows, *self.shape)
        if x.shape != expected or x.dtype != np.uint8 or y.shape != (self.rows,) or set(y) != set(range(self.classes)):
            raise ValueError(f"{self.label}: got {x.dtype} {x.shape} and labels {y.shape}; expected uint8 {expected}")
        self.file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self.file.parent, suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as file:
                np.savez(file, x=x, y=y)
            Path(name).replace(self.file)
        finally:
            Path(name).unlink(missing_ok=True)


class MNIST(Download):
    """LeCun, Cortes and Burges, "The MNIST database of handwritten digits" (1998), CC BY-SA 3.0."""

    label = "MNIST digits, 28×28"
    summary = "70,000 handwritten digits. Downloaded once, 11 MB."
    shape = (28, 28, 1)
    source = "https://keras.io/api/datasets/mnist/"
    total = 70_000
    bytes_to_download = 11_490_434
    archive = "datasets/mnist.npz"

    name: Literal["mnist"] = "mnist"


class FashionMNIST(Download):
    """Xiao, Rasul and Vollgraf, "Fashion-MNIST" (2017), https://arxiv.org/abs/1708.07747, MIT license."""

    label = "Fashion-MNIST, 28×28"
    summary = "70,000 small grey pictures of clothes, shoes and bags. Downloaded once, 31 MB."
    shape = (28, 28, 1)
    source = "https://github.com/zalandoresearch/fashion-mnist"
    total = 70_000
    bytes_to_download = 30_878_645
    archive = "datasets/fashion-mnist"
    class_texts = (
        "T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
    )  # fmt: skip

    name: Literal["fashion_mnist"] = "fashion_mnist"


class CIFAR10(Download):
    """Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009)."""

    label = "CIFAR-10, 32×32 colour"
    summary = "60,000 small colour photographs of animals and vehicles. Downloaded once, 170 MB."
    shape = (32, 32, 3)
    source = "https://www.cs.toronto.edu/~kriz/cifar.html"
    total = 60_000
    bytes_to_download = 170_498_071
    archive = "datasets/cifar-10-batches-py-target_archive"
    class_texts = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

    name: Literal["cifar10"] = "cifar10"


DOWNLOADABLE: dict[str, type[Download]] = {d.model_fields["name"].default: d for d in (MNIST, FashionMNIST, CIFAR10)}
