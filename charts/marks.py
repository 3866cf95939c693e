"""The three marks on validation curves: where overfitting begins, early stopping fires, and what it restores."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median_low
from textwrap import wrap
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.summary import RunSummary, VariantSummary
from charts.labels import literal, literal_in_hover
from charts.typed_arrays import encode_epochs, encode_values
from wording.evidence import say_onset, say_stopping

Curve = NDArray[np.float64]

MARK_TITLES = {
    "onset": "Overfitting begins",
    "stop": "Early stopping fires",
    "best": "Best epoch",
}
MARK_OF_SEED = "{title} at epoch {epoch} (seed {seed})"
MARK_OF_MEAN = "{title} at epoch {epoch} (mean curve)"
MARK_OF_SEEDS = "{title}: median of {count} of {total} seeds, epoch {epoch}"
SPREAD_OF_SEEDS = "Single seeds: epochs {first} to {last}."
ONSETS_OF_SEEDS = "in {count} of {total} seeds, epochs {first} to {last}"
ONSET_OF_NO_SEED = "in no single seed"

MARK_SYMBOLS: Final = {"onset": "triangle-up", "stop": "square-open", "best": "diamond-dot"}
MARKS_META: Final = "marks"
"""Tells the page which outlines take its background colour."""
MARK_ANGLES: Final = {"onset": 0, "stop": 180, "best": 0}
MARK_DISTANCES: Final = {"onset": 8, "stop": 8, "best": 0}
"""Pixels from the curve: onset points at it from below and the stop stands above, since onset and best epoch
often coincide."""
LARGE, SMALL = 12, 6
STRONG, FAINT = 1.0, 0.6
SMALL_OUTLINES: Final = {"onset": 0, "stop": 1, "best": 0}
"""Pixels: cut out of a line, small filled marks would shrink to specks; an open one is all outline."""
EVIDENT_ON: Final = ("val_loss",)
"""Where small marks tell their evidence too, which speaks of losses: said twice, it is a quarter of a refresh."""
LINE_LENGTH: Final = 48


@dataclass(frozen=True)
class Mark:
    """One mark: its kind, its place (epoch from 1) and what its hover text says."""

    kind: str
    epoch: int
    value: float
    size: int
    text: str


def mark_trace(
    variant: VariantSummary, series: str, colour: str, *, of_seeds: bool = True, evident: bool = True
) -> dict[str, Any]:
    """Return all marks of a variant as one trace on its curves of `series`; empty without any.

    Args:
        variant: whose marks.
        series: the curve they stand on.
        colour: the variant's.
        of_seeds: whether the single seeds of several have small marks of their own.
        evident: whether small marks tell their evidence.
    """
    marks = [mark for mark in _marks(variant, series, of_seeds, evident) if np.isfinite(mark.value)]
    if not marks:
        return {}
    name = literal_in_hover(variant.name)
    return {
        "type": "scatter",
        "mode": "markers",
        "meta": MARKS_META,
        "x": encode_epochs(np.array([mark.epoch for mark in marks])),
        "y": encode_values([mark.value for mark in marks]),
        "text": [mark.text for mark in marks],
        "marker": {
            "symbol": [MARK_SYMBOLS[mark.kind] for mark in marks],
            "size": [mark.size for mark in marks],
            "opacity": [STRONG if mark.size == LARGE else FAINT for mark in marks],
            "angle": [MARK_ANGLES[mark.kind] for mark in marks],
            "standoff": [MARK_DISTANCES[mark.kind] if mark.size == LARGE else 0 for mark in marks],
            "color": colour,
            "line": {"width": [1.5 if mark.size == LARGE else SMALL_OUTLINES[mark.kind] for mark in marks]},
        },
        "hovertemplate": f"<b>{name}</b><br>%{{text}}<extra></extra>",
    }


def mean_curve(variant: VariantSummary, series: str) -> Curve:
    """Return the mean over seeds, shape (epochs,); the curve of the only seed, even where it failed."""
    curves = variant.runs[0].curves if len(variant.runs) == 1 else variant.mean
    return curves.get(series, np.empty(0))


def _marks(variant: VariantSummary, series: str, of_seeds: bool, evident: bool) -> Iterator[Mark]:
    """Yield small marks of the single seeds, then the large ones of the variant, so that these lie on top."""
    if len(variant.runs) == 1:
        yield from _run_marks(variant.runs[0], series, LARGE, evident=True)
        return
    if of_seeds:
        for run in variant.runs:
            yield from _run_marks(run, series, SMALL, evident=evident and series in EVIDENT_ON)
    for kind in ("stop", "best"):
        yield from _median_mark(variant, kind, series, of_seeds)
    if variant.onset_of_mean is not None:
        onset = variant.onset_of_mean
        title = MARK_OF_MEAN.format(title=MARK_TITLES["onset"], epoch=onset.epoch)
        text = _text(title, f"{_onsets_of_seeds(variant)}; {say_onset(onset)}")
        yield Mark("onset", onset.epoch, _value(variant.mean, series, onset.epoch), LARGE, text)


def _run_marks(run: RunSummary, series: str, size: int, *, evident: bool) -> Iterator[Mark]:
    """Yield the marks of one seed, on its own curve."""
    for kind in MARK_SYMBOLS:
        epoch, evidence = _found(run, kind)
        if epoch is not None:
            title = MARK_OF_SEED.format(title=MARK_TITLES[kind], epoch=epoch, seed=run.seed)
            told = evidence if evident and (size == LARGE or kind != "best") else ""
            yield Mark(kind, epoch, _value(run.curves, series, epoch), size, _text(title, told))


def _found(run: RunSummary, kind: str) -> tuple[int | None, str]:
    """Return a run's epoch of one kind of mark, None where it never came, and the evidence sentence."""
    if kind == "onset":
        return (run.onset.epoch, say_onset(run.onset)) if run.onset else (None, "")
    stopping = run.stopping
    return (stopping.stop_epoch if kind == "stop" else stopping.best_epoch, say_stopping(stopping, run.rule))


