"""Keras calls as source text, in the style that is asked for. The same calls become objects in `models.build`."""

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from models.plan import Call

Style = Literal["string", "function", "class"]
LINE_LENGTH = 100

POSITIONAL: Mapping[str, tuple[str, ...]] = {
    "layers.Dense": ("units",),
    "layers.Conv2D": ("filters", "kernel_size"),
    "layers.Activation": ("activation",),
    "layers.Dropout": ("rate",),
    "layers.SpatialDropout2D": ("rate",),
    "layers.GaussianDropout": ("rate",),
    "layers.GaussianNoise": ("stddev",),
    "layers.GroupNormalization": ("groups",),
    "layers.RandomFlip": ("mode",),
    "layers.RandomTranslation": ("height_factor", "width_factor"),
    "layers.RandomRotation": ("factor",),
    "layers.RandomZoom": ("height_factor",),
    "layers.RandomContrast": ("factor",),
    "layers.RandomErasing": ("factor",),
    "regularizers.L1": ("l1",),
    "regularizers.L2": ("l2",),
    "constraints.MaxNorm": ("max_value",),
    "callbacks.EarlyStopping": ("monitor",),
    "callbacks.ReduceLROnPlateau": ("monitor",),
}
"""The first parameters of Keras's signatures that everybody writes without their names."""

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "layers.Conv2D": {"strides": 1},
    "constraints.MaxNorm": {"axis": 0},
    "callbacks.EarlyStopping": {"min_delta": 0, "start_from_epoch": 0, "restore_best_weights": False},
    "callbacks.ReduceLROnPlateau": {"min_lr": 0},
}
"""Arguments left out of the text where they have Keras's default."""


@dataclass(frozen=True)
class Forms:
    """What Keras calls the same thing as a string and as a function, and the arguments for which these stand.

    A function is None where Keras has none.
    """

    string: str
    function: str | None = None
    stands_for: Mapping[str, Any] = field(default_factory=dict)


FORMS: Mapping[str, Forms] = {
    "losses.SparseCategoricalCrossentropy": Forms(
        "sparse_categorical_crossentropy", "losses.sparse_categorical_crossentropy"
    ),
    "losses.CategoricalCrossentropy": Forms("categorical_crossentropy", "losses.categorical_crossentropy"),
    "metrics.SparseCategoricalCrossentropy": Forms(
        "sparse_categorical_crossentropy", "metrics.sparse_categorical_crossentropy"
    ),
    "metrics.CategoricalCrossentropy": Forms("categorical_crossentropy", "metrics.categorical_crossentropy"),
    "metrics.SparseCategoricalAccuracy": Forms("sparse_categorical_accuracy", "metrics.sparse_categorical_accuracy"),
    "metrics.CategoricalAccuracy": Forms("categorical_accuracy", "metrics.categorical_accuracy"),
    "optimizers.Adam": Forms("adam", stands_for={"learning_rate": 0.001}),
    "optimizers.AdamW": Forms("adamw", stands_for={"learning_rate": 0.001, "weight_decay": 0.004}),
    "optimizers.RMSprop": Forms("rmsprop", stands_for={"learning_rate": 0.001}),
    "optimizers.SGD": Forms("sgd", stands_for={"learning_rate": 0.01}),
    "regularizers.L1": Forms("l1", stands_for={"l1": 0.01}),
    "regularizers.L2": Forms("l2", stands_for={"l2": 0.01}),
    "constraints.MaxNorm": Forms("max_norm", stands_for={"max_value": 2, "axis": 0}),
}

NO_PLACE = "{form} has no place for {keys}, so here is the class."
NO_FUNCTION = "Keras has no functions for {kind}, so here is the class."
NO_CLASS = "Keras has no classes for activations, so here is the function."


