"""What a data set is: its JSON form, which knows its size without loading it, and its arrays."""

from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from models.parameters import Entry, number
from wording.language import _

FloatArray = NDArray[np.float32]
Values = NDArray[np.float32 | np.float64 | np.uint8]
IntArray = NDArray[np.int32]
Kind = Literal["image", "table", "points"]
Origin = Literal["embedded", "download", "upload"]

SHARE_HELD_OUT = 0.2
MOST_HELD_OUT = 5_000
"""Share of all rows in the test set, and again in the validation set, and at most so many of them."""
MOST_JUDGED = 10_000
"""Training rows that the clean training loss is over at most."""


@dataclass(frozen=True)
class Arrays:
    """A whole data set: `x` (rows, *shape), `y` (rows,) class indices from 0.

    `x` is float32, NaN where a value is missing; float64 where float32 would lose what tells rows apart. Images of
    pixels from 0 to 255 stay uint8, a quarter of the memory.

    `indicators`: places of the features that are 0 or 1 for a text's value; they are not scaled. `groups` (rows,):
    rows of one number stay on one side of every split; None: all rows are on their own.
    """

    x: Values
    y: IntArray
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...]
    indicators: tuple[int, ...] = ()
    groups: IntArray | None = None


class Dataset(Entry):
    """What all data sets have in common; subclasses say their size and load themselves."""

    kind: ClassVar[Kind]
    shape: ClassVar[tuple[int, ...]]
    classes: ClassVar[int]
    source: ClassVar[str]
    origin: ClassVar[Origin] = "embedded"

    train_size: int | None = Field(
        None, ge=1, title="Training rows", description="How many rows to train on; empty: all that are left."
    )
    label_noise: float = number(
        0.0,
        0.0,
        0.9,
        step=0.05,
        label="Label noise",
        about="Share of labels changed to another class; never those of validation and test rows.",
    )

    @property
    def rows(self) -> int:
        """Rows of the whole data set."""
        raise TypeError(type(self).__name__)

    @property
    def uploads(self) -> tuple[str, ...]:
        """SHA-256 of the uploaded files that it is made of."""
        return ()

    @property
    def groups(self) -> IntArray | None:
        """Rows of one number stay on one side of every split (rows,); None: all rows are on their own."""
        return None

    @property
    def missing(self) -> str | None:
        """Why it cannot be loaded on this machine yet; None where it can."""
        return None

    @property
    def whole(self) -> Self:
        """The same data with all rows and their true labels: what loading depends on."""
        return self.model_copy(update={"train_size": None, "label_noise": 0.0})

    @property
    def held_out(self) -> int:
        """Rows of the test set; the validation set has as many."""
        return min(round(SHARE_HELD_OUT * self.rows), MOST_HELD_OUT)

    @property
    def training_rows(self) -> int:
        """Rows that a run trains on."""
        return self.train_size or self.rows - 2 * self.held_out

    @property
    def judged_rows(self) -> int:
        """Of the training rows, those that the clean training loss and accuracy are over: the first of their order."""
        return min(self.training_rows, MOST_JUDGED)

    @model_validator(mode="after")
    def _check_train_size(self) -> "Dataset":
        low, high = 2 * self.classes, self.rows - 2 * self.held_out
        if self.train_size is not None and not low <= self.train_size <= high:
            raise ValueError(
                _("train_size is {train_size}; allowed for {name}: {low} to {high}, or null").format(
                    train_size=self.train_size, name=self.name, low=low, high=high
                )
            )
        return self

    def load(self) -> Arrays:
        """Reads or makes the data: the same arrays each time."""
        raise TypeError(type(self).__name__)
