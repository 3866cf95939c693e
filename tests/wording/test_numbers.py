import pytest

from wording.numbers import count_epochs, format_number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.04123, "0.0412"),
        (2.0, "2"),
        (1234.6, "1230"),
        (-0.5, "−0.5"),
        (0.0001, "0.0001"),
        (0.000012345, "1.23e-5"),
        (2e12, "2e+12"),
        (5.0000001e-7, "5e-7"),
        (float("inf"), "infinity"),
        (float("nan"), "not a number"),
    ],
)
def test_numbers_have_three_significant_digits(value: float, text: str) -> None:
    assert format_number(value) == text


def test_one_takes_the_singular() -> None:
    assert [count_epochs(count) for count in (0, 1, 2)] == ["0 epochs", "1 epoch", "2 epochs"]
