"""What the cells of a column say: numbers in a consistent notation, marks for missing values, dates."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wording.language import _

MISSING_MARKS = frozenset(
    ["", "na", "n/a", "n.a.", "#n/a", "#na", "<na>", "nan", "nat", "null", "none", "nil", "?", "-", "--", "–", "—", ".",
     "..", "*", "missing", "unknown", "#null!", "#div/0!", "#value!", "1.#qnan", "-1.#ind"]
)  # fmt: skip
"""In lower case; among numbers they mean that there is none. Among texts only an empty cell does."""

INFINITE = frozenset(f"{sign}{word}" for sign in ("", "+", "-") for word in ("inf", "infinity", "∞", "1.#inf"))
PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
SPACES = " \u00a0\u2009\u202f"
BEFORE = r"(?:[$€£¥₩]|[A-Z]{2,3}[$ ])?"
AFTER = r"(?:%|‰|°|[$€£¥₩]|[µμ°]?[A-Za-z]{1,6}[²³23]?(?:/[A-Za-z]{1,6}[²³23]?)?)?"
WITH_UNIT = re.compile(
    rf"({BEFORE})[{SPACES}]?([+\-−]?[\d.,](?:[\d.,{SPACES}'’]*\d)?(?:[eE][+-]?\d+)?)[{SPACES}]?({AFTER})"
)
NUMBER_LIKE = re.compile(r"[+-]?\d[\d.,]*([eE][+-]?\d+)?|[+-]?\.\d+", re.ASCII)
MOST = 0.5
"""Share of a column's values that must be numbers when all others are marks for missing values."""

NEARLY_ALL = 0.8
"""Share from which on the values that are no numbers are named."""


@dataclass(frozen=True, eq=False)
class Cells:
    """A column: its different values, and for each row the place of its own among them, shape (rows,)."""

    values: Sequence[str]
    codes: NDArray[np.int32]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Rows that have each value."""
        return np.bincount(self.codes, minlength=len(self.values))

    def take(self, rows: NDArray[np.bool_]) -> "Cells":
        """The same column in some of the rows."""
        return Cells(self.values, self.codes[rows])

    @property
    def missing(self) -> int:
        """Cells that are empty."""
        return int(self.counts[self.values.index("")]) if "" in self.values else 0


class Notation(NamedTuple):
    """How numbers are written: the decimal mark, the mark between thousands, and what stands before and after."""

    decimal: str = "."
    thousands: str = ""
    before: str = ""
    after: str = ""

    def parse(self, text: str) -> float | None:
        """The number that a cell says, or None."""
        core = text.replace("−", "-")
        if not (core.startswith(self.before) and core.endswith(self.after)):
            return None
        core = core[len(self.before) : len(core) - len(self.after)].strip()
        if self.thousands in core and self.thousands:
            groups = rf"[+-]?[1-9]\d{{0,2}}({re.escape(self.thousands)}\d{{3}})+({re.escape(self.decimal)}\d*)?"
            if not re.fullmatch(groups, core):
                return None
            core = core.replace(self.thousands, "")
        elif self.thousands and not re.match(r"[+-]?\d{0,3}(\D|$)", core):
            return None  # 1234 beside 5,678: the comma is no mark of thousands
        if self.decimal != ".":
            if "." in core:
                return None
            core = core.replace(self.decimal, ".")
        return float(core) if PLAIN.fullmatch(core) else None

    @property
    def told(self) -> str:
        """What is not as plain numbers are; empty: nothing."""
        parts = [_("decimal mark {decimal}").format(decimal=self.decimal)] if self.decimal != "." else []
        parts += [_("thousands mark {thousands!r}").format(thousands=self.thousands)] if self.thousands else []
        parts += (
            [_("unit {unit}").format(unit=(self.before or self.after).strip())] if self.before or self.after else []
        )
        return ", ".join(parts)


PLAINLY = Notation()


def is_plain_number(text: str) -> bool:
    """Whether a cell is a number as programs write it."""
    return PLAIN.fullmatch(text) is not None


def looks_like_number(text: str) -> bool:
    """Whether a cell could be a number in some notation."""
    return NUMBER_LIKE.fullmatch(text) is not None


def is_missing(text: str) -> bool:
    """Whether a cell among numbers says that there is none; infinite values count as missing, too."""
    return text.lower() in MISSING_MARKS or text.lower() in INFINITE


def parse_number(text: str, notation: Notation) -> float:
    """NaN where the cell is no finite number."""
    value = notation.parse(text)
    return value if value is not None and math.isfinite(value) else math.nan


def possible_notations(values: Iterable[str]) -> frozenset[Notation]:
    """The notations in which each of these values, marks for missing ones aside, is a number."""
    texts = [text for text in values if not is_missing(text)]
    if not texts:
        return frozenset()
    if all(map(is_plain_number, texts)):
        dots = any("." in text for text in texts)
        return frozenset({PLAINLY, *(_fitting(texts, [Notation(",", ".")]) if dots else [Notation(",")])})
    before, after = _unit(texts)
    spaces = sorted({space for text in texts for space in SPACES if space in text})
    marks = [(".", ""), (",", ""), (".", ","), (",", ".")]
    marks += [(decimal, mark) for decimal in ".," for mark in (*spaces, "'", "’")]
    return frozenset(_fitting(texts, [Notation(*mark, before, after) for mark in marks]))


def _fitting(texts: Sequence[str], notations: Iterable[Notation]) -> Iterator[Notation]:
    for notation in notations:
        used = not notation.thousands or any(notation.thousands in text.strip() for text in texts)
        if used and all(notation.parse(text) is not None for text in texts):
            yield notation


def _unit(texts: Sequence[str]) -> tuple[str, str]:
    """What stands before and after the number in all values alike. A12 is a name, and so is 0012-B."""
    units = set()
    for text in texts:
        found = WITH_UNIT.fullmatch(text)
        if found is None or re.match(r"[+\-−]?0\d", found[2]):
            return "", ""
        units.add((found[1].strip(), found[3].strip()))
        if len(units) > 1:
            return "", ""
    return units.pop()


def votes_for(notations: frozenset[Notation]) -> str | None:
    """The decimal mark that a column's notations agree on; None: it says nothing."""
    marks = {notation.decimal for notation in notations}
    return marks.pop() if len(marks) == 1 else None


