"""Hints in words."""

import pytest

from experiment.hints import Hint
from ui.lab.hints_view import say_hint


@pytest.mark.parametrize(
    ("hint", "said"),
    [
        (Hint("v", "never_stops", 20), "waits 20 epochs, but there are 20 epochs: it never fires."),
        (
            Hint("v", "never_stops", 5, ignored=15),
            "waits 5 epochs after the first 15 epochs, of 20 epochs in all: it never fires.",
        ),
        (Hint("v", "ignores_all", ignored=30), "ignores 30 epochs, and there are 20 epochs: it never fires."),
    ],
)
def test_a_hint_says_both_numbers(hint: Hint, said: str) -> None:
    assert say_hint(hint, 20) == f"“v”: early stopping {said}"
