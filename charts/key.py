"""What lines, bands and marks of a chart of curves mean, read from the figure itself: only what is drawn is named."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from charts.marks import MARK_SYMBOLS, MarkKind, name_mark
from wording.language import _

THIN: Final = {"d": "M0 5H26", "stroke-width": "1", "opacity": "0.6"}
LINES: Final[Mapping[str, Mapping[str, str]]] = {
    "seeds": THIN,
    "mean": {"d": "M0 5H26", "stroke-width": "2.6"},
    "beside": {"d": "M0 5H26", "stroke-width": "1.4", "stroke-dasharray": "5 3"},
    "after": {"d": "M0 5H26", "stroke-width": "2.6", "stroke-dasharray": "2.6 2.6"},
    "ghost": {"d": "M0 5H26", "stroke-width": "2.6", "opacity": "0.4"},
    "members": THIN,
    "running": THIN,
    "band": {"d": "M0 0H26V10H0Z", "stroke": "none", "opacity": "0.2"},
    "reference": {"d": "M0 5H26", "stroke-width": "1.4", "stroke-dasharray": "5 3", "opacity": "0.6"},
    "references": {"d": "M0 5H26", "stroke-width": "1.2", "stroke-dasharray": "8 3", "opacity": "0.6"},
}
MARKS: Final[Mapping[MarkKind, Mapping[str, str]]] = {
    "onset": {"d": "M13 0L18 9H8Z", "stroke": "none"},
    "stop": {"d": "M9 1H17V9H9Z", "fill": "none", "stroke-width": "1.8"},
    "best": {"d": "M13 0L18 5L13 10L8 5Z", "stroke": "none"},
}
"""Part of a trace's `uid`, and kind of a mark -> attributes of an SVG path in a box of 26 x 10 pixels, which is filled
and stroked in the colour of the text."""


@dataclass(frozen=True)
class KeyEntry:
    """One line of a key: what is drawn, as attributes of an SVG path, and what it means."""

    sample: Mapping[str, str]
    name: str


def key_of(figure: Mapping[str, Any]) -> list[KeyEntry]:
    """The key of a figure of `curve_figure` or `seeds_figure`, lines first; empty for other figures."""
    names = {
        "seeds": _("one seed"),
        "members": _("members of an ensemble"),
        "running": _("training now"),
        "ghost": _("before the change"),
        "band": _("95% interval, paired"),
        "reference": _("mean of the reference"),
    }
    found: dict[str, str] = {}
    symbols: set[str] = set()
    for trace in figure["data"]:
        part = str(trace.get("uid", "")).partition("_")[2].removesuffix("_focused")
        if part in LINES:  # those without a name of their own are called `variant: what it shows`
            found[part] = names.get(part) or str(trace["name"]).rpartition(": ")[2]
        elif trace.get("mode") == "markers" and part:
            symbols.update(trace["marker"]["symbol"])
    if references := figure.get("layout", {}).get("meta", {}).get("references"):
        found["references"] = references
    lines = [KeyEntry(sample, found[part]) for part, sample in LINES.items() if part in found]
    drawn = (kind for kind, symbol in MARK_SYMBOLS.items() if symbol in symbols)
    return lines + [KeyEntry(MARKS[kind], name_mark(kind)) for kind in drawn]
