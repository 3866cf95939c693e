"""Keras calls as source text, in the style that is asked for; `training/worker/build.py` makes objects of them."""

import json
import textwrap
from collections.abc import Sequence
from typing import Any, Literal

from models.keras_names import BY_CLASS, KerasName
from models.layer_facts import LAYER_FACTS, LayerFacts, PlanError
from models.plan import Call
from wording.language import _, say_later
from wording.numbers import join_texts

Style = Literal["string", "function", "class"]
LINE_LENGTH = 100

NO_PLACE = say_later("{form} has no place for {keys}, so here is the class.")
NO_FUNCTION = say_later("Keras has no functions that stand for {kind}, so here is the class.")
NO_CLASS = say_later("tf.keras.activations has functions alone, so here is the function.")


class Writer:
    """Writes Keras calls in one style. Where the style cannot say what is asked, the next one does; `notes` say why."""

    def __init__(self, style: Style) -> None:
        self.style = style
        self._notes: dict[str, None] = {}
        self._names: dict[Call, str] = {}

    def name(self, call: Call, name: str) -> str:
        """The line that gives a call a name, which stands for it from now on."""
        line = f"{name} = {self.expression(call)}"
        self._names[call] = name
        return line

    def is_short(self, call: Call) -> bool:
        """Whether the style says this call as a string or a function."""
        return self._short_form(call) is not None

    def take_notes(self) -> list[str]:
        """The notes since the last time, each once."""
        notes, self._notes = list(self._notes), {}
        return notes

    def expression(self, value: Any) -> str:
        """The text of a call, or of a plain value."""
        if not isinstance(value, Call):
            return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
        if value in self._names:
            return self._names[value]
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
        given, known = dict(call.arguments), _known(call.path)
        first = [key for key in known.positional if key in given]
        rest = [
            key
            for key, value in given.items()
            if key not in first and (key not in known.defaults or value != known.defaults[key])
        ]
        return tuple((key, self._argument(key, given[key])) for key in [*first, *rest])

    def _argument(self, key: str, value: Any) -> str:
        if key != "activation" or self.style == "string":
            return self.expression(value)
        if self.style == "class":
            self._notes[_(NO_CLASS)] = None
        return f"tf.keras.activations.{value}"

    def _short_form(self, call: Call) -> str | None:
        """The call as a string or a function, if the style wants it so and nothing is lost."""
        name = BY_CLASS.get(call.path)
        if name is None or name.string is None or self.style == "class":
            return None
        lost = [key for key, value in call.arguments if name.stands_for.get(key) != value]
        if self.style == "string" and not lost:
            return json.dumps(name.string)
        if name.function and not call.arguments:
            return f"tf.keras.{name.function}"
        self._notes[self._why_class(call, name, lost)] = None
        return None

    def _why_class(self, call: Call, name: KerasName, lost: Sequence[str]) -> str:
        if self.style == "string":
            return _(NO_PLACE).format(form=_('The string "{name}"').format(name=name.string), keys=_listed(lost))
        if name.function:
            return _(NO_PLACE).format(form=_("A function"), keys=_listed(lost))
        return _(NO_FUNCTION).format(kind=call.path.split(".")[0])


def _known(path: str) -> LayerFacts | KerasName:
    """How a call is written, from the table that has it.

    Raises:
        PlanError: none has it.
    """
    found = LAYER_FACTS.get(path) or BY_CLASS.get(path)
    if found is None:
        raise PlanError(f"{path} is not known: neither models/layer_facts.py nor models/keras_names.py has it")
    return found


def _listed(words: Sequence[str]) -> str:
    return join_texts(words)


def comment(text: str, indent: int = 0) -> list[str]:
    """A comment over as many lines as it takes, short enough to be indented so far."""
    return textwrap.wrap(text, LINE_LENGTH - indent, initial_indent="# ", subsequent_indent="# ")


def join_arguments(path: str, arguments: Sequence[tuple[str, str]]) -> list[str]:
    """`Dense` with units and kernel_regularizer: `128`, `kernel_regularizer=...`."""
    positional = _known(path).positional
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
