"""A plan becomes a Keras model."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zlib import crc32

import keras
import numpy as np

from models.plan import Call, Plan, layer_name

SEED = "seed_generator_state"
"""Keras's name for what a layer draws from; compiled code gets its noise from elsewhere."""


def make(value: Any) -> Any:
    """The Keras object that a Call describes (arguments may be Calls); anything else as it is."""
    if not isinstance(value, Call):
        return value
    target: Any = keras
    for part in value.path.split("."):
        target = getattr(target, part)
    made = target(**{key: make(argument) for key, argument in value.arguments})
    return OfLogits(made) if isinstance(made, keras.losses.Loss) and value.get("from_logits") is None else made


class OfLogits(keras.losses.Loss):  # type: ignore[misc]
    """A loss that takes probabilities, for the logits that the engine gives: Keras has no `from_logits` for all."""

    def __init__(self, loss: Any) -> None:
        super().__init__(name=loss.name)
        self._of_probabilities = loss

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each row."""
        return self._of_probabilities.call(y_true, keras.ops.softmax(y_pred))


def build(plan: Plan) -> Any:
    """The Keras model of a plan: `input_shape` in, class probabilities out; an ensemble gives its members' mean.

    Layers are named by their roles, those of further members as `layer_name` says.
    """
    entry = keras.Input(plan.input_shape, name="input")
    outputs = [_lay_out(plan, entry, member) for member in range(plan.members)]
    return keras.Model(entry, outputs[0] if len(outputs) == 1 else keras.layers.Average(name="ensemble")(outputs))


def _lay_out(plan: Plan, entry: Any, member: int) -> Any:
    """The probabilities of one member."""
    tensors = {"input": entry}
    for layer in plan.layers:
        keras_layer = make(Call(layer.call.path, (*layer.call.arguments, ("name", layer_name(layer.role, member)))))
        inputs = [tensors[role] for role in layer.inputs]
        tensors[layer.role] = keras_layer(inputs if len(inputs) > 1 else inputs[0])
    return tensors[plan.layers[-1].role]


def keras_file(model: Any, mean: Any, deviation: Any) -> bytes:
    """The model as a `.keras` file that takes unscaled rows, without optimizer.

    Args:
        model: takes scaled rows.
        mean: of the rows it was trained on, for each feature (features,) or for all together.
        deviation: their standard deviation, alike.
    """
    axis = -1 if np.ndim(mean) else None
    scaling = keras.layers.Normalization(axis, mean=mean, variance=np.square(deviation), name="scaling")
    entry = keras.Input(model.input_shape[1:], name="rows")
    network = keras.Model(model.inputs, model.outputs, name="network")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "model.keras"
        keras.Model(entry, network(scaling(entry)), name="model").save(file)
        return file.read_bytes()


def derive_seed(seed: int, role: str, member: int = 0) -> int:
    """A 31-bit seed from (run seed, layer role, ensemble member), the same in every variant and process."""
    sequence = np.random.SeedSequence([seed, crc32(role.encode()), member])
    return int(sequence.generate_state(1)[0] >> 1)


def reset_weights(model: Any, plan: Plan, seed: int) -> None:
    """Sets every variable of the model's layers to its initial value under `seed`.

    Keras's initializers are drawn anew with seeds of our own, since a global seed would make one layer's initial
    weights depend on which layers exist before it. The first member of an ensemble starts as the plain variant.
    """
    for member in range(plan.members):
        for role in (layer.role for layer in plan.layers):
            layer, derived = model.get_layer(layer_name(role, member)), derive_seed(seed, role, member)
            if generator := getattr(layer, "seed_generator", None):
                set_generator(generator, derived)
            for variable in layer.trainable_variables + layer.non_trainable_variables:
                if variable.name != SEED:
                    variable.assign(_initializer(layer, variable.name, derived)(variable.shape))


def set_generator(generator: Any, seed: int) -> None:
    """Starts a Keras seed generator anew."""
    generator.state.assign(np.array([seed, 0], dtype=generator.state.dtype))


def _initializer(layer: Any, name: str, seed: int) -> Any:
    names = {"moving_mean": "moving_mean_initializer", "moving_variance": "moving_variance_initializer"}
    initializer = getattr(layer, names.get(name, f"{name}_initializer"))
    config = initializer.get_config()
    return type(initializer).from_config(config | {"seed": seed} if "seed" in config else config)
