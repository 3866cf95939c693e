"""Hyperparameters as arguments: one compiled function for all values, and the numbers of a plan of its own."""

from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
import pytest

from models.architectures import MLP, Architecture, ResNetMLP, make_plan
from models.plan import Call, Plan
from models.techniques import (
    L1,
    L1L2,
    L2,
    TECHNIQUES,
    BatchNormalization,
    Distillation,
    Dropout,
    EarlyStopping,
    GaussianDropout,
    GaussianNoise,
    GradientClipping,
    LabelSmoothing,
    MaxNorm,
    MovingAverage,
    SharpnessAwareMinimization,
    StochasticDepth,
    Technique,
    WeightDecay,
)
from tests.training.worker.test_engine import WINE, engine_of, numbers, split_of, train
from training.worker.hyperparameters import DERIVED, Slot, split_plan

pytestmark = pytest.mark.usefixtures("keras")

NET = MLP(widths=(8, 8))


def plan_of(*techniques: Technique, net: Architecture = NET, learning_rate: float = 0.01) -> Plan:
    return make_plan(net, techniques, input_shape=(13,), classes=3, learning_rate=learning_rate)


MOVED: list[tuple[Technique, Technique]] = [
    (Dropout(rate=0.0), Dropout(rate=0.3)),
    (GaussianNoise(stddev=0.0), GaussianNoise(stddev=0.3)),
    (GaussianDropout(rate=0.1), GaussianDropout(rate=0.3)),
    (L1(l1=0.0), L1(l1=0.01)),
    (L2(l2=0.1), L2(l2=0.01)),
    (L1L2(l1=0.1, l2=0.0), L1L2(l1=0.01, l2=0.3)),
    (MaxNorm(max_value=0.4), MaxNorm(max_value=3.0)),
    (BatchNormalization(momentum=0.5), BatchNormalization(momentum=0.999)),
    (WeightDecay(weight_decay=0.0), WeightDecay(weight_decay=1.0)),
    (LabelSmoothing(label_smoothing=0.1), LabelSmoothing(label_smoothing=0.3)),
    (GradientClipping(global_clipnorm=0.01), GradientClipping(global_clipnorm=1.0)),
    (MovingAverage(momentum=0.0), MovingAverage(momentum=0.98)),
    (SharpnessAwareMinimization(rho=0.0), SharpnessAwareMinimization(rho=0.3)),
    (Distillation(teachers=2, temperature=1.0), Distillation(teachers=2, temperature=4.0)),
    (EarlyStopping(patience=1), EarlyStopping(patience=50, min_delta=0.1)),
]


@pytest.mark.parametrize(("one", "other"), MOVED, ids=lambda technique: technique.name)
def test_a_slider_moves_no_structure_and_every_value_trains_as_in_an_engine_of_its_own(
    one: Technique, other: Technique
) -> None:
    from training.worker.compiled import compiled_epoch

    first = engine_of(plan_of(one))
    train(first, 2)
    moved = engine_of(plan_of(other, learning_rate=0.02))
    assert moved._compiled is first._compiled, "no trace, no compilation"
    shared, _ = train(moved, 3, seed=1)
    compiled_epoch.cache_clear()
    alone, _ = train(engine_of(plan_of(other, learning_rate=0.02)), 3, seed=1)
    assert numbers(shared) == numbers(alone)
    assert numbers(shared) != numbers(train(engine_of(plan_of(one)), 3, seed=1)[0])


def numbers_left(value: Any) -> list[float]:
    """Fractions in a structure."""
    if isinstance(value, Call):
        return [number for _, argument in value.arguments for number in numbers_left(argument)]
    return [value] if isinstance(value, float) else []


@pytest.mark.parametrize("name", TECHNIQUES)
def test_no_fraction_is_a_constant_of_compiled_code(name: str) -> None:
    technique = TECHNIQUES[name]
    net = ResNetMLP(width=8, blocks=2, normalization="none")
    plan = make_plan(net, [technique()], input_shape=(13,), classes=3)
    structure, hyper = split_plan(plan)
    calls = [*(layer.call for layer in structure.layers), structure.optimizer, structure.loss]
    assert not [number for call in calls for number in numbers_left(call)]
    assert np.isfinite(hyper).all() and hyper.shape[1] == 2
    assert (structure.callbacks, structure.augmentation, structure.mixing) == ((), (), None)


def test_constants_are_derived_in_double_precision() -> None:
    structure, hyper = split_plan(plan_of(BatchNormalization(momentum=0.999), Dropout(rate=0.3)))
    momentum = next(layer.call.get("momentum") for layer in structure.layers if layer.role == "normalization_1")
    rate = next(layer.call.get("rate") for layer in structure.layers if layer.role == "dropout_1")
    assert isinstance(momentum, Slot)
    assert hyper[momentum.row].tolist() == [np.float32(0.999), np.float32(0.001)]
    assert hyper[momentum.row, 1] != np.float32(1) - np.float32(0.999)
    assert hyper[rate.row].tolist() == [19661, np.float32(1 / 0.7)]
    assert DERIVED["layers.Dropout"]["rate"](0.3001)[0] == 19667


def test_the_rates_of_blocks_are_slots_of_their_own() -> None:
    plan = plan_of(StochasticDepth(drop_path_rate=0.4), net=ResNetMLP(width=4, blocks=4))
    structure, hyper = split_plan(plan)
    rows = [layer.call.get("rate").row for layer in structure.layers if layer.role.startswith("stochastic")]
    assert hyper[rows, 1] == pytest.approx([1 / (1 - rate) for rate in (0.1, 0.2, 0.3, 0.4)])


def test_the_model_that_is_handed_over_is_keras_own_with_the_values_of_its_plan(keras: Any) -> None:
    train(engine_of(plan_of(Dropout(rate=0.5), L2(l2=0.1))), 1)
    engine = engine_of(plan_of(Dropout(rate=0.25), L2(l2=0.03), learning_rate=0.02))
    train(engine, 1)
    dropout, dense = engine.model.get_layer("dropout_1"), engine.model.get_layer("dense_1")
    assert type(dropout) is keras.layers.Dropout and dropout.rate == 0.25
    assert float(dense.kernel_regularizer.l2) == pytest.approx(0.03)
    assert float(engine.model.optimizer.learning_rate) == pytest.approx(0.02)


def test_xla_takes_random_layers_and_compiles_once_for_all_calls() -> None:
    plan = plan_of(Dropout(rate=0.5), GaussianNoise(stddev=0.1), BatchNormalization(), L2(l2=0.01))
    engine = engine_of(plan, xla=True)
    engine.prepare(split_of(WINE))
    compiled, _ = train(engine, 8)
    seconds = [record.seconds for record in compiled]
    assert max(seconds) < 50 * median(seconds), "calls of all lengths; a compilation takes some hundred times an epoch"
    plain, _ = train(engine_of(plan), 2)
    # The same noise; other rounding, which every step amplifies.
    assert [r.val_loss for r in compiled[:2]] == pytest.approx([r.val_loss for r in plain], rel=1e-3)
    assert [r.objective for r in compiled[:2]] == pytest.approx([r.objective for r in plain], rel=1e-3)


def test_other_structures_are_other_functions() -> None:
    base = split_plan(plan_of(Dropout()))[0]
    for other in (plan_of(), plan_of(Dropout(), L2()), plan_of(Dropout(), net=MLP(widths=(8,)))):
        assert split_plan(other)[0] != base
    assert split_plan(replace(plan_of(Dropout()), class_weighting=0.5))[0] != base
    assert split_plan(replace(plan_of(Dropout()), sharpness=0.5))[0] != base
