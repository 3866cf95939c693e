"""What Learn's pictures show, against Keras."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from analysis import shown_activations as activations
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
