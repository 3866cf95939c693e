"""The marks on the curves themselves: the onset of each variant, all marks and their words of the one pointed at."""

from typing import Final

import numpy as np

from analysis.lines import FloatArray, MarkedEpochs
from charts.axes import on_scale
from charts.labels import literal_in_hover
from charts.marks import MARK_SYMBOLS, MARKS_META, MarkKind, name_mark, place_mark, say_mark
from charts.palette import style
from charts.traces import SMALLEST, Trace
from charts.typed_arrays import encode_places, encode_values
from charts.views import ChartOptions
from wording.language import _

WORDS_RIGHT_AND_DOWN: Final[dict[MarkKind, tuple[int, int]]] = {"stop": (46, -44), "onset": (60, 46)}
"""Pixels from a mark to its words: where it stops above the curve, where it overfits below."""


def curve_marks(index: int, name: str, curve: FloatArray, places: FloatArray, marks: MarkedEpochs) -> list[Trace]:
    """Return the traces of a variant's marks on its curve.

    Args:
        index: the variant's place in the experiment.
        name: its name.
        curve: its mean in the view, shape (epochs,).
        places: of its epochs on the x axis, shape (epochs,).
        marks: where they stand.
    """
    found, traces = _marks_on(marks, curve), []
    for part, kinds in (("onset", ["onset"]), ("marks_focused", ["stop", "best"])):
        if shown := [kind for kind in found if kind in kinds]:
            epochs = np.array([found[kind] for kind in shown]) - 1
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "uid": f"v{index}_{part}",
                    "meta": MARKS_META,
                    "x": encode_places(places[epochs]),
                    "y": encode_values(curve[epochs]),
                    "text": [say_mark(marks, kind) for kind in shown],
                    "marker": {
                        "symbol": [MARK_SYMBOLS[kind] for kind in shown],
                        "size": 11,
                        "color": style(index).colour,
                        "standoff": [9 if kind == "onset" else 0 for kind in shown],
                        "line": {"width": [2 if kind == "stop" else 1.5 for kind in shown]},
                    },
                    "hovertemplate": f"<b>{literal_in_hover(name)}</b><br>%{{text}}<extra></extra>",
                }
            )
    return traces


def mark_words(curve: FloatArray, places: FloatArray, marks: MarkedEpochs, options: ChartOptions) -> list[Trace]:
    """Return annotations beside one variant's marks that say what they are."""
    found, words = _marks_on(marks, curve), []
    for kind, (right, down) in WORDS_RIGHT_AND_DOWN.items():
        epoch = found.get(kind)
        if epoch is None or not np.isfinite(curve[epoch - 1]):
            continue
        said = _("{mark}: {epoch}").format(mark=name_mark(kind).capitalize(), epoch=epoch)
        if kind == "stop" and "best" in found:
            said += _(", best epoch {epoch}").format(epoch=found["best"])
        shorter = _("stop: {epoch}") if kind == "stop" else _("<b>onset: {epoch}</b>")
        value = max(curve[epoch - 1], SMALLEST) if options.log_values else curve[epoch - 1]
        words.append(
            {
                "x": on_scale(places[epoch - 1], log=options.log_x),
                "y": on_scale(value, log=options.log_values),
                "ax": right,
                "ay": down,
                "xanchor": "left",
                "showarrow": True,
                "arrowhead": 0,
                "arrowwidth": 1,
                "standoff": 8,
                "font": {"size": 12},
                "text": f"<b>{said}</b>" if kind == "onset" else said,
                "name": shorter.format(epoch=epoch),
            }
        )
    return words


def _marks_on(marks: MarkedEpochs, curve: FloatArray) -> dict[MarkKind, int]:
    """The marks that stand on a curve of this length, with their epochs."""
    return {kind: epoch for kind in MARK_SYMBOLS if (epoch := place_mark(marks, kind)) and epoch <= len(curve)}
