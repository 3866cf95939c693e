"""Confusion matrices as figures."""

import numpy as np
import pytest

from charts.confusion import NUMBERS_SHOWN, confusion_figure


def test_right_and_wrong_answers_are_apart_and_all_numbers_are_told() -> None:
    right, wrong, numbers = confusion_figure(np.array([[5, 2], [0, 7]]), ["<a>", "b"])["data"]
    assert right["z"] == [[5, None], [None, 7]]
    assert wrong["z"] == [[None, 2], [None, None]]
    assert (right["zmax"], wrong["zmax"]) == (7, 2)
    assert list(zip(numbers["x"], numbers["y"], numbers["text"], strict=True)) == [
        (0, 0, "5"),
        (1, 0, "2"),
        (1, 1, "7"),
    ]
    assert wrong["text"][0][1] == "&lt;a&gt; → b: 2 (28.6%)"


def test_a_normalized_matrix_has_shares_of_the_true_class() -> None:
    figure = confusion_figure(np.array([[5, 2], [0, 7]]), ["a", "b"], normalized=True)
    right, wrong, numbers = figure["data"]
    assert right["z"] == [[5 / 7, None], [None, 1.0]]
    assert wrong["zmax"] == pytest.approx(2 / 7)
    assert numbers["text"] == ["71%", "29%", "100%"]
    empty = confusion_figure(np.array([[0, 0], [0, 0]]), ["a", "b"], normalized=True)
    assert empty["data"][0]["z"] == [[None, None], [None, None]]


def test_many_classes_have_no_numbers_and_fewer_names() -> None:
    count = 60
    figure = confusion_figure(np.eye(count, dtype=int), [f"class {i}" for i in range(count)])
    assert count > NUMBERS_SHOWN
    assert len(figure["data"]) == 2
    assert figure["layout"]["xaxis"]["ticktext"][:2] == ["class 0", "class 3"]
