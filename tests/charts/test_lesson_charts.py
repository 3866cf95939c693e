"""Charts of the Learn page's steps, on curves worked by hand."""

import base64

import numpy as np
import pytest

from analysis.early_stopping import StoppingRule
from analysis.summary import RunCurves, RunSummary, summarize_run
from analysis.verdict import Comparison
from charts.lesson_charts import growing_figure, interval_figure, pairs_figure
from charts.views import ChartOptions

EPOCHS = np.arange(1.0, 101.0)
OPTIONS = ChartOptions("baseline", 100)


@pytest.fixture
def run() -> RunSummary:
    """Validation loss turns at epoch 30, training loss falls on."""
    loss = 0.3 + 0.01 * np.abs(EPOCHS - 30)
    curves = {"train_loss": 1 / EPOCHS, "val_loss": loss, "train_accuracy": loss, "val_accuracy": loss}
    return summarize_run(RunCurves("baseline", 0, "finished", curves, StoppingRule(patience=7), restores=False))


def decode(values: dict[str, str]) -> list[float]:
    return list(np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"]))


def test_a_growing_curve_shows_nothing_of_what_is_to_come(run: RunSummary) -> None:
    figure = growing_figure(run, 40, OPTIONS, decided=None)
    lines = {trace["uid"]: trace for trace in figure["data"] if trace["mode"] == "lines"}
    assert set(lines) == {"v0_beside", "v0_mean"}
    assert np.allclose(decode(lines["v0_mean"]["y"]), run.curves["val_loss"][:40])
    assert figure["layout"]["meta"]["words"] == [[]], "no mark is named"
    later = growing_figure(run, 90, OPTIONS, decided=None)["layout"]
    assert later["yaxis"]["range"] == figure["layout"]["yaxis"]["range"], "the axes do not move"
    assert later["xaxis"]["range"] == figure["layout"]["xaxis"]["range"] == [0, 101]


def test_the_rest_and_the_onset_are_shown_once_it_is_decided(run: RunSummary) -> None:
    figure = growing_figure(run, 40, OPTIONS, decided=25, onset=True)
    traces = {trace["uid"]: trace for trace in figure["data"]}
    assert len(decode(traces["v0_mean"]["y"])) == 100 and traces["v0_mean_point"]["x"] == [40]
    assert decode(traces["v0_onset"]["x"]) == [30] and "v0_marks_focused" not in traces
    assert any(note["text"] == "you: epoch 25" for note in figure["layout"]["annotations"])


def test_the_rule_is_marked_where_it_fires_and_where_it_takes_back(run: RunSummary) -> None:
    figure = growing_figure(run, 100, OPTIONS, decided=60, rule=True)
    traces = {trace["uid"]: trace for trace in figure["data"]}
    assert "v0_onset" not in traces
    assert sorted(decode(traces["v0_marks_focused"]["x"])) == [30, 37], "the best epoch, and 7 epochs later the stop"


def test_a_line_joins_the_two_dots_of_a_seed() -> None:
    figure = pairs_figure(("a", "b"), [(0, 1.0, 0.5), (1, 2.0, 1.75)], (0, 3), "loss", connected=1)
    assert figure["data"][0]["y"] == [1.0, 0.5, None], "of as many as are connected"
    assert [shape["y0"] for shape in figure["layout"]["shapes"]] == [1.5, 1.125], "the means"


def test_an_interval_reaches_from_its_lower_to_its_upper_end() -> None:
    seeds = ((0, -0.1), (1, -0.3))
    comparison = Comparison("b", "undecided", 1.0, seeds, -0.2, low=-0.5, high=0.1)
    figure = interval_figure([comparison], 0.01, 10, 1, reach=0.25)
    (trace,) = figure["data"]
    assert decode(trace["x"]) == [2] and np.allclose(decode(trace["y"]), -0.2)
    assert np.allclose(decode(trace["error_y"]["array"]) + decode(trace["error_y"]["arrayminus"]), [0.3, 0.3])
    assert figure["layout"]["yaxis"]["range"] == [-0.25, 0.25]
    assert [figure["layout"]["shapes"][0][end] for end in ("y0", "y1")] == [-0.01, 0.01], "what does not matter"
