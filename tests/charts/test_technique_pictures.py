"""Pictures: one for every technique, that answers to its sliders and says in words what it shows."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from plotly.graph_objects import Figure as PlotlyFigure

from charts.technique_pictures import PICTURES, Drawing, Material
from datasets.registry import Digits
from models.parameters import parameters
from models.techniques import TECHNIQUES
from tests.charts.test_curves import decoded


@cache
def material() -> Material:
    arrays = Digits().load()
    epochs = np.arange(1, 101)
    return Material(
        images=arrays.x[..., 0].astype(np.float64),
        labels=arrays.y,
        classes=10,
        train_loss=2.0 / epochs,
        val_loss=2.0 / epochs + 0.004 * epochs,
    )


def values_of(name: str) -> dict[str, Any]:
    values = TECHNIQUES[name].model_validate({}).model_dump()
    return values | dict(PICTURES[name].starts)


def draw(name: str, seed: int = 0, **values: Any) -> Drawing:
    return PICTURES[name].draw(material(), values_of(name) | values, seed)


def test_every_technique_has_a_picture_and_no_other_is_there() -> None:
    assert PICTURES.keys() == TECHNIQUES.keys()


@pytest.mark.parametrize("name", TECHNIQUES)
def test_a_picture_is_a_figure_that_plotly_takes_with_words(name: str) -> None:
    drawing = draw(name)
    assert drawing.words.endswith(".") and len(drawing.words) > 40
    PlotlyFigure(drawing.figure)  # refuses what plotly does not know


@pytest.mark.parametrize("name", TECHNIQUES)
def test_every_slider_moves_the_picture_within_the_range_of_the_registry(name: str) -> None:
    known = {parameter.key: parameter for parameter in parameters(TECHNIQUES[name])}
    for key in PICTURES[name].controls:
        parameter = known[key]
        low, high, step = parameter.slider
        assert parameter.low is not None and parameter.high is not None
        assert parameter.low <= low < high <= parameter.high
        assert 0 < step <= high - low
        assert low <= PICTURES[name].starts.get(key, parameter.default) <= high
        cast = int if parameter.kind == "int" else float
        ends = [draw(name, **{key: cast(end)}).figure for end in (low, high)]
        assert ends[0] != ends[1], key


@pytest.mark.parametrize("name", TECHNIQUES)
def test_a_picture_is_drawn_anew_where_chance_has_a_part_and_only_there(name: str) -> None:
    assert draw(name, 1).figure == draw(name, 1).figure
    several = {str(draw(name, seed).figure) for seed in range(4)}
    assert (len(several) > 1) == PICTURES[name].random


def test_dropout_without_a_rate_drops_nothing() -> None:
    before, after = draw("dropout", rate=0.0).figure["data"]
    assert_array_equal(before["z"], after["z"])
    assert "0% of the activations" in draw("dropout", rate=0.0).words


def test_early_stopping_marks_what_the_rule_says() -> None:
    """Loss 2 / t + 0.004 t is lowest at t = sqrt(500), 22."""
    words = draw("early_stopping", patience=10).words
    assert words.startswith("It stops after epoch 32")
    assert draw("early_stopping", patience=90).words.startswith("It does not stop")


def test_l1_leaves_more_weights_nearly_zero_than_l2() -> None:
    def share(name: str) -> int:
        return int(draw(name).words.split("Nearly zero are ")[1].split("%")[0])

    assert share("l1") > 2 * share("l2")


def test_a_wide_valley_is_chosen_once_the_radius_is_wider_than_the_narrow_one() -> None:
    def places(rho: float) -> list[float]:
        words = draw("sam", rho=rho).words
        return [float(words.split("is lowest at ")[place].split(";")[0].split(",")[0]) for place in (1, 2)]

    assert places(0.0) == pytest.approx([-1.2, -1.2], abs=0.03)
    assert places(0.05) == pytest.approx([-1.2, -1.2], abs=0.03)
    assert places(0.2) == pytest.approx([-1.2, 1.0], abs=0.03)


def test_a_higher_temperature_brings_probabilities_closer_and_teachers_are_averaged() -> None:
    def heights(**values: Any) -> list[np.ndarray]:
        return [decoded(bars["y"]).astype(float) for bars in draw("distillation", **values).figure["data"]]

    label, said, plain = heights(temperature=1.0)
    assert sorted(label) == [0.0] * 9 + [1.0] and said.sum() == pytest.approx(1, abs=1e-5)
    assert_array_equal(plain, said)
    assert label.argmax() == said.argmax(), "they are right"
    spreads = [np.ptp(heights(temperature=temperature)[2]) for temperature in (1.0, 3.0, 20.0)]
    assert spreads == sorted(spreads, reverse=True) and spreads[-1] < 0.2
    assert heights(teachers=1)[1].tolist() != said.tolist()
