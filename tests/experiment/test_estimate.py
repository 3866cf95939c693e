"""How long an experiment will take: what follows from its work alone, and from what was measured here."""

import json
from typing import Any

import pytest

from experiment.estimate import (
    SECONDS_PER_RUN,
    estimate_seconds,
    machine_factor,
    run_bytes,
    run_seconds,
    setup_seconds,
)
from experiment.limits import Limits
from experiment.spec import Experiment, parse_experiment
from models.architectures import MLP, ResNetConv, make_plan
from models.layer_facts import count_operations, count_parameters
from results.records import EpochRecord
from results.speed import FinishedRun, read_finished_runs
from results.store import Store


def experiment(**parts: Any) -> Experiment:
    return parse_experiment(json.dumps(parts))


def test_operations_by_hand() -> None:
    # 6 inputs, 10 units, 3 classes: (6 + 1) * 10 + (10 + 1) * 3 products, each with an addition.
    assert count_operations(make_plan(MLP(widths=(10,)), [], input_shape=(6,), classes=3)) == 2 * (70 + 33)
    # One 3x3 convolution of 2 filters on 4x4 pixels, a block of two more, and the head.
    net = ResNetConv(filters=2, stages=1, blocks=1)
    first, other, head = 16 * (9 * 1 + 1) * 2, 16 * (9 * 2 + 1) * 2, (2 + 1) * 3
    assert count_operations(make_plan(net, [], input_shape=(4, 4, 1), classes=3)) == 2 * (first + 2 * other + head)


def test_twice_the_epochs_take_twice_the_time_beside_setup_and_a_seed_what_each_run_takes() -> None:
    def beside_setup(**parts: Any) -> float:
        found = experiment(**parts)
        return estimate_seconds(found, found.runs(), 1, 1.0) - sum(setup_seconds(found, v) for v in found.variants)

    once = beside_setup(seeds=[0], training={"epochs": 50})
    epochs = once - SECONDS_PER_RUN
    assert beside_setup(seeds=[0], training={"epochs": 100}) == pytest.approx(2 * epochs + SECONDS_PER_RUN)
    assert beside_setup(seeds=[0, 1], training={"epochs": 50}) == pytest.approx(2 * once)


def test_changing_images_takes_time_by_their_numbers_and_rand_augment_most() -> None:
    def seconds(*names: str, **data: Any) -> float:
        parts = {"dataset": {"name": "digits", **data}, "training": {"epochs": 10}}
        found = experiment(**parts, variants=[{"name": "v", "techniques": [{"name": name} for name in names]}])
        return run_seconds(found, found.variants[0])

    plain, shifted, varied = (seconds(*names) for names in ((), ("augmentation",), ("rand_augment",)))
    assert varied - plain == pytest.approx(2 * (shifted - plain))  # 2 draws of 3 layers each, against 3 layers
    few = seconds("rand_augment", train_size=200) - seconds(train_size=200)
    rows = experiment().dataset.training_rows
    assert (varied - plain) / few == pytest.approx(rows / 200)


def test_workers_share_the_runs_and_idle_ones_do_not_help() -> None:
    two = experiment(seeds=[0, 1], training={"epochs": 1000})
    assert estimate_seconds(two, two.runs(), 2, 1.0) < 0.6 * estimate_seconds(two, two.runs(), 1, 1.0)
    assert estimate_seconds(two, two.runs(), 8, 1.0) == estimate_seconds(two, two.runs(), 2, 1.0)


def test_what_finished_runs_took_sets_the_speed_and_one_odd_run_does_not() -> None:
    done = experiment(variants=[{"name": "a"}])
    expected = run_seconds(done, done.variants[0], 40)
    runs = [FinishedRun(done.model_dump_json(), "a", 40, expected * times) for times in (3.0, 3.0, 100.0)]
    assert machine_factor(runs) == pytest.approx(3.0)
    assert machine_factor([]) is None
    assert estimate_seconds(done, done.runs(), 1, 3.0) == pytest.approx(3 * estimate_seconds(done, done.runs(), 1, 1.0))


def test_the_store_gives_the_runs_that_finished_last(tmp_path: Any) -> None:
    with Store(f"sqlite:///{tmp_path}/results.db") as store:
        add: dict[str, Any] = {"visitor": "local", "owner": "server"}
        for place, (status, seconds) in enumerate([("finished", 0.5), ("cancelled", 9.0), ("finished", 0.25)]):
            identifier = store.add_experiment("{}", "", [(f"v{place}", 0)], **add, now=100.0)
            (run,) = store.runs(identifier)
            store.start(run.id, 1, {}, 101.0)
            epochs = [EpochRecord(e, 1.0, 1.0, 0.5, 0.5, 1.0, 0.001, e, seconds) for e in (1, 2)]
            store.append_epochs(run.id, 1, epochs, 102.0)
            store.finish(run.id, 1, status, now=103.0 + place)  # type: ignore[arg-type]
        assert {(r.variant, r.epochs, r.seconds) for r in read_finished_runs(store)} == {("v0", 2, 1.0), ("v2", 2, 0.5)}
        assert [r.variant for r in read_finished_runs(store, limit=1)] == ["v2"]


def test_two_gradients_in_a_step_take_twice_the_products_of_training() -> None:
    def seconds(*names: str) -> float:
        found = experiment(variants=[{"name": "v", "techniques": [{"name": name} for name in names]}])
        return run_seconds(found, found.variants[0], 1)

    plain, flat, ensemble = seconds(), seconds("sam"), seconds("sam", "ensemble")
    assert 1.5 * plain < flat < 2 * plain, "what is judged and written is judged and written once"
    assert 4.5 * flat < ensemble < 5 * flat


def test_teachers_count_as_the_ensemble_that_they_are() -> None:
    def of(*techniques: dict[str, Any]) -> tuple[float, float, float]:
        found = experiment(variants=[{"name": "v", "techniques": list(techniques)}], training={"epochs": 100})
        variant = found.variants[0]
        return run_seconds(found, variant), setup_seconds(found, variant), run_bytes(found, variant)

    plain, ensemble = of(), of({"name": "ensemble"})
    seconds, setup, memory = of({"name": "distillation"})
    assert seconds == pytest.approx(plain[0] + ensemble[0], rel=0.01)
    assert setup == pytest.approx(plain[1] + ensemble[1])
    assert ensemble[2] < memory < plain[2] + ensemble[2]
    mixed, taught = of({"name": "mixup"}), of({"name": "distillation"}, {"name": "mixup"})
    assert taught[0] - mixed[0] > 1.05 * (seconds - plain[0]), "teachers are asked in each epoch"


def test_a_limit_on_weights_is_for_the_teachers_too() -> None:
    found = experiment(variants=[{"name": "v", "techniques": [{"name": "distillation", "teachers": 7}]}])
    alone = count_parameters(found.plan(found.variants[0]))
    assert Limits(parameters=10**9).measure(found)["parameters"] == 7 * alone
