"""The registry of data sets. Each class is the JSON form of a data set and knows its size without loading it."""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from models.parameters import Entry, number

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]
Kind = Literal["image", "table", "points"]

SHARE_HELD_OUT = 0.2
"""Share of all rows in the test set, and again in the validation set."""


@dataclass(frozen=True)
class Arrays:
    """A whole data set: `x` (rows, *shape) float32, `y` (rows,) class indices from 0."""

    x: FloatArray
    y: IntArray
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...]


class Dataset(Entry):
    """What all data sets have in common; subclasses say their size and load themselves."""

    kind: ClassVar[Kind]
    shape: ClassVar[tuple[int, ...]]
    classes: ClassVar[int]
    source: ClassVar[str]

    train_size: int | None = Field(
        None, ge=1, title="Training rows", description="How many rows to train on; empty: all that are left."
    )
    label_noise: float = number(
        0.0, 0.0, 0.9, step=0.05, label="Label noise", about="Share of training labels changed to another class."
    )

    @property
    def rows(self) -> int:
        """Rows of the whole data set."""
        raise TypeError(type(self).__name__)

    @property
    def held_out(self) -> int:
        """Rows of the test set; the validation set has as many."""
        return round(SHARE_HELD_OUT * self.rows)

    @property
    def training_rows(self) -> int:
        """Rows that a run trains on."""
        return self.train_size or self.rows - 2 * self.held_out

    @model_validator(mode="after")
    def _check_train_size(self) -> "Dataset":
        low, high = 2 * self.classes, self.rows - 2 * self.held_out
        if self.train_size is not None and not low <= self.train_size <= high:
            raise ValueError(f"train_size is {self.train_size}; allowed for {self.name}: {low} to {high}, or null")
        return self

    def load(self) -> Arrays:
        """Reads or makes the data: the same arrays each time."""
        raise TypeError(type(self).__name__)


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


AnyDataset = Digits | BreastCancer | Wine | Moons | Circles | Spirals
DATASETS: dict[str, type[Dataset]] = {d.model_fields["name"].default: d for d in get_args(AnyDataset)}
