"""What Keras 3 calls its activations, losses, metrics, optimizers and the like: as a string, a function and a class,
and how they are written as text. Layers are in `models.layer_facts`. Tests compare the table with Keras."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class KerasName:
    """One thing under its names.

    Attributes:
        argument: where the name is used.
        string: its name as a string; None: Keras takes none.
        function: path below `keras`; None: there is none.
        cls: path below `keras` of its class.
        stands_for: the arguments of the class for which the string stands.
        positional: the first parameters of the class that everybody writes without their names.
        defaults: arguments left out of the text where they have Keras's default.
        listed: whether Learn lists it.
    """

    argument: str
    string: str | None
    function: str | None
    cls: str
    stands_for: Mapping[str, Any] = field(default_factory=dict, hash=False)
    positional: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict, hash=False)
    listed: bool = True


def _judge(argument: str, string: str, cls: str, *, listed: bool = True) -> KerasName:
    """A loss or a metric: the function is called as the string."""
    return KerasName(argument, string, f"{cls.split('.')[0]}.{string}", cls, listed=listed)


KERAS_NAMES = (
    KerasName("activation", "relu", "activations.relu", "layers.ReLU"),
    KerasName("activation", "elu", "activations.elu", "layers.ELU"),
    KerasName("activation", "selu", "activations.selu", 'layers.Activation("selu")'),
    KerasName("activation", "softmax", "activations.softmax", "layers.Softmax"),
    KerasName("activation", "swish", "activations.silu", 'layers.Activation("swish")'),
    KerasName("activation", "gelu", "activations.gelu", 'layers.Activation("gelu")'),
    KerasName("activation", "tanh", "activations.tanh", 'layers.Activation("tanh")'),
    KerasName("activation", "sigmoid", "activations.sigmoid", 'layers.Activation("sigmoid")'),
    _judge("loss", "sparse_categorical_crossentropy", "losses.SparseCategoricalCrossentropy"),
    _judge("loss", "categorical_crossentropy", "losses.CategoricalCrossentropy"),
    _judge("loss", "binary_crossentropy", "losses.BinaryCrossentropy"),
    _judge("loss", "mean_squared_error", "losses.MeanSquaredError"),
    # Its string is none of Keras's: losses.get("categorical_generalized_cross_entropy") fails (3.15).
    KerasName("loss", None, None, "losses.CategoricalGeneralizedCrossEntropy", listed=False),
    _judge("metric", "sparse_categorical_accuracy", "metrics.SparseCategoricalAccuracy"),
    _judge("metric", "categorical_accuracy", "metrics.CategoricalAccuracy"),
    _judge("metric", "binary_accuracy", "metrics.BinaryAccuracy"),
    _judge("metric", "sparse_categorical_crossentropy", "metrics.SparseCategoricalCrossentropy", listed=False),
    _judge("metric", "categorical_crossentropy", "metrics.CategoricalCrossentropy", listed=False),
    KerasName("optimizer", "sgd", None, "optimizers.SGD", {"learning_rate": 0.01}),
    KerasName("optimizer", "adam", None, "optimizers.Adam", {"learning_rate": 0.001}),
    KerasName("optimizer", "adamw", None, "optimizers.AdamW", {"learning_rate": 0.001, "weight_decay": 0.004}),
    KerasName("optimizer", "rmsprop", None, "optimizers.RMSprop", {"learning_rate": 0.001}),
    KerasName("regularizer", "l1", None, "regularizers.L1", {"l1": 0.01}, positional=("l1",)),
    KerasName("regularizer", "l2", None, "regularizers.L2", {"l2": 0.01}, positional=("l2",)),
    KerasName("regularizer", None, None, "regularizers.L1L2", listed=False),
    KerasName(
        "schedule", None, None, "optimizers.schedules.CosineDecay",
        positional=("initial_learning_rate", "decay_steps"), defaults={"alpha": 0.0}, listed=False,
    ),
    # As a string LogitsDistillation applies it to the logits themselves (3.15).
    KerasName("loss", None, None, "losses.KLDivergence", listed=False),
    KerasName("distillation_losses", None, None, "distillation.LogitsDistillation", listed=False),
    KerasName(
        "constraint", "max_norm", None, "constraints.MaxNorm", {"max_value": 2, "axis": 0},
        positional=("max_value",), defaults={"axis": 0}, listed=False,
    ),
    KerasName(
        "callback", None, None, "callbacks.EarlyStopping", positional=("monitor",),
        defaults={"min_delta": 0, "start_from_epoch": 0, "restore_best_weights": False}, listed=False,
    ),
    KerasName(
        "callback", None, None, "callbacks.ReduceLROnPlateau", positional=("monitor",), defaults={"min_lr": 0},
        listed=False,
    ),
)  # fmt: skip
BY_CLASS: Mapping[str, KerasName] = {name.cls: name for name in KERAS_NAMES}
