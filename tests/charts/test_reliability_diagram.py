"""Reliability diagrams as figures."""

import numpy as np
import pytest
from plotly.graph_objects import Figure

from analysis.calibration import fill_bins
from charts.reliability_diagram import reliability_figure


def test_bars_gaps_and_rows_are_those_of_the_bins() -> None:
    bins = fill_bins(np.array([0.62, 0.65, 0.95, 0.99]), np.array([True, False, True, True]))
    figure = reliability_figure(bins, "#0072b2")
    right, gap, diagonal, rows = figure["data"]
    assert right["x"] == pytest.approx([9.5 / 15, 14.5 / 15])
    assert right["y"] == pytest.approx([0.5, 1.0])
    ends = [base + height for base, height in zip(gap["base"], gap["y"], strict=True)]
    assert ends == pytest.approx([0.635, 0.97]), "from the accuracy to the confidence"
    assert (diagonal["x"], diagonal["y"], rows["y"]) == ([0, 1], [0, 1], [2, 2])
    assert right["text"][0] == "60% to 67% sure: 2 rows<br>63.5% sure on average<br>50.0% right"
    Figure(figure)
