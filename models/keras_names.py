"""What Keras 3 calls its activations, losses, metrics and optimizers: as a string, a function and a class."""

from dataclasses import dataclass


@dataclass(frozen=True)
class KerasName:
    """One thing under its three names. `function` and `cls` are paths below `keras`; None: there is none.

    `argument` is where the name is used.
    """

    argument: str
    string: str
    function: str | None
    cls: str


KERAS_NAMES = (
    KerasName("activation", "relu", "activations.relu", "layers.ReLU"),
    KerasName("activation", "elu", "activations.elu", "layers.ELU"),
    KerasName("activation", "softmax", "activations.softmax", "layers.Softmax"),
    KerasName("activation", "swish", "activations.silu", 'layers.Activation("swish")'),
    KerasName("activation", "gelu", "activations.gelu", 'layers.Activation("gelu")'),
    KerasName("activation", "tanh", "activations.tanh", 'layers.Activation("tanh")'),
    KerasName("activation", "sigmoid", "activations.sigmoid", 'layers.Activation("sigmoid")'),
    KerasName(
        "loss",
        "sparse_categorical_crossentropy",
        "losses.sparse_categorical_crossentropy",
        "losses.SparseCategoricalCrossentropy",
    ),
    KerasName("loss", "categorical_crossentropy", "losses.categorical_crossentropy", "losses.CategoricalCrossentropy"),
    KerasName("loss", "binary_crossentropy", "losses.binary_crossentropy", "losses.BinaryCrossentropy"),
    KerasName("loss", "mean_squared_error", "losses.mean_squared_error", "losses.MeanSquaredError"),
    KerasName(
        "metric",
        "sparse_categorical_accuracy",
        "metrics.sparse_categorical_accuracy",
        "metrics.SparseCategoricalAccuracy",
    ),
    KerasName("metric", "categorical_accuracy", "metrics.categorical_accuracy", "metrics.CategoricalAccuracy"),
    KerasName("metric", "binary_accuracy", "metrics.binary_accuracy", "metrics.BinaryAccuracy"),
    KerasName("optimizer", "sgd", None, "optimizers.SGD"),
    KerasName("optimizer", "adam", None, "optimizers.Adam"),
    KerasName("optimizer", "adamw", None, "optimizers.AdamW"),
    KerasName("optimizer", "rmsprop", None, "optimizers.RMSprop"),
    KerasName("regularizer", "l1", None, "regularizers.L1"),
    KerasName("regularizer", "l2", None, "regularizers.L2"),
)
