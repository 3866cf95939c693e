"""Plans as Keras models: structure, sizes, penalties and initial weights, against Keras and by hand."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.architectures import MLP, Architecture, ResNetConv, ResNetMLP, make_plan
from models.layer_facts import count_parameters
from models.parameters import parameters
from models.plan import Plan
from models.techniques import (
    L1,
    L2,
    TECHNIQUES,
    BatchNormalization,
    Dropout,
    EarlyStopping,
    Ensemble,
    Technique,
)
from tests.examples import examples
from tests.experiment.strategies import values

Float = NDArray[np.float64]


def plan_of(architecture: Architecture, *techniques: Technique, shape: tuple[int, ...] = (6,)) -> Plan:
    return make_plan(architecture, techniques, input_shape=shape, classes=3)


def model_of(architecture: Architecture, *techniques: Technique, seed: int = 0, shape: tuple[int, ...] = (6,)) -> Any:
    from training.worker.build import build, reset_weights

    plan = plan_of(architecture, *techniques, shape=shape)
    model = build(plan)
    reset_weights(model, plan, seed)
    return model


def layer_kinds(model: Any) -> list[str]:
    return [type(layer).__name__ for layer in model.layers]


def draw_weights(model: Any, seed: int = 0) -> None:
    """Gives every weight, moving average, gamma and beta a value of its own."""
    generator = np.random.default_rng(seed)
    for variable in model.weights:
        low = 0.5 if variable.name in ("gamma", "moving_variance") else -1.0
        variable.assign(generator.uniform(low, 1.5, variable.shape))


def inputs(rows: int = 5, shape: tuple[int, ...] = (6,)) -> NDArray[np.float32]:
    return np.random.default_rng(9).normal(size=(rows, *shape)).astype(np.float32)


small_architectures: st.SearchStrategy[Architecture] = st.one_of(
    st.builds(MLP, widths=st.lists(st.integers(1, 20), min_size=1, max_size=4).map(tuple)),
    st.builds(
        ResNetMLP, width=st.integers(1, 12), blocks=st.integers(1, 3), normalization=st.sampled_from(["batch", "none"])
    ),
    st.builds(ResNetMLP, width=st.integers(1, 12), blocks=st.just(2), normalization=st.just("layer")),
    st.builds(ResNetConv, filters=st.integers(1, 6), stages=st.integers(1, 3), blocks=st.integers(1, 2)),
)


@st.composite
def small_plans(draw: st.DrawFn) -> Plan:
    architecture = draw(small_architectures)
    shape = (8, 8, 1) if architecture.convolutional else draw(st.sampled_from([(2,), (13,), (8, 8, 1)]))
    techniques: list[Technique] = []
    for name in draw(st.lists(st.sampled_from(sorted(TECHNIQUES)), unique=True)):
        technique = TECHNIQUES[name]
        technique_ = technique.model_validate({p.key: draw(values(p)) for p in parameters(technique)})
        if not list(architecture.refuse([*techniques, technique_], shape)):
            techniques.append(technique_)
    return make_plan(architecture, techniques, input_shape=shape, classes=draw(st.integers(2, 10)))


@examples(30, suppress_health_check=[HealthCheck.too_slow])
@given(plan=small_plans())
def test_parameters_are_counted_as_keras_counts_them(keras: Any, plan: Plan) -> None:
    from training.worker.build import build

    assert count_parameters(plan) == build(plan).count_params()


@pytest.mark.parametrize("name", TECHNIQUES)
@pytest.mark.parametrize("end", ["low", "high"])
def test_keras_takes_the_ends_of_every_range(keras: Any, name: str, end: str) -> None:
    from training.worker.build import build, make

    technique = TECHNIQUES[name]
    ends = {p.key: getattr(p, end) for p in parameters(technique) if p.kind in ("int", "float")}
    if "groups" in ends:  # of no more than the largest network's filters
        ends["groups"] = min(ends["groups"], 512)
    plain = ResNetConv(normalization="none", stages=1, filters=ends.get("groups", 2))
    plan = plan_of(plain, technique.model_validate(ends), shape=(8, 8, 1))
    build(plan)
    for made in (*(layer for _, layer in plan.augmentation), plan.mixing, plan.optimizer, plan.loss, *plan.callbacks):
        make(made)


def test_order_in_a_layer_of_an_mlp(keras: Any) -> None:
    model = model_of(MLP(widths=(5, 4), activation="relu"), Dropout(rate=0.2), BatchNormalization(), shape=(2, 3))
    hidden = ["Dense", "BatchNormalization", "Activation", "Dropout"]
    assert layer_kinds(model) == ["InputLayer", "Flatten", *hidden, *hidden, "Dense", "Softmax"]
    assert [layer.units for layer in model.layers if type(layer).__name__ == "Dense"] == [5, 4, 3]
    assert {layer.rate for layer in model.layers if type(layer).__name__ == "Dropout"} == {0.2}


def test_a_plain_mlp_has_nothing_but_dense_and_activation(keras: Any) -> None:
    model = model_of(MLP(widths=(5,)))
    assert layer_kinds(model) == ["InputLayer", "Dense", "Activation", "Dense", "Softmax"]


def consumers(model: Any, name: str) -> list[str]:
    """The layers that read a layer's output."""
    layer = model.get_layer(name)
    return [node.operation.name for node in layer._outbound_nodes]


