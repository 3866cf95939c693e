"""The registry of architectures: each lays out its layers and leaves slots for techniques."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

from models.parameters import Entry, number, option
from models.plan import LOGITS, Call, Network, Plan, call, only
from models.techniques import Shape, Technique, refuse_together
from wording.language import _

Activation = Literal["swish", "relu", "gelu", "elu", "selu", "tanh", "sigmoid"]
Normalization = Literal["batch", "layer", "none"]
Width = Annotated[int, Field(ge=1, le=4096)]

NORMALIZATION = {
    "batch": call("layers.BatchNormalization", momentum=0.9),
    "layer": call("layers.LayerNormalization"),
    "none": None,
}


Kernel = dict[str, Call | str]
"""Further arguments of every layer with a kernel: initial weights, penalty and constraint."""


class Architecture(Entry):
    """A family of networks; `lay_out` appends its hidden layers to a network."""

    diagram: ClassVar[str]
    source: ClassVar[str]
    residual: ClassVar[bool] = False
    convolutional: ClassVar[bool] = False

    @property
    def normalizes(self) -> str | None:
        """The normalization that the network brings along, or None."""
        return None

    @property
    def self_normalizing(self) -> bool:
        """Whether its hidden layers have the activation selu."""
        raise TypeError(type(self).__name__)

    @property
    def channels(self) -> frozenset[int]:
        """The sizes of the last axis wherever a normalization may stand."""
        raise TypeError(type(self).__name__)

    def lay_out(self, network: Network, techniques: Sequence[Technique], kernel: Kernel) -> None:
        """Appends the hidden layers."""
        raise TypeError(type(self).__name__)

    def refuse(self, techniques: Sequence[Technique], input_shape: Shape) -> Iterator[str]:
        """Why this network cannot be trained on such data (shape without batch axis) or with these techniques."""
        if self.convolutional and len(input_shape) != 3:
            yield _("the network {name} takes images; allowed for this data set: the MLPs").format(name=self.name)
        for technique in techniques:
            if reason := technique.refuse(self, input_shape):
                yield _('technique "{name}": {reason}').format(name=technique.name, reason=reason)
        if reason := refuse_together(techniques):
            yield reason


def add_noise(network: Network, techniques: Sequence[Technique], place: int | str) -> None:
    """Appends what techniques put after an activation; a layer is named after its technique."""
    for technique in techniques:
        network.add(f"{technique.name}_{place}", technique.noise())


class Residual(Architecture):
    """What residual nets have in common: pre-activation blocks (He et al., "Identity Mappings", 2016).

    Nothing follows the addition; one last normalization and activation stand before the head. Dropout acts inside
    the branch before its last layer, never on the shortcut (He et al. 2016, section 3).
    """

    residual = True
    source = "https://arxiv.org/abs/1603.05027"

    activation: Activation = option("swish", label="Activation", about="Before each layer of a block.")
    normalization: Normalization = option("batch", label="Normalization", about="Before each activation of a block.")

    @property
    def normalizes(self) -> str | None:
        return None if self.normalization == "none" else self.normalization

    @property
    def self_normalizing(self) -> bool:
        return self.activation == "selu"

    def _activate(self, network: Network, techniques: Sequence[Technique], place: str) -> None:
        """Normalization and activation."""
        normalization = only([NORMALIZATION[self.normalization], *(t.normalization() for t in techniques)])
        network.add(f"normalization_{place}", normalization)
        network.add(f"activation_{place}", call("layers.Activation", activation=self.activation))

    def _close(
        self, network: Network, techniques: Sequence[Technique], block: int, blocks: int, shortcut: str, axes: int
    ) -> str:
        """Ends a block: what acts on its whole branch, then the addition, whose role is returned."""
        network.add(f"stochastic_depth_{block}", only(t.branch_noise(block / blocks, axes) for t in techniques))
        return network.add(f"add_{block}", call("layers.Add"), shortcut, network.last)


class MLP(Architecture):
    """A plain multilayer perceptron; in each layer: Dense, normalization, activation, dropout."""

    label = "Plain MLP"
    summary = "Dense layers one after the other."
    diagram = "[Dense → normalization → activation → dropout] for each width → Dense → softmax"
    source = "https://doi.org/10.1038/323533a0"

    name: Literal["mlp"] = "mlp"
    widths: tuple[Width, ...] = Field(
        (128, 128),
        min_length=1,
        max_length=100,
        title="Widths",
        description="Units of each hidden layer, 1 to 4096.",
    )
    activation: Activation = option("swish", label="Activation", about="Of the hidden layers.")

    @property
    def self_normalizing(self) -> bool:
        return self.activation == "selu"

    @property
    def channels(self) -> frozenset[int]:
        return frozenset(self.widths)

    def lay_out(self, network: Network, techniques: Sequence[Technique], kernel: Kernel) -> None:
        for i, width in enumerate(self.widths, 1):
            network.add(f"dense_{i}", call("layers.Dense", units=width, **kernel))
            network.add(f"normalization_{i}", only(t.normalization() for t in techniques))
            network.add(f"activation_{i}", call("layers.Activation", activation=self.activation))
            add_noise(network, techniques, i)


class ResNetMLP(Residual):
    """Pre-activation residual blocks x + W2 f(N(W1 f(N(x)))) of Dense layers."""

    label = "Residual MLP"
    summary = "Pre-activation residual blocks of two Dense layers; the shortcut lets gradients pass untouched."
    diagram = "Dense → [x + Dense(dropout(f(N(Dense(f(N(x)))))))] for each block → N → f → Dense → softmax"

    name: Literal["resnet_mlp"] = "resnet_mlp"
    width: Width = number(64, 1, 4096, label="Width", about="Units of every layer.")
    blocks: int = number(4, 1, 50, label="Blocks", about="Residual blocks of two Dense layers each.")

    @property
    def channels(self) -> frozenset[int]:
        return frozenset({self.width})

    def lay_out(self, network: Network, techniques: Sequence[Technique], kernel: Kernel) -> None:
        dense = call("layers.Dense", units=self.width, **kernel)
        shortcut = network.add("dense_0", dense)
        for block in range(1, self.blocks + 1):
            self._activate(network, techniques, f"{block}a")
            network.add(f"dense_{block}a", dense)
            self._activate(network, techniques, f"{block}b")
            add_noise(network, techniques, block)
            network.add(f"dense_{block}b", dense)
            shortcut = self._close(network, techniques, block, self.blocks, shortcut, axes=2)
        self._activate(network, techniques, "last")


class ResNetConv(Residual):
    """Pre-activation residual blocks of 3x3 convolutions, in stages that halve the image and double the filters.

    Where a block changes the shape, its shortcut is a 1x1 convolution with the same stride (He et al., "Deep Residual
    Learning", 2015, option B).
    """

    convolutional = True
    label = "Residual convolutional net"
    summary = "For images: pre-activation residual blocks of two 3×3 convolutions; each further stage halves the image."
    diagram = (
        "Conv → [x + Conv(dropout(f(N(Conv(f(N(x)))))))] for each block of each stage → N → f → global average → Dense "
        "→ softmax"
    )

    name: Literal["resnet_conv"] = "resnet_conv"
    filters: int = number(
        16, 1, 512, label="Filters", about="Of the first stage; each further stage has twice as many."
    )
    stages: int = number(2, 1, 5, label="Stages", about="Each after the first halves height and width.")
    blocks: int = number(1, 1, 16, label="Blocks", about="Residual blocks of two convolutions in each stage.")

    @property
    def channels(self) -> frozenset[int]:
        return frozenset(self.filters << stage for stage in range(self.stages))

    def lay_out(self, network: Network, techniques: Sequence[Technique], kernel: Kernel) -> None:
        def convolution(filters: int, size: int = 3, stride: int = 1) -> Call:
            return call("layers.Conv2D", filters=filters, kernel_size=size, strides=stride, padding="same", **kernel)

        shortcut, block = network.add("conv_0", convolution(self.filters)), 0
        for stage in range(self.stages):
            filters = self.filters << stage
            for first in (place == 0 for place in range(self.blocks)):
                block += 1
                stride = 2 if first and stage else 1
                trunk = shortcut
                if stride == 2:
                    shortcut = network.add(f"shortcut_{block}", convolution(filters, 1, stride), trunk)
                    network.last = trunk
                self._activate(network, techniques, f"{block}a")
                network.add(f"conv_{block}a", convolution(filters, stride=stride))
                self._activate(network, techniques, f"{block}b")
                add_noise(network, techniques, block)
                network.add(f"conv_{block}b", convolution(filters))
                shortcut = self._close(network, techniques, block, self.stages * self.blocks, shortcut, axes=4)
        self._activate(network, techniques, "last")
        network.add("average", call("layers.GlobalAveragePooling2D"))


AnyArchitecture = MLP | ResNetMLP | ResNetConv
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
    input_shape: Shape,
    classes: int,
    optimizer: str = "adam",
    learning_rate: float = 0.001,
    momentum: float | None = None,
    steps: int = 1,
) -> Plan:
    """The plan of one variant.

    Args:
        architecture: the network.
        techniques: of the variant.
        input_shape: without batch axis; an MLP flattens images first.
        classes: how many.
        optimizer: a name of `OPTIMIZERS`.
        learning_rate: the size of its steps.
        momentum: of SGD; None: none.
        steps: gradient steps of a whole run. Only a schedule depends on them.
    """
    network = Network()
    if len(input_shape) > 1 and not architecture.convolutional:
        network.add("flatten", call("layers.Flatten"))
    kernel = _kernel(architecture, techniques, "layers.Dense")
    hidden = _kernel(architecture, techniques, "layers.Conv2D") if architecture.convolutional else kernel
    architecture.lay_out(network, techniques, hidden)
    network.add(LOGITS, call("layers.Dense", units=classes, **kernel))
    network.add("probabilities", call("layers.Softmax"))
    augmentation = [entry for t in techniques for entry in t.augmentation(input_shape).items()]
    mixing = only(t.mixing() for t in techniques)
    plan = Plan(
        input_shape,
        classes,
        tuple(network.layers),
        _optimizer(optimizer, learning_rate, momentum, steps, techniques),
        only(t.loss() for t in techniques)
        or _loss(max((t.smoothing() for t in techniques), default=0.0), mixed=mixing is not None),
        tuple(c for t in techniques if (c := t.callback())),
        tuple(augmentation),
        mixing,
        max((t.networks() for t in techniques), default=1),
        next((power for t in techniques if (power := t.class_weighting()) is not None), None),
        next((length for t in techniques if (length := t.sharpness()) is not None), None),
    )
    term = only(t.distillation() for t in techniques)
    if term is None:
        return plan
    teachers = replace(plan, members=max(t.teaching() for t in techniques))
    return replace(plan, distillation=term, teachers=teachers)


def _kernel(architecture: Architecture, techniques: Sequence[Technique], layer: str) -> Kernel:
    """What the kernels of a kind of layer have beside Keras's defaults. A norm is taken over all that leads into one
    unit.

    Selu keeps mean and variance only from weights of variance 1 / inputs (Klambauer et al. 2017). The initializer is a
    string: Keras 3.15 starts layers of one shape alike where they share an initializer object.
    """
    penalty = {key: value for t in techniques for key, value in t.penalty().items()}
    limits = [limit for t in techniques if (limit := t.constraint()) is not None]
    kernel: Kernel = {"kernel_initializer": "lecun_normal"} if architecture.self_normalizing else {}
    if penalty:
        kernel["kernel_regularizer"] = call(f"regularizers.{''.join(sorted(penalty)).upper()}", **penalty)
    if limits:
        axis = (0, 1, 2) if layer == "layers.Conv2D" else 0
        kernel["kernel_constraint"] = call("constraints.MaxNorm", max_value=limits[0], axis=axis)
    return kernel


def _optimizer(
    name: str, learning_rate: float, momentum: float | None, steps: int, techniques: Sequence[Technique]
) -> Call:
    """Keras's optimizer; Adam with weight decay has a name of its own."""
    further = {key: value for t in techniques for key, value in t.optimizer().items()}
    path = "optimizers.AdamW" if name == "adam" and "weight_decay" in further else OPTIMIZERS[name]
    rate = only(t.schedule(learning_rate, steps) for t in techniques) or learning_rate
    return call(path, learning_rate=rate, momentum=momentum, **further)


def _loss(smoothing: float, *, mixed: bool) -> Call:
    """Cross-entropy of the logits. Only its one-hot form takes smoothed or mixed labels."""
    if smoothing or mixed:
        return call("losses.CategoricalCrossentropy", from_logits=True, label_smoothing=smoothing or None)
    return call("losses.SparseCategoricalCrossentropy", from_logits=True)
