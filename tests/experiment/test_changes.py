"""What differs between the form and what is shown."""

import json
from typing import Any

import pytest
from hypothesis import given

from experiment.changes import Change, find_changes
from experiment.spec import Experiment, parse_experiment
from tests.experiment.strategies import experiments

BEFORE: dict[str, Any] = {
    "dataset": {"name": "digits", "train_size": 300},
    "variants": [
        {"name": "baseline"},
        {"name": "L2", "techniques": [{"name": "l2", "l2": 0.003}]},
    ],
    "seeds": [0, 1],
}


def parsed(values: dict[str, Any]) -> Experiment:
    return parse_experiment(json.dumps(values))


def changed(**parts: Any) -> tuple[Change, ...]:
    return find_changes(parsed(BEFORE), parsed({**BEFORE, **parts}))


def variants(*names: str, **techniques: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": name, "techniques": techniques.get(name, [])} for name in names]


L2 = [{"name": "l2", "l2": 0.003}]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"dataset": {"name": "digits", "train_size": 100}}, Change("", "dataset", "Training rows", 300, 100)),
        ({"dataset": {"name": "wine"}}, Change("", "dataset", "dataset", "Handwritten digits, 8×8", "Wine")),
        ({"training": {"epochs": 7}}, Change("", "training", "Epochs", 100, 7)),
        ({"seeds": [0, 1, 2]}, Change("", "seeds", "Seeds", [0, 1], [0, 1, 2])),
        ({"judging": {"what": "accuracy"}}, Change("", "judging", "what", "handed_over", "accuracy")),
        (
            {"variants": variants("baseline", "L2", L2=[{"name": "l2", "l2": 0.01}])},
            Change("L2", "parameter", "L2: Strength", 0.003, 0.01),
        ),
        ({"variants": variants("baseline", "L2")}, Change("L2", "technique", "L2", "L2", None)),
        (
            {"variants": variants("baseline", "L2", L2=[*L2, {"name": "dropout"}])},
            Change("L2", "technique", "Dropout", None, "Dropout"),
        ),
        ({"variants": variants("baseline")}, Change("L2", "variant", "L2", "L2", None)),
        ({"variants": variants("baseline", "L2", "new", L2=L2)}, Change("new", "variant", "new", None, "new")),
        ({"variants": variants("plain", "L2", L2=L2)}, Change("plain", "name", "baseline", "baseline", "plain")),
        (
            {"variants": variants("L2", "baseline", L2=L2)},
            Change("", "variant", "Order", ["baseline", "L2"], ["L2", "baseline"]),
        ),
    ],
)  # fmt: skip
def test_one_change_is_found_alone(parts: dict[str, Any], expected: Change) -> None:
    (change,) = changed(**parts)
    assert (change.variant, change.part, change.before, change.after) == (
        expected.variant,
        expected.part,
        expected.before,
        expected.after,
    )


def test_the_name_of_the_experiment_changes_no_result() -> None:
    assert changed(name="another") == ()


@given(experiments, experiments)
def test_there_is_no_change_only_where_all_but_the_name_is_equal(first: Experiment, second: Experiment) -> None:
    assert find_changes(first, first) == ()
    same = first.model_copy(update={"name": ""}) == second.model_copy(update={"name": ""})
    assert (find_changes(first, second) == ()) == same