def sources(model: Any, name: str) -> list[str]:
    """The layers that a layer reads."""
    return [tensor._keras_history.operation.name for tensor in _listed(model.get_layer(name).input)]


def _listed(tensors: Any) -> Sequence[Any]:
    return tensors if isinstance(tensors, list) else [tensors]


def test_the_shortcut_is_the_blocks_input_itself_and_nothing_follows_the_addition(keras: Any) -> None:
    model = model_of(ResNetMLP(width=4, blocks=3), Dropout(rate=0.5))
    trunk = ["dense_0", "add_1", "add_2", "add_3"]
    for block in (1, 2, 3):
        shortcut, branch = sources(model, f"add_{block}")
        assert shortcut == trunk[block - 1]
        assert branch == f"dense_{block}b"
        assert sorted(consumers(model, shortcut)) == sorted([f"normalization_{block}a", f"add_{block}"])
        path = [branch]
        while path[-1] != shortcut:
            path += sources(model, path[-1])
        kinds = [type(model.get_layer(name)).__name__ for name in reversed(path[:-1])]
        half = ["BatchNormalization", "Activation"]
        assert kinds == [*half, "Dense", *half, "Dropout", "Dense"]
    assert consumers(model, "add_3") == ["normalization_last"]
    assert layer_kinds(model)[-4:] == ["BatchNormalization", "Activation", "Dense", "Softmax"]


@pytest.mark.parametrize("normalization", ["batch", "layer", "none"])
def test_a_residual_net_without_branches_is_the_identity_on_its_trunk(keras: Any, normalization: str) -> None:
    net = ResNetMLP.model_validate({"width": 7, "blocks": 3, "normalization": normalization})
    model = model_of(net, Dropout(rate=0.5))
    for block in (1, 2, 3):
        kernel = model.get_layer(f"dense_{block}b").kernel
        kernel.assign(np.zeros(kernel.shape))
    trunk = keras.Model(model.input, [model.get_layer(name).output for name in ("dense_0", "add_3")])
    for training in (False, True):
        begin, end = trunk(inputs(), training=training)
        assert (np.asarray(begin) == np.asarray(end)).all()
        assert np.abs(begin).max() > 0.1


def swish(x: Float) -> Float:
    return np.asarray(x / (1 + np.exp(-x)))


def dense(model: Any, name: str, x: Float) -> Float:
    kernel, bias = (np.asarray(v, np.float64) for v in model.get_layer(name).get_weights())
    return np.asarray(x @ kernel + bias)


