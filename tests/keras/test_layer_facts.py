"""What is said of Keras's layers, losses and the like, against Keras itself."""

import inspect
from typing import Any

import numpy as np
import pytest

from models.keras_names import KERAS_NAMES
from models.layer_facts import LAYER_FACTS, facts_of, measure_layers
from models.plan import Call, Layer, Plan, call

EXAMPLES: dict[str, dict[str, Any]] = {
    "layers.Dense": {"units": 5},
    "layers.Conv2D": {"filters": 5, "kernel_size": 3, "strides": 2, "padding": "same"},
    "layers.BatchNormalization": {"momentum": 0.5},
    "layers.GroupNormalization": {"groups": 3},
    "layers.Activation": {"activation": "swish"},
    "layers.Dropout": {"rate": 0.5},
    "layers.SpatialDropout2D": {"rate": 0.5},
    "layers.GaussianDropout": {"rate": 0.5},
    "layers.AlphaDropout": {"rate": 0.5},
    "layers.GaussianNoise": {"stddev": 0.5},
    "layers.RandomFlip": {"mode": "horizontal"},
    "layers.RandomTranslation": {"height_factor": 0.2, "width_factor": 0.2},
    "layers.RandomRotation": {"factor": 0.2},
    "layers.RandomZoom": {"height_factor": 0.2},
    "layers.RandomContrast": {"factor": 0.2},
    "layers.RandomErasing": {"factor": 0.2},
    "layers.MixUp": {"alpha": 0.2},
    "layers.CutMix": {"factor": 0.2},
}
SHAPE = (7, 9, 6)
KNOWN: dict[str, Any] = dict(LAYER_FACTS) | {name.cls: name for name in KERAS_NAMES if "(" not in name.cls}


def keras_object(keras: Any, path: str) -> Any:
    for part in path.split("."):
        keras = getattr(keras, part)
    return keras


def count(variable: Any) -> int:
    return int(np.prod(variable.shape))


def plan_of(layer: Call) -> Plan:
    inputs = ("input", "input") if facts_of(layer).joins else ("input",)
    return Plan(SHAPE, 2, (Layer("layer", layer, inputs),), call("optimizers.SGD"), call("losses.MeanSquaredError"))


@pytest.mark.parametrize("path", LAYER_FACTS)
def test_size_randomness_and_arguments_are_those_of_the_layer(keras: Any, path: str) -> None:
    facts, arguments = LAYER_FACTS[path], EXAMPLES.get(path, {})
    layer = keras_object(keras, path)(**arguments)
    signature = inspect.signature(type(layer))
    assert facts.arguments <= signature.parameters.keys() | {"momentum"}
    generators = [getattr(layer, name, None) for name in ("seed_generator", "generator")]
    assert facts.random == any(generator is not None for generator in generators)
    assert (facts.kind == "normalization") == ("Normalization" in type(layer).__name__)
    if facts.kind == "rows":
        return  # before the network, on whole epochs: its size is nobody's concern
    plan = plan_of(Call(path, tuple(arguments.items())))
    entry = keras.Input(SHAPE)
    output = layer([entry, entry] if facts.joins else entry)
    size = measure_layers(plan)["layer"]
    assert size.shape == tuple(output.shape[1:])
    assert size.weights == sum(count(v) for v in layer.variables if v.name != "seed_generator_state")


@pytest.mark.parametrize("path", KNOWN)
def test_text_says_what_keras_reads(keras: Any, path: str) -> None:
    facts = KNOWN[path]
    signature = inspect.signature(keras_object(keras, path)).parameters
    assert tuple(signature)[: len(facts.positional)] == facts.positional
    for key, value in facts.defaults.items():
        assert signature[key].default in (value, (value, value))


@pytest.mark.parametrize(
    "name", [n for n in KERAS_NAMES if n.string and n.argument != "activation"], ids=lambda n: n.cls
)
def test_string_function_and_class_are_the_same_to_keras(keras: Any, name: Any) -> None:
    kind = getattr(keras, name.cls.split(".")[0])
    from_class = keras_object(keras, name.cls)(**name.stands_for)
    from_string = kind.get(name.string)
    if name.function:
        function = keras_object(keras, name.function)
        shares = np.random.default_rng(0).dirichlet([1, 1, 1], 9).astype(np.float32)
        sparse = "sparse" in name.string
        labels = np.arange(9) % 3 if sparse else np.eye(3, dtype=np.float32)[np.arange(9) % 3]
        mean = pytest.approx(float(from_class(labels, shares)))
        assert mean == float(np.mean(function(labels, shares))) == float(np.mean(from_string(labels, shares)))
    else:
        assert type(from_string) is type(from_class)
        assert without_name(from_string.get_config()) == without_name(from_class.get_config())


def without_name(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key != "name"}