def is_ambiguous(notations: frozenset[Notation]) -> bool:
    """Whether a mark can be one of decimals or of thousands in all values, as in 1,234."""
    return bool({notation.decimal for notation in notations} & {notation.thousands for notation in notations})


def prefer(notations: frozenset[Notation], decimal: str) -> Notation:
    """The notation that a column has, given the file's decimal mark; whole numbers are plain in any."""
    if {PLAINLY, Notation(",")} <= notations:
        return PLAINLY
    return min(notations, key=lambda notation: (notation.decimal != decimal, notation))


ISO_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)? ?(Z|UTC|[+-]\d{2}:?\d{2})?")
OTHER_DATE = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})([ T]\d{1,2}:\d{2}(:\d{2})?)?")


def are_dates(values: Iterable[str]) -> bool:
    """Whether all values, missing ones aside, are dates."""
    texts = [text for text in values if not is_missing(text)]
    return bool(texts) and all(ISO_DATE.fullmatch(text) or OTHER_DATE.fullmatch(text) for text in texts)


def days(text: str, *, day_first: bool) -> float:
    """Days since 1970-01-01; NaN where it is no date."""
    parts = [float(part) for part in re.findall(r"\d+(?:\.\d+)?", text.partition("+")[0])]
    try:
        if ISO_DATE.fullmatch(text):
            year, month, day, *clock = (float(part) for part in re.findall(r"\d+", text)[:6])
        elif found := OTHER_DATE.fullmatch(text):
            first, second, year = float(found[1]), float(found[3]), float(found[4])
            day, month = (first, second) if day_first else (second, first)
            year += 2000 * (year < 70) + 1900 * (70 <= year < 100)
            clock = parts[3:]
        else:
            return math.nan
        date = datetime(int(year), int(month), int(day), tzinfo=UTC)
    except (ValueError, OverflowError):
        return math.nan
    hour, minute, second_of_minute = (*clock, 0.0, 0.0, 0.0)[:3]
    return date.timestamp() / 86_400 + hour / 24 + minute / 1440 + second_of_minute / 86_400


def has_day_first(values: Iterable[str]) -> bool:
    """Whether dates like 5/6/2024 begin with the day: a number over 12 says so, or points between the numbers."""
    found = [match for text in values if (match := OTHER_DATE.fullmatch(text))]
    if any(int(match[1]) > 12 for match in found):
        return True
    return not any(int(match[3]) > 12 for match in found) and all(match[2] == "." for match in found)