def normalized(model: Any, name: str, x: Float) -> Float:
    gamma, beta, mean, variance = (np.asarray(v, np.float64) for v in model.get_layer(name).get_weights())
    return np.asarray(gamma * (x - mean) / np.sqrt(variance + 0.001) + beta)


def test_a_residual_net_computes_its_formula(keras: Any) -> None:
    model = model_of(ResNetMLP(width=4, blocks=2), Dropout(rate=0.5))
    draw_weights(model)
    x = dense(model, "dense_0", np.asarray(inputs(), np.float64))
    for block in (1, 2):
        branch = dense(model, f"dense_{block}a", swish(normalized(model, f"normalization_{block}a", x)))
        branch = dense(model, f"dense_{block}b", swish(normalized(model, f"normalization_{block}b", branch)))
        x = x + branch
    logits = dense(model, "logits", swish(normalized(model, "normalization_last", x)))
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model(inputs(), training=False), expected, rtol=1e-3, atol=1e-6)


def test_an_mlp_computes_its_formula(keras: Any) -> None:
    model = model_of(MLP(widths=(5, 4)), BatchNormalization(), Dropout(rate=0.5))
    draw_weights(model)
    x = np.asarray(inputs(), np.float64)
    for i in (1, 2):
        x = swish(normalized(model, f"normalization_{i}", dense(model, f"dense_{i}", x)))
    logits = dense(model, "logits", x)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model(inputs(), training=False), expected, rtol=1e-3, atol=1e-6)


PENALTIES: list[tuple[list[Technique], str, float, float]] = [
    ([L1(l1=0.02)], "L1", 0.02, 0.0),
    ([L2(l2=0.3)], "L2", 0.0, 0.3),
    ([L1(l1=0.02), L2(l2=0.3)], "L1L2", 0.02, 0.3),
    ([L2(l2=0.3), L1(l1=0.02)], "L1L2", 0.02, 0.3),
]


@pytest.mark.parametrize("architecture", [MLP(widths=(5, 4)), ResNetMLP(width=4, blocks=2)], ids=lambda a: a.name)
@pytest.mark.parametrize(("techniques", "kind", "l1", "l2"), PENALTIES)
def test_penalties_are_sums_over_all_kernels(
    keras: Any, architecture: Architecture, techniques: list[Technique], kind: str, l1: float, l2: float
) -> None:
    model = model_of(architecture, *techniques)
    draw_weights(model)
    kernels = [np.asarray(v, np.float64) for v in model.weights if v.name == "kernel"]
    layers = [layer for layer in model.layers if type(layer).__name__ == "Dense"]
    assert len(kernels) == len(layers)
    for layer in layers:
        assert type(layer.kernel_regularizer) is getattr(keras.regularizers, kind)
        assert float(getattr(layer.kernel_regularizer, "l1", 0.0)) == pytest.approx(l1)
        assert float(getattr(layer.kernel_regularizer, "l2", 0.0)) == pytest.approx(l2)
    by_hand = sum(l1 * np.abs(w).sum() + l2 * (w**2).sum() for w in kernels)
    assert float(sum(model.losses)) == pytest.approx(by_hand, rel=1e-5)


def test_without_a_penalty_there_is_no_loss_of_the_model(keras: Any) -> None:
    assert model_of(MLP(widths=(5,)), Dropout()).losses == []


def test_early_stopping_is_keras_own_with_the_techniques_parameters(keras: Any) -> None:
    from training.worker.build import make

    technique = EarlyStopping(
        monitor="val_accuracy", patience=7, min_delta=0.01, baseline=0.5, start_from_epoch=3, restore_best_weights=False
    )
    callback = make(technique.callback())
    assert type(callback) is keras.callbacks.EarlyStopping
    assert (callback.monitor, callback.mode, callback.patience, callback.baseline) == ("val_accuracy", "max", 7, 0.5)
    assert (callback.min_delta, callback.start_from_epoch, callback.restore_best_weights) == (0.01, 3, False)
    assert make(EarlyStopping(monitor="train_loss").callback()).mode == "min"
    assert make(EarlyStopping().callback()).restore_best_weights is True


