"""Texts in Plotly figures: axis titles, and names that people chose."""

from html import escape
from typing import Any

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
    """Return a name of at most `length` characters."""
    return name if len(name) <= length else name[: length - 1].rstrip() + "…"
