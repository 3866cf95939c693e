"""HTML as a tree: text is escaped where the tree is written, so that no name can be forgotten."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.etree.ElementTree import Element, tostring

from results.records import to_json

Content = str | Element | None
NOTHING: Final = "–"
"""What a cell without a value shows."""
TURNING: Final = re.compile("[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
"""Characters without a shape. Many turn the direction of all that follows: one in a name, as experiments of earlier
versions may have it, would turn whole sentences."""


def tag(name: str, /, *content: Content, **attributes: str) -> Element:
    """An element with text and elements in it; None is left out, and characters without a shape are.

    Args:
        name: of the element.
        content: text to the letter, and elements.
        attributes: `class_` stands for `class`, `aria_label` for `aria-label`.
    """
    element = Element(name, {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()})
    for part in content:
        _add(element, TURNING.sub("", part) if isinstance(part, str) else part)
    return element


def _add(element: Element, part: Content) -> None:
    if isinstance(part, Element):
        element.append(part)
    elif part and len(element):
        element[-1].tail = (element[-1].tail or "") + part
    elif part:
        element.text = (element.text or "") + part


def script(source: str, **attributes: str) -> Element:
    """A script, whose text is written as it is.

    Raises:
        ValueError: the text would end the element, or change how a browser reads its end.
    """
    if found := re.search(r"</script|<script|<!--", source, re.IGNORECASE):
        raise ValueError(f"{found[0]!r} inside a script: allowed: no end and no beginning of an element")
    element = tag("script", **attributes)
    element.text = source
    return element


def data(value: Mapping[str, Any], **attributes: str) -> Element:
    """Data for the page's script, as JSON in which no text can end the element."""
    return script((to_json(value) or "").replace("<", "\\u003c"), type="application/json", **attributes)


def write(element: Element) -> str:
    """The element as HTML."""
    return tostring(element, encoding="unicode", method="html")


def table(header: Sequence[Content], rows: Sequence[Sequence[Content]], *, label: str, class_: str) -> Element:
    """A table, which a narrow screen shows as one block for each row; the first cell of a row is its title.

    Roles are said, since `display: block` takes them from a table in some browsers.
    """
    titles = [cell if isinstance(cell, str) else "" for cell in header]
    head = tag("tr", *(tag("th", cell, role="columnheader", scope="col") for cell in header), role="row")
    body = [tag("tr", *map(_cell, row, titles, range(len(row))), role="row") for row in rows]
    return tag(
        "table",
        tag("thead", head, role="rowgroup"),
        tag("tbody", *body, role="rowgroup"),
        role="table",
        aria_label=label,
        class_=class_,
    )


def _cell(cell: Content, title: str, place: int) -> Element:
    if place == 0:
        return tag("th", cell, role="rowheader", scope="row")
    empty = {"class": "nothing"} if cell == NOTHING else {}
    return tag("td", tag("div", cell), role="cell", data_title=title, **empty)


def facts(rows: Sequence[tuple[str, Content]]) -> Element:
    """Names and what they stand for."""
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in rows), class_="facts")
