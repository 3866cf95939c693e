"""Texts in Plotly figures: axis titles, and names that people chose."""

from bisect import bisect_right
from html import escape
from itertools import accumulate
from typing import Any
from unicodedata import east_asian_width

from models.names import visible


def axis_title(text: str, *, size: int = 13, standoff: int = 8) -> dict[str, Any]:
    """Return an axis title; `size` and its distance from the axis in pixels."""
    return {"text": text, "standoff": standoff, "font": {"size": size}}


def literal(name: str) -> str:
    """Return a name as Plotly shows it to the letter, but for what is not seen: its texts may hold HTML."""
    return escape(visible(name), quote=False)


def literal_in_hover(name: str) -> str:
    """Return the same for a hover template, in which `%{` begins a value."""
    return literal(name).replace("%{", "%&#123;")


def shorten(name: str, length: int) -> str:
    """Return a name no wider than `length` Latin letters; letters of East Asia are twice as wide."""
    ends = list(accumulate(2 if east_asian_width(letter) in "WF" else 1 for letter in name))
    if not ends or ends[-1] <= length:
        return name
    return name[: bisect_right(ends, length - 1)].rstrip() + "…"
