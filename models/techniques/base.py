"""What every technique is: its JSON form, its texts, and the hooks that say where it acts on the plan."""

from typing import Any, ClassVar, Literal, Protocol

from models.parameters import Entry
from models.plan import Call

Monitor = Literal["val_loss", "val_accuracy", "val_balanced_accuracy", "train_loss", "train_accuracy"]
Shape = tuple[int, ...]
Parts = dict[str, Any]


class Host(Protocol):
    """What a technique must know of the network that it acts on."""

    residual: ClassVar[bool]
    convolutional: ClassVar[bool]

    @property
    def normalizes(self) -> str | None:
        """The normalization that the network brings along, or None."""

    @property
    def self_normalizing(self) -> bool:
        """Whether its hidden layers have the activation selu."""

    @property
    def channels(self) -> frozenset[int]:
        """The sizes of the last axis wherever a normalization may stand."""


class Technique(Entry):
    """A technique: what it is called, what it does, and what it adds to a plan (nothing, unless overridden)."""

    idea: ClassVar[str]
    formula: ClassVar[str]
    acts: ClassVar[str]
    hurts: ClassVar[str]
    source: ClassVar[str]
    lesson: ClassVar[Parts] = {}
    """What the technique shows best on: parts of an experiment. All else comes from `experiment.lessons`; the
    technique's own parameters are those that a form starts with."""
    excludes: ClassVar[frozenset[str]] = frozenset()
    """Names of techniques that would set the same strength a second time."""
    sets_learning_rate: ClassVar[bool] = False
    """Whether it changes the learning rate in the course of a run."""

    def normalization(self) -> Call | None:
        """A layer between Dense or Conv2D and activation."""
        return None

    def noise(self) -> Call | None:
        """A layer after the activation; in a residual block inside the branch, never on the shortcut."""
        return None

    def branch_noise(self, depth: float, axes: int) -> Call | None:
        """A layer at the end of a residual branch. `depth` is its share of all blocks, in (0, 1]; `axes` of its output,
        the batch's included."""
        return None

    def penalty(self) -> dict[str, float]:
        """Strengths of the weight penalty by Keras's argument name (`l1`, `l2`)."""
        return {}

    def constraint(self) -> float | None:
        """Highest norm of the weights that lead into one unit or filter."""
        return None

    def optimizer(self) -> dict[str, float | bool]:
        """Further arguments of the optimizer."""
        return {}

    def schedule(self, learning_rate: float, steps: int) -> Call | None:
        """What stands for the learning rate in a run of so many gradient steps: a schedule of Keras's."""
        return None

    def loss(self) -> Call | None:
        """What stands for the cross-entropy in the objective; it takes class indices."""
        return None

    def smoothing(self) -> float:
        """The share of each label that is spread over all classes."""
        return 0.0

    def class_weighting(self) -> float | None:
        """The power of the inverse class frequencies by which rows weigh in the objective; None: all weigh the same."""
        return None

    def sharpness(self) -> float | None:
        """The length of a step uphill, at whose end the gradient of each step is taken; None: it is taken where the
        weights are."""
        return None

    def augmentation(self, input_shape: Shape) -> dict[str, Call]:
        """Keras layers that change the training inputs anew in each epoch, by their names."""
        return {}

    def mixing(self) -> Call | None:
        """A Keras layer that mixes training rows and their labels."""
        return None

    def callback(self) -> Call | None:
        """A Keras callback."""
        return None

    def networks(self) -> int:
        """How many networks are trained and averaged."""
        return 1

    def teaching(self) -> int:
        """How many networks are trained first, for this one to learn from; 0: none."""
        return 0

    def distillation(self) -> Call | None:
        """Keras's term by which the network learns from its teachers."""
        return None

    def row_factor(self) -> float:
        """By what factor the training rows grow."""
        return 1.0

    def refuse(self, host: Host, input_shape: Shape) -> str | None:
        """Why this makes no sense on such a network or such data (`input_shape` without batch axis), or None."""
        return None


def is_image(input_shape: Shape) -> bool:
    return len(input_shape) == 3
