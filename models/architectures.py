"""The registry of architectures: each lays out its layers and leaves slots for techniques."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

from models.parameters import Entry, number, option
from models.plan import LOGITS, Call, Network, Plan, call, only
from models.techniques import Technique

Activation = Literal["swish", "relu", "gelu", "elu", "tanh", "sigmoid"]
Normalization = Literal["batch", "layer", "none"]
Width = Annotated[int, Field(ge=1, le=4096)]

NORMALIZATION = {
    "batch": call("layers.BatchNormalization", momentum=0.9),
    "layer": call("layers.LayerNormalization"),
    "none": None,
}


class Architecture(Entry):
    """A family of networks; `lay_out` appends its hidden layers to a network."""

    diagram: ClassVar[str]

    def lay_out(self, network: Network, techniques: Sequence[Technique], kernel: dict[str, Call]) -> None:
        """Appends the hidden layers; `kernel` holds further arguments of every Dense layer."""
        raise TypeError(type(self).__name__)

    def refuse(self, technique: Technique) -> str | None:
        """Why this technique makes no sense here, or None."""
        return None


class MLP(Architecture):
    """A plain multilayer perceptron; in each layer: Dense, normalization, activation, dropout."""

    label = "Plain MLP"
    summary = "Dense layers one after the other."
    diagram = "[Dense → normalization → activation → dropout] for each width → Dense → softmax"

    name: Literal["mlp"] = "mlp"
    widths: tuple[Width, ...] = Field(
        (128, 128),
        min_length=1,
        max_length=100,
        title="Widths",
        description="Units of each hidden layer, 1 to 4096.",
    )
    activation: Activation = option("swish", label="Activation", about="Of the hidden layers.")

    def lay_out(self, network: Network, techniques: Sequence[Technique], kernel: dict[str, Call]) -> None:
        for i, width in enumerate(self.widths, 1):
            network.add(f"dense_{i}", call("layers.Dense", units=width, **kernel))
            network.add(f"normalization_{i}", only(t.normalization() for t in techniques))
            network.add(f"activation_{i}", call("layers.Activation", activation=self.activation))
            network.add(f"dropout_{i}", only(t.noise() for t in techniques))


class ResNetMLP(Architecture):
    """Pre-activation residual blocks x + W2 f(N(W1 f(N(x)))) (He et al., "Identity Mappings", 2016).

    Nothing follows the addition; one last normalization and activation stand before the head. Dropout acts inside
    the branch before W2, never on the shortcut (He et al. 2016, section 3).
    """

    label = "Residual MLP"
    summary = "Pre-activation residual blocks of two Dense layers; the shortcut lets gradients pass untouched."
    diagram = "Dense → [x + Dense(dropout(f(N(Dense(f(N(x)))))))] for each block → N → f → Dense → softmax"

    name: Literal["resnet_mlp"] = "resnet_mlp"
    width: Width = number(64, 1, 4096, label="Width", about="Units of every layer.")
    blocks: int = number(4, 1, 50, label="Blocks", about="Residual blocks of two Dense layers each.")
    activation: Activation = option("swish", label="Activation", about="Before each Dense layer of a block.")
    normalization: Normalization = option("batch", label="Normalization", about="Before each activation of a block.")

    def lay_out(self, network: Network, techniques: Sequence[Technique], kernel: dict[str, Call]) -> None:
        normalization = only([NORMALIZATION[self.normalization], *(t.normalization() for t in techniques)])
        activation = call("layers.Activation", activation=self.activation)
        shortcut = network.add("dense_0", call("layers.Dense", units=self.width, **kernel))
        for block in range(1, self.blocks + 1):
            for half in "ab":
                network.add(f"normalization_{block}{half}", normalization)
                network.add(f"activation_{block}{half}", activation)
                if half == "b":
                    network.add(f"dropout_{block}", only(t.noise() for t in techniques))
                network.add(f"dense_{block}{half}", call("layers.Dense", units=self.width, **kernel))
            shortcut = network.add(f"add_{block}", call("layers.Add"), shortcut, network.last)
        network.add("normalization_last", normalization)
        network.add("activation_last", activation)

    def refuse(self, technique: Technique) -> str | None:
        if technique.normalization() and self.normalization != "none":
            return (
                f'the residual net normalizes already ("{self.normalization}"): set its "normalization" to "none" first'
            )
        return None


AnyArchitecture = MLP | ResNetMLP
ARCHITECTURES: dict[str, type[Architecture]] = {a.model_fields["name"].default: a for a in get_args(AnyArchitecture)}

OPTIMIZERS = {
    "adam": "optimizers.Adam",
    "sgd": "optimizers.SGD",
    "rmsprop": "optimizers.RMSprop",
}


def make_plan(
    architecture: Architecture,
    techniques: Sequence[Technique],
    *,
    input_shape: tuple[int, ...],
    classes: int,
    optimizer: str = "adam",
    learning_rate: float = 0.001,
) -> Plan:
    """The plan of one variant. `input_shape` has no batch axis; images are flattened first."""
    penalty = {key: value for t in techniques for key, value in t.penalty().items()}
    regularizer = call(f"regularizers.{''.join(sorted(penalty)).upper()}", **penalty)
    kernel = {"kernel_regularizer": regularizer} if penalty else {}
    network = Network()
    if len(input_shape) > 1:
        network.add("flatten", call("layers.Flatten"))
    architecture.lay_out(network, techniques, kernel)
    network.add(LOGITS, call("layers.Dense", units=classes, **kernel))
    network.add("probabilities", call("layers.Softmax"))
    return Plan(
        input_shape,
        classes,
        tuple(network.layers),
        call(OPTIMIZERS[optimizer], learning_rate=learning_rate),
        call("losses.SparseCategoricalCrossentropy", from_logits=True),
        tuple(c for t in techniques if (c := t.callback())),
    )
