"""A paired difference as a small picture: dot, interval, the margin as a stripe, single seeds as dots below."""

from collections.abc import Iterable
from html import escape

from analysis.verdict import Comparison, Verdict
from wording.verdict import say_effect

STYLE = """<style>
.interval { display: inline-block; position: relative; width: 7.5rem; height: 1.35rem; vertical-align: middle; }
.interval i { position: absolute; background: currentColor; margin: 0; }
.interval .margin { top: 0; bottom: 0; opacity: 0.16; min-width: 1px; }
.interval .zero { left: 50%; top: 0; bottom: 0; width: 1px; }
.interval .range { top: 0.48rem; height: 2px; min-width: 2px; }
.interval .mean { top: 0.29rem; width: 0.5rem; height: 0.5rem; margin-left: -0.25rem; border-radius: 50%; }
.interval .seed { bottom: 0; width: 3px; height: 3px; margin-left: -1px; border-radius: 50%; opacity: 0.65; }
</style>"""


def farthest(comparisons: Iterable[Comparison], verdict: Verdict) -> float:
    """How far from zero the pictures of some comparisons must reach, so that all have one scale."""
    ends = [abs(end) for c in comparisons for end in (c.low, c.high, c.difference) if end is not None]
    return 1.08 * max([*ends, 2 * (verdict.margin or 0.0)], default=0.0) or 1.0


def draw_interval(comparison: Comparison, verdict: Verdict, colour: str, reach: float, *, seeds: bool) -> str:
    """HTML of a comparison, with STYLE on the page; left of the line is lower. For those who do not see it, in words.

    Args:
        comparison: with a difference.
        verdict: whose margin is shown.
        colour: of the variant.
        reach: what the ends of the picture stand for.
        seeds: whether the single seeds are shown.
    """

    def place(value: float) -> float:
        return 50 * (1 + max(-1.0, min(1.0, value / reach)))

    def bar(kind: str, low: float, high: float) -> str:
        return f'<i class="{kind}" style="left:{place(low):.1f}%;width:{place(high) - place(low):.1f}%"></i>'

    margin = verdict.margin or 0.0
    parts = [bar("margin", -margin, margin), '<i class="zero"></i>']
    if comparison.low is not None and comparison.high is not None:
        parts.append(bar("range", comparison.low, comparison.high))
    if comparison.difference is not None:
        parts.append(f'<i class="mean" style="left:{place(comparison.difference):.1f}%;background:{colour}"></i>')
    if seeds:
        parts += [f'<i class="seed" style="left:{place(value):.1f}%"></i>' for _seed, value in comparison.differences]
    label = escape(say_effect(comparison, verdict))
    return f'<span class="interval" role="img" aria-label="{label}">{"".join(parts)}</span>'
