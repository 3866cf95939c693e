"""What random layers draw outside compiled code: the distributions of Keras's layers, from streams nothing cuts."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from models.architectures import MLP, Architecture, ResNetConv, ResNetMLP, make_plan
from models.layer_facts import LAYER_FACTS
from models.plan import LOGITS, Plan
from models.techniques import (
    Dropout,
    Ensemble,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout,
    StochasticDepth,
    Technique,
)
from training.worker.hyperparameters import split_plan
from training.worker.noise import Noise

pytestmark = pytest.mark.usefixtures("keras")

Float = NDArray[np.float32]
NET = MLP(widths=(40,))
CASES: list[tuple[Architecture, Technique, str]] = [
    (NET, Dropout(rate=0.3), "dropout_1"),
    (NET, Dropout(rate=0.0), "dropout_1"),
    (NET, Dropout(rate=0.95), "dropout_1"),
    (NET, GaussianNoise(stddev=0.5), "gaussian_noise_1"),
    (NET, GaussianDropout(rate=0.2), "gaussian_dropout_1"),
    (ResNetMLP(width=6, blocks=2), StochasticDepth(drop_path_rate=0.4), "stochastic_depth_2"),
    (ResNetConv(filters=6), SpatialDropout(rate=0.4), "spatial_dropout_1"),
]


def plan_of(net: Architecture, *techniques: Technique) -> Plan:
    shape = (8, 8, 1) if net.convolutional else (5,)
    return make_plan(net, techniques, input_shape=shape, classes=3)


def layer_of_ours(plan: Plan, role: str, x: Float, seed: int = 0) -> Float:
    """What the layer with this role makes of `x`, shape (rows, ...), in a gradient step."""
    import tensorflow as tf

    from training.worker.network import LAYERS, Batch, Pass

    structure, hyper = split_plan(plan)
    noise = Noise(plan, len(x), len(x))
    noise.begin(seed, 1)
    drawn = {key: tf.constant(of_role[0]) for key, of_role in noise.draw().items()}
    layer = next(layer for layer in structure.layers if layer.role == role)
    batch = Batch(tf.ones(len(x)), float(len(x)))
    now = Pass({}, {}, tf.constant(hyper), drawn, batch)
    return np.asarray(LAYERS[layer.call.path](layer, [tf.constant(x)[tf.newaxis]], now)[0], np.float32)


def layer_of_keras(plan: Plan, role: str, x: Float) -> Float:
    from training.worker.build import make

    layer = next(layer for layer in plan.layers if layer.role == role)
    return np.asarray(make(layer.call)(x, training=True))


@pytest.mark.parametrize(("net", "technique", "role"), CASES, ids=lambda value: getattr(value, "name", value))
def test_a_layer_has_the_distribution_of_keras_layer(net: Architecture, technique: Technique, role: str) -> None:
    plan = plan_of(net, technique)
    shape = (400, 8, 8, 6) if net.convolutional else (4000, 6 if net.residual else 40)
    x = np.ones(shape, np.float32)
    ours, keras = layer_of_ours(plan, role, x), layer_of_keras(plan, role, x)
    values, theirs = np.unique(ours), np.unique(keras)
    if len(theirs) <= 2:  # dropped or scaled
        assert values == pytest.approx(theirs, rel=1e-6)
    else:
        assert ks_2samp(ours.ravel()[:20_000], keras.ravel()[:20_000]).pvalue > 1e-3
    deviation = keras.std() / np.sqrt(ours.size / np.prod(shape[1:-1])) + 1e-6
    assert abs(ours.mean() - keras.mean()) < 6 * deviation * (shape[-1] if net.residual else 1)
    assert ours.std() == pytest.approx(keras.std(), rel=0.05, abs=1e-6)
    for axis in range(1, len(shape)):  # what all share in Keras, all share here, and nothing else
        alike = [(part == np.take(part, [0], axis)).all() for part in (ours, keras)]
        assert alike[0] == alike[1]


def test_every_layer_of_a_network_has_its_function() -> None:
    from training.worker.network import LAYERS

    of_networks = {path for path, facts in LAYER_FACTS.items() if facts.kind != "rows"}
    assert of_networks - LAYERS.keys() == {"layers.Softmax", "layers.Average"}, "what follows the logits"
    assert plan_of(NET).layers[-2].role == LOGITS


def test_rates_that_differ_by_a_ten_thousandth_drop_other_shares() -> None:
    x = np.ones((50_000, 40), np.float32)
    shares = [(layer_of_ours(plan_of(NET, Dropout(rate=r)), "dropout_1", x) == 0).mean() for r in (0.3, 0.3001)]
    assert shares[1] - shares[0] == pytest.approx(1e-4, abs=2e-5), "the same bits against another threshold"


def drawn(plan: Plan, rows: int, batch: int, seed: int = 1, epoch: int = 1) -> dict[str, NDArray[Any]]:
    """The noise of an epoch, role -> (members, rows, ...)."""
    noise = Noise(plan, rows, batch)
    noise.begin(seed, epoch)
    windows = [noise.draw() for _ in range(0, rows, batch * noise.steps)]
    found = {}
    for role in windows[0]:
        whole = np.concatenate([window[role] for window in windows])  # (steps, members, rows of a batch, ...)
        found[role] = np.moveaxis(whole, 0, 1).reshape(whole.shape[1], -1, *whole.shape[3:])[:, :rows]
    return found


@pytest.mark.parametrize("technique", [Dropout(), GaussianNoise()], ids=lambda technique: technique.name)
def test_a_stream_does_not_depend_on_windows_batches_or_other_layers(
    technique: Technique, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, role = MLP(widths=(7, 40)), f"{technique.name}_1"
    whole = drawn(plan_of(net, technique), 106, 16)
    for batch in (1, 53, 106):
        assert (drawn(plan_of(net, technique), 106, batch)[role] == whole[role]).all()
    assert (drawn(plan_of(MLP(widths=(7,)), technique), 106, 16)[role] == whole[role]).all()
    monkeypatch.setattr("training.worker.noise.MOST_BYTES", 5000)
    cut = drawn(plan_of(net, technique), 106, 16)
    assert Noise(plan_of(net, technique), 106, 16).steps < 7
    assert all((cut[key] == whole[key]).all() for key in whole)


def test_streams_differ_and_the_first_member_has_that_of_the_plain_plan() -> None:
    net = MLP(widths=(40, 40))
    two = drawn(plan_of(net, Dropout(), Ensemble(members=2)), 50, 10)
    alone = drawn(plan_of(net, Dropout()), 50, 10)
    assert all((two[role][0] == alone[role][0]).all() for role in alone)
    others = [two[role][member] for role in two for member in (0, 1)]
    others += [
        drawn(plan_of(net, Dropout()), 50, 10, **changed)["dropout_1"][0] for changed in ({"seed": 2}, {"epoch": 2})
    ]
    assert len({part.tobytes() for part in others}) == 6


def test_windows_are_bounded() -> None:
    plan = plan_of(MLP(widths=(4096,) * 10), Dropout(), Ensemble(members=2))
    noise = Noise(plan, 50_000, 32)
    noise.begin(0, 1)
    assert 32_000_000 < sum(of_role.nbytes for of_role in noise.draw().values()) <= 64_000_000
