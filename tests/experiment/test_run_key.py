"""Keys of runs: equal for equal numbers, different wherever something decides them."""

import json
from typing import Any

import pytest

from experiment.machine import this_machine
from experiment.run_key import run_keys
from experiment.spec import parse_experiment
from results.records import RunKey

SPEC: dict[str, Any] = {
    "dataset": {"name": "digits", "train_size": 300},
    "architecture": {"name": "mlp", "widths": [16]},
    "training": {"epochs": 20},
    "variants": [{"name": "one", "techniques": [{"name": "dropout", "rate": 0.3}]}],
}


def key_of(seed: int = 0, machine: dict[str, Any] | None = None, **changes: Any) -> RunKey:
    experiment = parse_experiment(json.dumps(SPEC | changes))
    run = (experiment.variants[0].name, seed)
    return run_keys(experiment, [run], machine or this_machine())[run]


def test_what_decides_no_numbers_is_not_in_the_key() -> None:
    techniques = SPEC["variants"][0]["techniques"]
    renamed = [{"name": "two", "techniques": techniques}]
    others = [*renamed, {"name": "three", "techniques": [{"name": "l2"}]}]
    same = [
        key_of(variants=renamed, name="a name"),
        key_of(variants=others, seeds=[0, 5]),
        key_of(early_stopping={"patience": 3}, judging={"what": "accuracy"}),
        key_of(
            variants=[{"name": "own", "architecture": SPEC["architecture"], "techniques": renamed[0]["techniques"]}]
        ),
    ]
    assert set(same) == {key_of()}


@pytest.mark.parametrize(
    "changes",
    [
        {"dataset": {"name": "digits", "train_size": 301}},
        {"dataset": {"name": "digits", "train_size": 300, "label_noise": 0.1}},
        {"dataset": {"name": "wine"}},
        {"architecture": {"name": "mlp", "widths": [17]}},
        {"architecture": {"name": "resnet_mlp", "width": 16}},
        {"training": {"epochs": 20, "batch_size": 33}},
        {"training": {"epochs": 20, "optimizer": "sgd"}},
        {"training": {"epochs": 20, "learning_rate": 0.002}},
        {"variants": [{"name": "one", "techniques": [{"name": "dropout", "rate": 0.3001}]}]},
        {"variants": [{"name": "one"}]},
        {"variants": [{"name": "one", "techniques": [{"name": "dropout"}, {"name": "more_data", "factor": 2.0}]}]},
    ],
)
def test_whatever_decides_numbers_is_in_the_key(changes: dict[str, Any]) -> None:
    assert key_of(**changes).text != key_of().text


def test_seed_and_machine_are_in_the_key_and_the_number_of_epochs_is_beside_it() -> None:
    machine = this_machine()
    assert key_of(seed=1).text != key_of().text
    for name in machine:
        assert key_of(machine=machine | {name: "another"}).text != key_of().text
    longer = key_of(training={"epochs": 40})
    assert (longer.text, longer.epochs) == (key_of().text, 40)


def test_where_a_callback_decides_the_plans_differ() -> None:
    stops = [{"name": "one", "techniques": [{"name": "early_stopping", "patience": 3}]}]
    assert key_of(variants=stops).text != key_of(variants=[{"name": "one"}]).text


def test_where_teachers_are_trained_for_the_runs_epochs_those_are_in_the_key() -> None:
    taught = [{"name": "one", "techniques": [{"name": "distillation"}]}]
    assert key_of(variants=taught).text != key_of(variants=taught, training={"epochs": 40}).text
    assert key_of(variants=taught).text == key_of(variants=taught).text
    other = [{"name": "one", "techniques": [{"name": "distillation", "teachers": 4}]}]
    assert key_of(variants=other).text != key_of(variants=taught).text
