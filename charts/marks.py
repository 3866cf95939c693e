"""The three marks: where overfitting begins, where early stopping fires, and what it restores."""

from statistics import median_low
from textwrap import wrap
from typing import Final, Literal

from analysis.lines import MarkedEpochs
from charts.labels import literal
from wording.evidence import say_onset
from wording.language import _

MarkKind = Literal["onset", "stop", "best"]
MARK_SYMBOLS: Final[dict[MarkKind, str]] = {"onset": "triangle-up", "stop": "square-open", "best": "diamond"}
MARKS_META: Final = "marks"
"""Tells the page which outlines take its background colour."""
LINE_LENGTH: Final = 48


def name_mark(kind: MarkKind) -> str:
    """What a mark is called."""
    return {
        "onset": _("overfitting begins"),
        "stop": _("early stopping fires"),
        "best": _("best epoch"),
    }[kind]


def place_mark(marks: MarkedEpochs, kind: MarkKind) -> int | None:
    """The epoch of a variant's mark: the onset of its mean curve, else the median of its seeds that have one."""
    if kind == "onset":
        return marks.onset.epoch if marks.onset else None
    epochs = marks.stops if kind == "stop" else marks.bests
    return median_low(epochs) if epochs else None


def say_mark(marks: MarkedEpochs, kind: MarkKind) -> str:
    """The mark with its epoch, seeds and evidence, as lines of hover text."""
    epoch, title = place_mark(marks, kind), name_mark(kind).capitalize()
    if kind == "onset" and marks.onset is not None:
        head = _("{mark} at epoch {epoch}").format(mark=title, epoch=epoch)
        return join_lines(head, f"{say_onset(marks.onset)}. {say_onsets(marks).capitalize()}.")
    epochs = marks.stops if kind == "stop" else marks.bests
    head = _("{mark} at epoch {epoch}").format(mark=title, epoch=epoch)
    if marks.runs == 1 or not epochs:
        return head
    return join_lines(
        head,
        _("median of {count} of {total} seeds; from epoch {first} to {last}").format(
            count=len(epochs), total=marks.runs, first=epochs[0], last=epochs[-1]
        ),
    )


def say_onsets(marks: MarkedEpochs) -> str:
    """In how many seeds overfitting begins, and between which epochs."""
    if marks.runs == 1:
        return _("one seed")
    if not marks.onsets:
        return _("in no single seed")
    return _("in {count} of {total} seeds, epochs {first} to {last}").format(
        count=len(marks.onsets), total=marks.runs, first=marks.onsets[0], last=marks.onsets[-1]
    )


def say_lane(marks: MarkedEpochs, *, narrow: bool = False) -> str:
    """What stands at the end of a variant's lane: the onset of the mean curve, and in how many seeds there is one."""
    if marks.onset is None:
        head = _("no onset")
    else:
        head = (_("from {epoch}") if narrow else _("overfits from {epoch}")).format(epoch=marks.onset.epoch)
    return f"{head} ({len(marks.onsets)}/{marks.runs})" if marks.runs > 1 else head


def join_lines(head: str, rest: str) -> str:
    """A head and, below it, a sentence in lines that fit a hover label."""
    return "<br>".join([head, *wrap(literal(rest), LINE_LENGTH)])
