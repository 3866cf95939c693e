"""The names table against the real Keras."""

from typing import Any

import numpy as np
import pytest

from models.keras_names import KERAS_NAMES, KerasName

PARTS = {"activation": "activations", "loss": "losses", "metric": "metrics", "optimizer": "optimizers",
         "regularizer": "regularizers", "constraint": "constraints"}  # fmt: skip


def at(keras: Any, path: str) -> Any:
    return eval(f"keras.{path}", {"keras": keras})


@pytest.mark.parametrize(
    "name", [n for n in KERAS_NAMES if n.string], ids=lambda name: f"{name.argument} {name.string}"
)
def test_the_string_means_what_the_table_says(keras: Any, name: KerasName) -> None:
    meant = getattr(keras, PARTS[name.argument]).get(name.string)
    if name.argument in ("activation", "loss"):
        assert meant is at(keras, name.function)
    else:
        assert type(meant) is at(keras, name.cls)
    assert name.function is None or callable(at(keras, name.function))


@pytest.mark.parametrize("name", [n for n in KERAS_NAMES if n.argument == "activation"], ids=lambda n: n.string)
def test_function_and_class_of_an_activation_compute_the_same(keras: Any, name: KerasName) -> None:
    values = np.linspace(-3, 3, 12, dtype=np.float32).reshape(2, 6)
    layer = at(keras, name.cls)
    layer = layer() if isinstance(layer, type) else layer
    np.testing.assert_allclose(layer(values), at(keras, name.function)(keras.ops.convert_to_tensor(values)), rtol=1e-6)


@pytest.mark.parametrize(
    "name", [n for n in KERAS_NAMES if n.string and n.argument in ("loss", "metric")], ids=lambda name: name.string
)
def test_the_class_is_the_mean_of_the_function(keras: Any, name: KerasName) -> None:
    predicted = np.array([[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]], dtype=np.float32)
    true = np.array([2, 1]) if name.string.startswith("sparse") else np.array([[0, 0, 1], [0, 1, 0]], dtype=np.float32)
    by_function = np.mean(at(keras, name.function)(true, predicted))
    assert float(at(keras, name.cls)()(true, predicted)) == pytest.approx(by_function, rel=1e-6)


def test_sparse_and_one_hot_labels_give_the_same_loss(keras: Any) -> None:
    """What the Learn page says, with the numbers in its table."""
    shares = np.array([[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]], dtype=np.float32)
    one_hot = keras.utils.to_categorical([2, 0])
    assert one_hot.tolist() == [[0, 0, 1], [1, 0, 0]]
    sparse = np.array(keras.losses.sparse_categorical_crossentropy(np.array([2, 0]), shares))
    np.testing.assert_allclose(sparse, keras.losses.categorical_crossentropy(one_hot, shares), rtol=1e-5)
    np.testing.assert_allclose(sparse, [0.357, 0.693], atol=5e-4)
