"""What a registry entry's declaration says to a form."""

from typing import Literal

import pytest
from pydantic import ValidationError

from models.parameters import Entry, Parameter, number, option, parameters
from models.techniques import TECHNIQUES


class Example(Entry):
    """One field of each kind."""

    label = "Example"
    summary = "Nothing."

    name: Literal["example"] = "example"
    rows: int = number(5, 1, 10, label="Rows", about="How many.")
    rate: float = number(0.5, 0.0, 1.0, label="Rate", about="How much.", step=0.1, scale="log")
    limit: float | None = number(None, 0.0, 2.0, label="Limit", about="If any.")
    colour: Literal["red", "blue"] = option("blue", label="Colour", about="Which.")
    loud: bool = option(True, label="Loud", about="Whether.")


def test_each_field_becomes_what_a_form_needs() -> None:
    assert list(parameters(Example)) == [
        Parameter("rows", "Rows", "How many.", "int", 5, 1, 10),
        Parameter("rate", "Rate", "How much.", "float", 0.5, 0.0, 1.0, step=0.1, scale="log"),
        Parameter("limit", "Limit", "If any.", "float", None, 0.0, 2.0, optional=True),
        Parameter("colour", "Colour", "Which.", "choice", "blue", choices=("red", "blue")),
        Parameter("loud", "Loud", "Whether.", "bool", True),
    ]


@pytest.mark.parametrize(
    "value",
    [{"rows": 0}, {"rows": 11}, {"rows": 1.0}, {"rate": -0.1}, {"limit": 3.0}, {"colour": "green"}, {"loud": 1}],
    ids=str,
)
def test_what_the_form_cannot_give_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Example.model_validate(value)


def test_an_entry_keeps_its_name_where_defaults_are_left_out() -> None:
    assert Example(rows=7).model_dump(exclude_defaults=True) == {"name": "example", "rows": 7}


@pytest.mark.parametrize("technique", TECHNIQUES.values(), ids=TECHNIQUES)
def test_defaults_lie_in_their_range(technique: type[Entry]) -> None:
    for parameter in parameters(technique):
        if parameter.low is not None and parameter.default is not None:
            assert parameter.high is not None
            assert parameter.low <= parameter.default <= parameter.high
            assert parameter.low <= parameter.first_value <= parameter.high


def test_a_form_may_start_elsewhere_than_at_the_default_that_links_leave_out() -> None:
    (strength,) = parameters(TECHNIQUES["weight_decay"])
    assert (strength.default, strength.first_value) == (0.01, 0.5)
    (rate,) = parameters(TECHNIQUES["dropout"])
    assert rate.first_value == rate.default == 0.3