class Writer:
    """Writes Keras calls in one style. Where the style cannot say what is asked, the next one does; `notes` say why."""

    def __init__(self, style: Style) -> None:
        self.style = style
        self._notes: dict[str, None] = {}

    def take_notes(self) -> list[str]:
        """The notes since the last time, each once."""
        notes, self._notes = list(self._notes), {}
        return notes

    def expression(self, value: Any) -> str:
        """The text of a call, or of a plain value."""
        if not isinstance(value, Call):
            return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
        return self._short_form(value) or f"tf.keras.{value.path}({', '.join(self.arguments(value))})"

    def lay_out(self, head: str, value: Any, tail: str, indent: str) -> list[str]:
        """`head`, the value's text and `tail`, over several lines where the value is a call and one is too long."""
        if not isinstance(value, Call) or self._short_form(value):
            return [f"{indent}{head}{self.expression(value)}{tail}"]
        return lay_out_call(f"{head}tf.keras.{value.path}(", self.arguments(value), f"){tail}", indent)

    def arguments(self, call: Call) -> list[str]:
        """The arguments between the parentheses of a call."""
        return join_arguments(call.path, self.argument_texts(call))

    def argument_texts(self, call: Call) -> tuple[tuple[str, str], ...]:
        """The arguments that must be said: the well-known first ones first, then those that are no defaults."""
        given, defaults = dict(call.arguments), DEFAULTS.get(call.path, {})
        first = [key for key in POSITIONAL.get(call.path, ()) if key in given]
        rest = [
            key for key, value in given.items() if key not in first and (key not in defaults or value != defaults[key])
        ]
        return tuple((key, self._argument(key, given[key])) for key in [*first, *rest])

    def _argument(self, key: str, value: Any) -> str:
        if key != "activation" or self.style == "string":
            return self.expression(value)
        if self.style == "class":
            self._notes[NO_CLASS] = None
        return f"tf.keras.activations.{value}"

    def _short_form(self, call: Call) -> str | None:
        """The call as a string or a function, if the style wants it so and nothing is lost."""
        forms = FORMS.get(call.path)
        if forms is None or self.style == "class":
            return None
        lost = [key for key, value in call.arguments if forms.stands_for.get(key) != value]
        if self.style == "string" and not lost:
            return json.dumps(forms.string)
        if forms.function and not call.arguments:
            return f"tf.keras.{forms.function}"
        self._notes[self._why_class(call, forms, lost)] = None
        return None

    def _why_class(self, call: Call, forms: Forms, lost: Sequence[str]) -> str:
        if self.style == "string":
            return NO_PLACE.format(form=f'The string "{forms.string}"', keys=_listed(lost))
        if forms.function:
            return NO_PLACE.format(form="A function", keys=_listed(lost))
        return NO_FUNCTION.format(kind=call.path.split(".")[0])


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def comment(text: str) -> list[str]:
    """A comment over as many lines as it takes."""
    return textwrap.wrap(text, LINE_LENGTH, initial_indent="# ", subsequent_indent="# ")


def join_arguments(path: str, arguments: Sequence[tuple[str, str]]) -> list[str]:
    """`Dense` with units and kernel_regularizer: `128`, `kernel_regularizer=...`."""
    positional = POSITIONAL.get(path, ())
    return [text if key in positional else f"{key}={text}" for key, text in arguments]


def lay_out_list(head: str, items: Sequence[str], tail: str = "]") -> list[str]:
    """A list in one line if it fits, else an item in each."""
    line = f"{head}{', '.join(items)}{tail}"
    return [line] if len(line) <= LINE_LENGTH else [head, *(f"    {item}," for item in items), tail]


def lay_out_call(head: str, arguments: Sequence[str], tail: str = ")", indent: str = "") -> list[str]:
    """`head`, arguments and `tail` in one line; where that is too long, over several, as Black does it."""
    line = f"{indent}{head}{', '.join(arguments)}{tail}"
    if len(line) <= LINE_LENGTH or not arguments:
        return [line]
    inner = f"{indent}    {', '.join(arguments)}"
    lines = [inner] if len(inner) <= LINE_LENGTH else [f"{indent}    {argument}," for argument in arguments]
    return [f"{indent}{head}", *lines, f"{indent}{tail}"]
