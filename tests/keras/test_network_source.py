"""The network in the text of a plan is the one that trains."""

from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from export.keras_text import Style, Writer
from export.network_source import network_source
from models.plan import Plan
from tests.examples import examples
from tests.training.worker.test_build import small_plans

STYLES: tuple[Style, ...] = ("string", "function", "class")


def source(plan: Plan, style: Style = "string") -> str:
    return "\n".join(network_source(plan, Writer(style)))


def scrubbed(config: Any) -> Any:
    """A layer's configuration without names and seeds, which a script leaves to Keras, and without what is not set:
    `tf.keras.layers.AlphaDropout` is a class of its own that does not say it (Keras 3.15)."""
    if isinstance(config, dict):
        set_values = {key: value for key, value in config.items() if value is not None}
        return {key: scrubbed(value) for key, value in set_values.items() if key not in ("name", "seed")}
    return [scrubbed(value) for value in config] if isinstance(config, (list, tuple)) else config


def configuration(model: Any) -> list[Any]:
    """Class and configuration of each layer, and the layers that it reads, by their places."""
    places = {layer.name: place for place, layer in enumerate(model.layers)}

    def read(layer: Any) -> list[int]:
        tensors = [] if type(layer).__name__ == "InputLayer" else layer.input
        listed = tensors if isinstance(tensors, list) else [tensors]
        return [places[tensor._keras_history.operation.name] for tensor in listed]

    return [(type(layer).__name__, read(layer), scrubbed(layer.get_config())) for layer in model.layers]


def judged(namespace: dict[str, Any]) -> Any:
    """The model whose output is judged: an ensemble's has its members' outputs beside their average."""
    import keras

    if "student" in namespace:  # whose network gives logits
        logits = namespace["student"]
        return keras.Model(logits.inputs, keras.layers.Softmax()(logits.output))
    return keras.Model(namespace["inputs"], namespace["average"]) if "average" in namespace else namespace["model"]


@examples(12, suppress_health_check=[HealthCheck.too_slow])
@given(plan=small_plans(), style=st.sampled_from(STYLES))
def test_the_network_in_the_text_is_the_one_that_trains(keras: Any, plan: Plan, style: Style) -> None:
    import tensorflow as tf

    from training.worker.build import build

    namespace: dict[str, Any] = {"tf": tf}
    exec(source(plan, style), namespace)
    assert configuration(judged(namespace)) == configuration(build(plan))
