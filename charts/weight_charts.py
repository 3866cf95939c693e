"""Weights of several networks: their histograms over each other, and a number of each over the epochs."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.weight_histograms import Weights, bin_centres, widen
from charts.labels import axis_title, literal, literal_in_hover, shorten
from charts.palette import COLOURS, style
from charts.typed_arrays import encode_epochs, encode_values
from wording.language import _, say_later

WEIGHT_TITLE, SHARE_TITLE, EPOCH_TITLE = say_later("Weight"), say_later("Share of weights"), say_later("Epoch")
NAME_LENGTH: Final = 24

Named = tuple[str, int]
"""A variant's name and its place in the experiment, which decides its colour."""


def histogram_figure(weights: Sequence[tuple[Named, Weights]], *, revision: str) -> dict[str, Any]:
    """Return a Plotly figure of histograms as stepped lines, on common bins and a logarithmic axis.

    Args:
        weights: of each variant.
        revision: while it stays the same, zoom and hidden entries stay.
    """
    limit = max(shown.limit for _, shown in weights)
    shares = [(named, widen(shown.counts, shown.limit, limit) / max(shown.counts.sum(), 1)) for named, shown in weights]
    filled = np.flatnonzero(sum(share for _, share in shares))
    bins = slice(max(filled[0] - 1, 0), filled[-1] + 2)
    centres = bin_centres(limit, len(shares[0][1]))[bins]
    traces = [
        _line(named, np.where(share > 0, share, np.nan)[bins], "%{x:.3~g}: %{y:.2~%}") for named, share in shares
    ]  # a logarithmic axis has no zero
    for trace in traces:
        trace |= {"x0": float(centres[0]), "dx": float(centres[1] - centres[0])}
        trace["line"]["shape"] = "hvh"
    layout = _layout(_(WEIGHT_TITLE), _(SHARE_TITLE), revision)
    layout["yaxis"] |= {"type": "log", "tickformat": "~%", "nticks": 6}
    layout["legend"] = {"itemsizing": "trace", "orientation": "h"}
    return {"data": traces, "layout": layout}


def history_figure(
    histories: Sequence[tuple[Named, Sequence[Weights]]], quantity: str, title: str, *, percent: bool, revision: str
) -> dict[str, Any]:
    """Return a Plotly figure of one number of each variant's weights over the epochs.

    Args:
        histories: the weights of each variant, by epochs.
        quantity: `norm` or `near_zero`.
        title: of its axis.
        percent: whether it is a share.
        revision: while it stays the same, the zoom stays.
    """
    hover = _("epoch %{x}") + ": " + ("%{y:.2~%}" if percent else "%{y:.4~g}")
    traces = []
    for named, history in histories:
        epochs, values = (np.array([getattr(w, key) for w in history]) for key in ("epoch", quantity))
        traces.append({**_line(named, values, hover), "x": encode_epochs(epochs), "showlegend": False})
    layout = _layout(_(EPOCH_TITLE), title, revision)
    layout["yaxis"] |= {"tickformat": "~%" if percent else "~g", "rangemode": "tozero", "nticks": 6}
    return {"data": traces, "layout": layout | {"showlegend": False}}


def _line(named: Named, values: NDArray[np.floating], hover: str) -> dict[str, Any]:
    name, index = named
    look = style(index)
    whole = literal_in_hover(name)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": literal(shorten(name, NAME_LENGTH)),
        "line": {"color": look.colour, "width": 2, "dash": "solid" if index < len(COLOURS) else "dash"},
        "y": encode_values(values),
        "hovertemplate": f"<b>{whole}</b><br>{hover}<extra></extra>",
    }


def _layout(x_title: str, y_title: str, revision: str) -> dict[str, Any]:
    return {
        "uirevision": revision,
        "hovermode": "closest",
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
        "xaxis": {"title": axis_title(x_title), "zeroline": False, "showgrid": False},
        "yaxis": {"title": axis_title(y_title), "zeroline": False},
    }
