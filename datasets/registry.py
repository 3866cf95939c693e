"""The registry of data sets. Each class is the JSON form of a data set and knows its size without loading it."""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from datasets.dataset import Arrays, Dataset, FloatArray, IntArray, Kind
from datasets.downloads import CIFAR10, MNIST, FashionMNIST
from datasets.uploads import Upload
from models.parameters import number

__all__ = ["DATASETS", "AnyDataset", "Arrays", "Dataset", "FloatArray", "IntArray", "Kind"]


class Digits(Dataset):
    """Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits" (UCI, 1998), 8x8 pixels from 0 to 16."""

    label = "Handwritten digits, 8×8"
    summary = "1,797 small grey images of the digits 0 to 9."
    kind = "image"
    shape = (8, 8, 1)
    classes = 10
    source = "https://archive.ics.uci.edu/dataset/80"

    name: Literal["digits"] = "digits"

    @property
    def rows(self) -> int:
        return 1797

    def load(self) -> Arrays:
        from sklearn.datasets import load_digits

        data = load_digits()
        x = data.images.astype(np.float32)[..., None] / 16
        return Arrays(x, data.target.astype(np.int32), tuple(map(str, range(10))), ())


class Table(Dataset):
    """A scikit-learn table; subclasses name its loader."""

    kind = "table"

    def _load_table(self, loader: str) -> Arrays:
        import sklearn.datasets

        data = getattr(sklearn.datasets, loader)()
        names = tuple(map(str, data.target_names))
        return Arrays(
            data.data.astype(np.float32), data.target.astype(np.int32), names, tuple(map(str, data.feature_names))
        )


class BreastCancer(Table):
    """Wolberg, Mangasarian, Street and Street, "Breast Cancer Wisconsin (Diagnostic)" (UCI, 1995)."""

    label = "Breast cancer"
    summary = "569 tumours, 30 measurements of cell nuclei, malignant or benign."
    shape = (30,)
    classes = 2
    source = "https://archive.ics.uci.edu/dataset/17"

    name: Literal["breast_cancer"] = "breast_cancer"

    @property
    def rows(self) -> int:
        return 569

    def load(self) -> Arrays:
        return self._load_table("load_breast_cancer")


class Wine(Table):
    """Aeberhard and Forina, "Wine" (UCI, 1992)."""

    label = "Wine"
    summary = "178 Italian wines, 13 chemical measurements, three growers."
    shape = (13,)
    classes = 3
    source = "https://archive.ics.uci.edu/dataset/109"

    name: Literal["wine"] = "wine"

    @property
    def rows(self) -> int:
        return 178

    def load(self) -> Arrays:
        return self._load_table("load_wine")


class Points(Dataset):
    """Points in the plane, made with seed 0; `noise` is the standard deviation added to both coordinates."""

    kind = "points"
    shape = (2,)
    source = "https://scikit-learn.org/stable/datasets/sample_generators.html"

    samples: int = number(500, 50, 10_000, step=50, label="Samples", about="Number of points, all splits together.")
    noise: float = number(0.25, 0.0, 2.0, step=0.05, label="Noise", about="Standard deviation added to the points.")

    @property
    def rows(self) -> int:
        return self.samples

    def _arrays(self, x: NDArray[np.float64], y: NDArray[np.int64]) -> Arrays:
        names = tuple(f"class {i}" for i in range(self.classes))
        return Arrays(x.astype(np.float32), y.astype(np.int32), names, ("x", "y"))


class Moons(Points):
    """Two interleaving half circles (scikit-learn's `make_moons`)."""

    label = "Two moons"
    summary = "Two half circles that reach into each other."
    classes = 2

    name: Literal["moons"] = "moons"

    def load(self) -> Arrays:
        from sklearn.datasets import make_moons

        return self._arrays(*make_moons(self.samples, noise=self.noise, random_state=0))


class Circles(Points):
    """A circle within a circle of twice its radius (scikit-learn's `make_circles`)."""

    label = "Two circles"
    summary = "A small circle inside a large one."
    classes = 2

    name: Literal["circles"] = "circles"
    noise: float = number(0.15, 0.0, 2.0, step=0.05, label="Noise", about="Standard deviation added to the points.")

    def load(self) -> Arrays:
        from sklearn.datasets import make_circles

        return self._arrays(*make_circles(self.samples, noise=self.noise, factor=0.5, random_state=0))


class Spirals(Points):
    """Three Archimedean spiral arms of one turn, r = t and angle = 2 pi (t + arm / 3), radius up to 2."""

    label = "Three spirals"
    summary = "Three arms wound around each other; hard for small networks."
    classes = 3

    name: Literal["spirals"] = "spirals"
    noise: float = number(0.1, 0.0, 2.0, step=0.05, label="Noise", about="Standard deviation added to the points.")

    def load(self) -> Arrays:
        generator = np.random.default_rng(0)
        y = np.arange(self.samples) % self.classes
        t = np.sqrt(generator.uniform(0.01, 1.0, self.samples))
        angle = 2 * np.pi * (t + y / self.classes)
        x = 2 * t[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return self._arrays(x + generator.normal(0.0, self.noise, x.shape), y)


AnyDataset = Digits | BreastCancer | Wine | MNIST | FashionMNIST | CIFAR10 | Moons | Circles | Spirals | Upload
DATASETS: dict[str, type[Dataset]] = {d.model_fields["name"].default: d for d in get_args(AnyDataset)}