def _onsets_of_seeds(variant: VariantSummary) -> str:
    """Return in how many seeds overfitting begins, and between which epochs."""
    epochs = sorted(run.onset.epoch for run in variant.runs if run.onset)
    if not epochs:
        return ONSET_OF_NO_SEED
    return ONSETS_OF_SEEDS.format(count=len(epochs), total=len(variant.runs), first=epochs[0], last=epochs[-1])


def _median_mark(variant: VariantSummary, kind: str, series: str, of_seeds: bool) -> Iterator[Mark]:
    """Yield one mark at the median epoch of the seeds that have it: on the mean curve, or where that has ended
    because runs stopped at different epochs, on the curve of the seed that is the median, or level with the mean's end
    where no seed is drawn."""
    found = [(epoch, run) for run in variant.runs if (epoch := _found(run, kind)[0]) is not None]
    if not found:
        return
    epochs = sorted(epoch for epoch, _ in found)
    median = median_low(epochs)
    run = next(run for epoch, run in found if epoch == median)
    value = _value(variant.mean, series, median)
    if not np.isfinite(value):
        mean = variant.mean.get(series, np.empty(0))
        value = float(mean[-1]) if len(mean) and not of_seeds else _value(run.curves, series, median)
    title = MARK_OF_SEEDS.format(title=MARK_TITLES[kind], count=len(epochs), total=len(variant.runs), epoch=median)
    spread = SPREAD_OF_SEEDS.format(first=epochs[0], last=epochs[-1])
    yield Mark(kind, median, value, LARGE, _text(title, spread))


def _value(curves: Mapping[str, Curve], series: str, epoch: int) -> float:
    """Return a curve's value at an epoch counted from 1; NaN where the curve does not reach."""
    curve = curves.get(series, ())
    return float(curve[epoch - 1]) if epoch <= len(curve) else float("nan")


def _text(title: str, evidence: str) -> str:
    return "<br>".join([title, *wrap(literal(evidence), LINE_LENGTH)])
