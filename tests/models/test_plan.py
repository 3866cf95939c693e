"""Plans as data: what techniques put into them, and what makes two of them one."""

from models.architectures import MLP, Architecture, make_plan
from models.layer_facts import count_parameters
from models.plan import Plan, call
from models.techniques import (
    L1,
    Augmentation,
    BatchNormalization,
    EarlyStopping,
    Technique,
)


def plan_of(architecture: Architecture, *techniques: Technique, shape: tuple[int, ...] = (6,)) -> Plan:
    return make_plan(architecture, techniques, input_shape=shape, classes=3)


def test_no_noise_on_features_is_no_layer() -> None:
    assert plan_of(MLP(), Augmentation(feature_noise=0.0)).augmentation == ()


def test_a_count_by_hand() -> None:
    # 64 inputs, 10 units, batch normalization (gamma, beta, mean, variance), 3 classes.
    assert count_parameters(plan_of(MLP(widths=(10,)), BatchNormalization(), shape=(8, 8, 1))) == (
        (64 * 10 + 10) + 4 * 10 + (10 * 3 + 3)
    )


def test_arguments_that_are_none_are_left_to_keras() -> None:
    assert call("layers.Dense", units=3, kernel_regularizer=None) == call("layers.Dense", units=3)


def test_plans_of_equal_settings_are_one_key() -> None:
    first, second = (plan_of(MLP(widths=(5,)), L1(), EarlyStopping()) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert plan_of(MLP(widths=(5,)), L1(l1=0.5)) != plan_of(MLP(widths=(5,)), L1(l1=0.4))
