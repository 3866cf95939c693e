"""What an experiment's chart may show: its views and axes, what they are called, and how their values are written."""

from dataclasses import dataclass
from typing import Final

from analysis.lines import DIFFERENCES, Axis, Line, View
from wording.language import _
from wording.numbers import format_number

Reference = tuple[str, float]
"""What a predictor without a network scores: its name and its value in the view."""

SHARES: Final[tuple[View, ...]] = ("accuracy", "balanced_accuracy")
"""Views whose values are read as percentages."""
SHARES_LESS_OTHERS: Final[tuple[View, ...]] = ("accuracy_difference", "balanced_accuracy_difference")
SIGNED: Final[tuple[View, ...]] = ("difference", *SHARES_LESS_OTHERS, "gap")
"""Views whose values may be negative: they have no logarithm."""


@dataclass(frozen=True)
class Ghost:
    """How a variant's curve ran before a setting was changed.

    Attributes:
        place: of the variant among those shown, which gives the colour.
        name: what it was.
        line: its curve in the view.
    """

    place: int
    name: str
    line: Line


@dataclass(frozen=True)
class ChartOptions:
    """What is shown of an experiment, and on which axes.

    Attributes:
        reference: the variant that the others are compared with; it is focused unless another is pointed at.
        epochs: how many were asked for; the axis spans them from the start, so that growing curves do not move under
            the eye.
        view: what is shown.
        axis: of x.
        log_x: whether x has a logarithmic axis.
        log_y: whether the values are asked to have one; see `log_values`.
        references: predictors without a network.
        revision: while it stays the same, the zoom stays; give the experiment's identifier.
        ghosts: curves from before the last change, drawn pale.
    """

    reference: str
    epochs: int
    view: View = "loss"
    axis: Axis = "epoch"
    log_x: bool = False
    log_y: bool = False
    references: tuple[Reference, ...] = ()
    revision: str = "curves"
    ghosts: tuple[Ghost, ...] = ()

    @property
    def log_values(self) -> bool:
        """Whether the values have a logarithmic axis."""
        return self.log_y and self.view not in SIGNED


def name_view(view: View) -> str:
    """The title of a view's value axis."""
    return {
        "loss": _("Cross-entropy (clean)"),
        "accuracy": _("Accuracy"),
        "balanced_accuracy": _("Balanced accuracy"),
        "difference": _("Validation loss less the reference's"),
        "accuracy_difference": _("Validation accuracy less the reference's"),
        "balanced_accuracy_difference": _("Balanced validation accuracy less the reference's"),
        "gap": _("Validation loss less training loss"),
        "objective": _("Objective"),
        "memorization": _("Training loss, changed labels"),
    }[view]


def name_axis(axis: Axis) -> str:
    """The title of the x axis."""
    return {"epoch": _("Epoch"), "steps": _("Gradient steps"), "seconds": _("Seconds")}[axis]


def name_lines(view: View) -> tuple[str, str]:
    """What a view's line and the thinner one beside it show."""
    if view in DIFFERENCES or view == "gap":
        return _("difference"), ""
    return {
        "objective": (_("objective"), _("training loss, clean")),
        "memorization": (_("changed labels"), _("labels left as they are")),
    }.get(view, (_("validation"), _("training")))


def write_value(view: View, value: float) -> str:
    """A value as it stands at the end of its line."""
    if view in SHARES:
        return f"{100 * value:.1f}%"
    if view in SHARES_LESS_OTHERS:
        return f"{100 * value:+.1f}%".replace("-", "−")
    return format_number(value)


def tick_format(view: View) -> str:
    """How plotly.js writes values along the axis; a logarithmic one would by itself write 0.05 as a bare 5."""
    return ".0%" if view in SHARES else "+.1%" if view in SHARES_LESS_OTHERS else "~g"


def hover_place(axis: Axis) -> str:
    """A place on the x axis, in a hover template."""
    return {"epoch": _("epoch %{x}"), "steps": _("step %{x}"), "seconds": _("%{x:.2f} s")}[axis]


def hover_value(view: View) -> str:
    """A value, in a hover template."""
    return "%{y:.2%}" if view in SHARES else "%{y:+.2%}" if view in SHARES_LESS_OTHERS else "%{y:.4f}"
