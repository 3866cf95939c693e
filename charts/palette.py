"""Eight colours that stay apart for colour-blind eyes, on a light and on a dark page.

The first four are Okabe and Ito's blue, vermilion, bluish green and reddish purple ("Color Universal
Design", 2008). Their black, yellow, orange and sky blue vanish on one of the two backgrounds, so the last four
were searched for instead: contrast of at least 3 to 1 (WCAG 2.2, 1.4.11) with both, and under normal, protan,
deutan and tritan sight no pair closer than the closest pair of the original eight.
"""

from dataclasses import dataclass

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8600fb", "#b03800", "#a07ff4", "#8a506d")
SYMBOLS = ("circle", "cross", "hexagon2", "bowtie", "pentagon", "hourglass", "star")
"""Plotly marker symbols that tell apart variants of the same colour; none of them is a mark's symbol."""


@dataclass(frozen=True)
class Style:
    """How one variant looks everywhere: a colour, and a marker symbol from the ninth variant on."""

    colour: str
    symbol: str | None


def style(index: int) -> Style:
    """Return the look of the variant at `index` (from 0) of its experiment."""
    turn, position = divmod(index, len(COLOURS))
    symbol = SYMBOLS[(turn - 1) % len(SYMBOLS)] if turn else None
    return Style(COLOURS[position], symbol)


def translucent(colour: str, opacity: float) -> str:
    """Return `#rrggbb` as CSS `rgba(...)` with an opacity between 0 and 1."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"
