"""Lines of a network's source, repeated ones folded into loops."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from export.keras_text import LINE_LENGTH, join_arguments, lay_out_call

LINES_TO_SAVE = 3
"""A loop that saves fewer lines is harder to read than what it stands for."""

FEW_VALUES = 8
"""So many values of a loop are listed, even where a formula gives them."""

FEW_VARIABLES = 4
"""So many variables of a loop fit into a line."""

DIGITS = 6
"""To which plans round rates that grow over the blocks."""


@dataclass(frozen=True)
class Line:
    """`target = tf.keras.path(arguments)(operand)`; without a path `target = operand`."""

    target: str
    path: str
    arguments: tuple[tuple[str, str], ...]
    operand: str

    @property
    def shape(self) -> Any:
        """What lines of one loop have in common."""
        return self.target, self.path, tuple(key for key, _ in self.arguments), self.operand

    def write(self, indent: str = "") -> list[str]:
        """The source text."""
        if not self.path:
            return [f"{indent}{self.target} = {self.operand}"]
        arguments = join_arguments(self.path, self.arguments)
        return lay_out_call(f"{self.target} = tf.keras.{self.path}(", arguments, f")({self.operand})", indent)


@dataclass(frozen=True)
class Loop:
    """`head`, with so many variables, over a body."""

    head: str
    variables: int
    body: "tuple[Line | Loop, ...]"

    def write(self, indent: str = "") -> list[str]:
        """The source text."""
        head = textwrap.wrap(self.head, LINE_LENGTH, initial_indent=indent, subsequent_indent=f"{indent}    ")
        return [*head, *(line for part in self.body for line in part.write(f"{indent}    "))]


class Repetition(NamedTuple):
    """`times` blocks of `size` lines each, from line `start` on, or up to `slack` lines later."""

    start: int
    size: int
    times: int
    slack: int

    @property
    def saved(self) -> int:
        """Lines that a loop saves."""
        return (self.times - 1) * self.size - 1


def fold(lines: Sequence[Line]) -> list[Line | Loop]:
    """The same lines, with what repeats itself in loops: the one that saves most first, then around and inside it."""
    best = max(_repetitions(lines), key=lambda found: (found.saved, -found.size), default=None)
    if best is None or best.saved < LINES_TO_SAVE:
        return list(lines)
    start = min(range(best.start, best.start + best.slack + 1), key=lambda start: _awkwardness(lines, start, best))
    loop = _loop(_cut(lines, start, best))
    return [*fold(lines[:start]), loop, *fold(lines[start + best.times * best.size :])]


def _awkwardness(lines: Sequence[Line], start: int, found: Repetition) -> tuple[int, bool, int]:
    """The blocks may begin anywhere in the slack: best with few variables, and where a shortcut leaves."""
    return _loop(_cut(lines, start, found)).variables, lines[start].target != "shortcut", start


def _cut(lines: Sequence[Line], start: int, found: Repetition) -> list[Sequence[Line]]:
    """The blocks of a repetition from this start."""
    return [lines[start + place * found.size :][: found.size] for place in range(found.times)]


def _repetitions(lines: Sequence[Line]) -> Iterator[Repetition]:
    """For each size of a block the places where blocks of one shape follow each other."""
    shapes = [line.shape for line in lines]
    for size in range(1, len(lines) // 2 + 1):
        length = 0
        for place in range(len(lines) - size + 1):
            if place + size < len(lines) and shapes[place] == shapes[place + size]:
                length += 1
                continue
            if length >= size:
                yield Repetition(place - length, size, length // size + 1, length % size)
            length = 0


def _loop(blocks: Sequence[Sequence[Line]]) -> Loop:
    """One loop over blocks of the same shape: arguments that differ become its variables."""
    names: dict[tuple[str, ...], str] = {}
    body = []
    for versions in zip(*blocks, strict=True):
        arguments = []
        for place, (key, text) in enumerate(versions[0].arguments):
            values = tuple(version.arguments[place][1] for version in versions)
            if len(set(values)) > 1:
                text = names.setdefault(values, _free_name(key, names.values()))
            arguments.append((key, text))
        body.append(replace(versions[0], arguments=tuple(arguments)))
    return Loop(_head(names, len(blocks)), len(names), tuple(fold(body)))


def _free_name(key: str, taken: Iterable[str]) -> str:
    number = sum(name == key or name.startswith(f"{key}_") for name in taken)
    return f"{key}_{number + 1}" if number else key


def _head(names: dict[tuple[str, ...], str], count: int) -> str:
    if not names:
        return f"for _ in range({count}):"
    if len(names) == 1:
        ((values, name),) = names.items()
        return f"for {name} in {_formula(values) or '(' + ', '.join(values) + ')'}:"
    rows = (f"({', '.join(row)})" for row in zip(*names, strict=True))
    targets = ", ".join(names.values())
    if len(names) > FEW_VARIABLES:
        targets = f"({targets})"  # Python breaks a line only within brackets
    return f"for {targets} in ({', '.join(rows)}):"


def _formula(values: Sequence[str]) -> str | None:
    """Many values that grow in equal steps up to the last one, as a generator."""
    count, last = len(values), values[-1]
    try:
        even = all(float(text) == round(float(last) * i / count, DIGITS) for i, text in enumerate(values, 1))
    except ValueError:
        return None
    formula = f"(round({last} * block / {count}, {DIGITS}) for block in range(1, {count + 1}))"
    return formula if even and count > FEW_VALUES else None