def kernels_by_role(model: Any) -> dict[str, NDArray[np.float32]]:
    return {layer.name: layer.get_weights()[0] for layer in model.layers if type(layer).__name__ == "Dense"}


SHARED: list[tuple[Architecture, list[list[Technique]]]] = [
    (MLP(widths=(5, 5)), [[Dropout()], [BatchNormalization()], [L2(), Dropout(), BatchNormalization()]]),
    (ResNetMLP(width=5, blocks=2, normalization="none"), [[Dropout()], [BatchNormalization()], [L1()]]),
]


@pytest.mark.parametrize(("architecture", "variants"), SHARED, ids=["mlp", "resnet_mlp"])
def test_variants_share_the_initial_weights_of_the_layers_they_share(
    keras: Any, architecture: Architecture, variants: list[list[Technique]]
) -> None:
    baseline = kernels_by_role(model_of(architecture, seed=3))
    for techniques in variants:
        other = kernels_by_role(model_of(architecture, *techniques, seed=3))
        assert other.keys() == baseline.keys()
        for role, kernel in baseline.items():
            assert (kernel == other[role]).all()


def test_initial_weights_differ_between_seeds_roles_and_members(keras: Any) -> None:
    from training.worker.build import reset_weights

    net, ensemble = MLP(widths=(6, 6, 6)), Ensemble(members=2)
    plan, model = plan_of(net, ensemble), model_of(net, ensemble, seed=0)
    first = kernels_by_role(model)
    square = [f"dense_{i}{member}" for i in (1, 2, 3) for member in ("", "_member_2") if i > 1]
    reset_weights(model, plan, 1)
    second = kernels_by_role(model)
    drawn = [kernels[role].tobytes() for kernels in (first, second) for role in square]
    assert len(set(drawn)) == 8
    reset_weights(model, plan, 0)
    again = kernels_by_role(model)
    assert all((again[role] == first[role]).all() for role in first)
    alone = kernels_by_role(model_of(net, seed=0))
    assert all((alone[role] == first[role]).all() for role in alone), "the first member is the plain variant"


def test_initial_weights_have_the_distribution_of_keras_default(keras: Any) -> None:
    # Glorot and Bengio (2010): uniform within sqrt(6 / (fan in + fan out)), standard deviation limit / sqrt(3).
    model = model_of(MLP(widths=(200,)), shape=(100,))
    kernel, bias = model.get_layer("dense_1").get_weights()
    limit = np.sqrt(6 / 300)
    assert 0.99 * limit < np.abs(kernel).max() <= limit
    assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.02)
    assert (bias == 0).all()


@pytest.mark.parametrize("architecture", [MLP(widths=(5, 5)), ResNetMLP(width=5, blocks=1, normalization="none")])
def test_a_reset_undoes_everything_that_training_changed(keras: Any, architecture: Architecture) -> None:
    from training.worker.build import reset_weights

    model = model_of(architecture, Dropout(rate=0.5), BatchNormalization(), seed=8)
    variables = list(model.variables)  # before compile adds the optimizer's
    start = [v.numpy() for v in variables]
    names = {v.name for v in variables}
    assert names == {"kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance", "seed_generator_state"}
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    model.fit(inputs(30), np.arange(30) % 3, epochs=2, batch_size=10, verbose=0)
    changed = {v.name for v, before in zip(variables, start, strict=True) if (v.numpy() != before).any()}
    assert changed == names
    reset_weights(model, plan_of(architecture, Dropout(rate=0.5), BatchNormalization()), 8)
    for variable, before in zip(variables, start, strict=True):
        assert (variable.numpy() == before).all()


def test_fresh_normalization_does_nothing_in_inference(keras: Any) -> None:
    model = model_of(MLP(widths=(5,)), BatchNormalization())
    gamma, beta, mean, variance = model.get_layer("normalization_1").get_weights()
    assert (gamma == 1).all()
    assert (variance == 1).all()
    assert not beta.any()
    assert not mean.any()
