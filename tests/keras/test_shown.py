"""What Learn's pictures show, against Keras."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from analysis import shown_activations as activations
from analysis import shown_operations as operations
from analysis import shown_weights as weights


def test_normalizations_are_those_of_keras(keras: Any) -> None:
    values = activations.example_activations(16, 8, 0)
    for axis, layer in ((0, keras.layers.BatchNormalization()), (1, keras.layers.LayerNormalization())):
        given_by_keras = (
            layer(values.astype("float32"), training=True) if axis == 0 else layer(values.astype("float32"))
        )
        np.testing.assert_allclose(activations.normalize(values, axis), given_by_keras, atol=2e-5)
    groups = keras.layers.GroupNormalization(groups=4)(values.astype("float32"))
    np.testing.assert_allclose(activations.normalize_groups(values, 4), groups, atol=2e-5)


def test_feature_maps_are_convolutions(keras: Any) -> None:
    image = np.random.default_rng(0).random((8, 8))
    kernels = np.random.default_rng(5).normal(0.3, 1.0, (4, 3, 3))
    by_keras = keras.ops.conv(
        image[None, ..., None].astype("float32"),
        kernels.transpose(1, 2, 0)[:, :, None].astype("float32"),
        padding="same",
    )
    maps = activations.edge_maps(image, 4, 5)
    np.testing.assert_allclose(maps, np.maximum(by_keras[0], 0).transpose(2, 0, 1), atol=1e-4)


@pytest.mark.parametrize(("factor", "patience", "min_lr"), [(0.5, 3, 0.0), (0.1, 1, 0.0005), (0.9, 10, 0.0)])
def test_the_learning_rate_is_cut_where_keras_cuts_it(keras: Any, factor: float, patience: int, min_lr: float) -> None:
    values = np.abs(np.sin(np.arange(60) / 4)) + np.linspace(1, 0.5, 60)

    model = SimpleNamespace(optimizer=SimpleNamespace(learning_rate=0.01))
    callback = keras.callbacks.ReduceLROnPlateau(factor=factor, patience=patience, min_lr=min_lr, mode="min")
    callback.set_model(model)
    callback.on_train_begin()
    expected = []
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {"val_loss": value})
        expected.append(float(model.optimizer.learning_rate))
    ours = weights.reduce_on_plateau(values, 0.01, factor=factor, patience=patience, min_lr=min_lr)
    np.testing.assert_allclose(ours, expected, rtol=1e-5)


@pytest.mark.parametrize(("alpha", "warmup"), [(0.0, 0.0), (0.1, 0.25), (0.0, 0.9)])
def test_a_cosine_falls_as_keras_schedule_does(keras: Any, alpha: float, warmup: float) -> None:
    rising = round(warmup * 40)
    further = {"warmup_target": 0.01, "warmup_steps": rising} if rising else {}
    schedule = keras.optimizers.schedules.CosineDecay(0.0 if rising else 0.01, 40 - rising, alpha=alpha, **further)
    expected = [float(schedule(step)) for step in range(40)]
    np.testing.assert_allclose(weights.cosine_decay(0.01, 40, alpha=alpha, warmup=warmup), expected, atol=1e-8)


@pytest.mark.parametrize("q", [0.0, 0.3, 0.9])
def test_the_pull_of_a_label_is_the_slope_of_keras_loss(keras: Any, q: float) -> None:
    import tensorflow as tf

    logits = tf.Variable(np.random.default_rng(0).normal(0, 2, (50, 4)), dtype=tf.float32)
    labels = np.arange(50) % 4
    with tf.GradientTape() as tape:
        shares = tf.nn.softmax(logits)
        if q:
            losses = keras.losses.categorical_generalized_cross_entropy(labels, shares, q)
        else:
            losses = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    slopes = -tape.gradient(losses, logits).numpy()[np.arange(50), labels]
    probabilities = shares.numpy()[np.arange(50), labels]
    np.testing.assert_allclose(weights.pull_of_label(probabilities, q), slopes, atol=1e-5)


def test_selu_and_alpha_dropout_are_keras(keras: Any) -> None:
    import tensorflow as tf

    x = np.random.default_rng(0).normal(size=(400, 50)).astype("float32")
    np.testing.assert_allclose(activations.selu(x), keras.activations.selu(keras.ops.convert_to_tensor(x)), atol=1e-5)
    before = activations.selu(x.astype("float64"))
    by_keras = np.asarray(keras.layers.AlphaDropout(0.3, seed=1)(before.astype("float32"), training=True))
    ours = activations.drop_alpha(before, 0.3, 1)
    assert ours.min() == pytest.approx(by_keras.min(), abs=1e-5)
    assert (ours == ours.min()).mean() == pytest.approx((by_keras == by_keras.min()).mean(), abs=0.02)
    # A script says tf.keras, whose class of that name is an older one (3.15): it computes the same.
    legacy = np.asarray(tf.keras.layers.AlphaDropout(0.3, seed=1)(before.astype("float32"), training=True))
    np.testing.assert_allclose(legacy, by_keras, atol=1e-5)
    assert (ours.mean(), ours.var()) == (pytest.approx(0, abs=0.03), pytest.approx(1, abs=0.05))


class Draw:
    """A generator whose every draw is this share of its range; for whole numbers the lowest."""

    def __init__(self, share: float) -> None:
        self.share = share

    def uniform(self, low: float, high: float) -> float:
        return low + self.share * (high - low)

    def integers(self, low: int, high: int) -> int:
        return low


@pytest.mark.parametrize("factor", [0.1, 0.5])
def test_operations_on_pixels_are_those_of_keras(keras: Any, factor: float) -> None:
    image = np.random.default_rng(0).uniform(0.1, 0.9, (8, 8))
    images = keras.ops.convert_to_tensor(image[None, ..., None].astype("float32"))
    layers, ones = keras.layers, np.ones((1, 1, 1, 1), np.float32)
    bits = np.ones(1, np.uint8)
    drawn = 0.6 * factor
    options: dict[str, Any] = {"value_range": (0, 1)}
    cases = {
        "brightness": (layers.RandomBrightness(factor, **options), {"rgb_delta": ones * drawn}),
        "contrast": (layers.RandomContrast(factor, **options), {"contrast_factor": ones * (1 + drawn)}),
        "sharpness": (layers.RandomSharpness(factor, **options), {"factor": ones[0, 0, 0] * drawn}),
        "posterize": (layers.RandomPosterization(1, **options), {"shift_factor": 8 - bits}),
        "solarize": (
            layers.Solarization(factor, factor, **options),
            {"additions": ones * drawn * 255, "thresholds": ones * drawn * 255},
        ),
        "auto-contrast": (layers.AutoContrast(**options), {}),
    }
    for name, (layer, transformation) in cases.items():
        expected = np.asarray(layer.transform_images(images, transformation))[0, ..., 0]
        ours = operations.OPERATIONS[name](image, factor, Draw(0.6))  # type: ignore[arg-type]
        np.testing.assert_allclose(ours, expected, atol=1e-5, err_msg=name)
