"""Weights as figures."""

import base64
from typing import Any

import numpy as np

from analysis.weight_histograms import Weights
from charts.palette import COLOURS
from charts.weight_charts import histogram_figure, history_figure


def weights(limit: float, counts: list[int], epoch: int = 1) -> Weights:
    return Weights(epoch, 2.0, 0.25, limit, np.array(counts))


def decode(array: dict[str, str]) -> list[Any]:
    return list(np.frombuffer(base64.b64decode(array["bdata"]), array["dtype"]))


def values(trace: dict[str, Any]) -> list[Any]:
    return decode(trace["y"])


def test_histograms_share_bins_and_show_shares() -> None:
    wide, narrow = weights(2.0, [0, 4, 4, 0]), weights(1.0, [1, 3, 4, 0])
    first, second = histogram_figure([(("a", 0), wide), (("<b>", 1), narrow)], revision="r")["data"]
    assert (first["x0"], first["dx"]) == (-1.5, 1.0)
    assert values(first)[1:3] == [0.5, 0.5]
    assert values(second)[1:3] == [0.5, 0.5]  # its four bins are half as wide
    assert [first["line"]["color"], second["line"]["color"]] == list(COLOURS[:2])
    assert second["name"] == "&lt;b&gt;"


def test_a_history_has_the_epochs_that_were_looked_at() -> None:
    history = [weights(1.0, [1, 1], epoch) for epoch in (1, 4)]
    figure = history_figure([(("a", 2), history)], "near_zero", "Near zero", percent=True, revision="r")
    (trace,) = figure["data"]
    assert values(trace) == [0.25, 0.25]
    assert decode(trace["x"]) == [1, 4]
    assert figure["layout"]["yaxis"]["tickformat"] == "~%"
