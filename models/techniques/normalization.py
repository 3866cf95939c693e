"""Techniques that standardize what a layer passes on."""

from typing import ClassVar, Literal

from models.parameters import number
from models.plan import Call, call
from models.techniques.base import Host, Parts, Shape, Technique
from wording.language import _


class Normalization(Technique):
    """What normalizations have in common: a network has one of them at most."""

    def refuse(self, host: Host, input_shape: Shape) -> str | None:
        if host.normalizes:
            return _(
                'the residual net normalizes already ("{normalizes}"): set its "normalization" to "none" first'
            ).format(normalizes=host.normalizes)
        return None


class BatchNormalization(Normalization):
    """Ioffe and Szegedy (2015). Momentum 0.9: Keras's 0.99 lags for hundreds of steps on small data."""

    label = "Batch normalization"
    summary = (
        "Standardizes each unit over the batch, then scales and shifts it; the batch's noise regularizes a little."
    )
    idea = (
        "For every unit (on images every feature map, over its pixels, too), the mean over the batch is taken off and "
        "the result divided by its standard deviation; two learned numbers then scale and shift it. "
        "All layers see inputs of a steady size, so deep networks train faster and at higher learning rates, and "
        "because each row's output depends on which rows share its batch, a little noise comes for free. "
        "In evaluation moving averages of mean and variance stand in for the batch."
    )
    formula = r"\hat h = \gamma\,\frac{h-\mu_B}{\sqrt{\sigma_B^2+\varepsilon}}+\beta"
    acts = "between Dense or Conv2D and activation; moving averages replace the batch statistics in evaluation"
    hurts = "With batches of a few rows, whose statistics are mostly noise."
    source = "https://arxiv.org/abs/1502.03167"
    lesson: ClassVar[Parts] = {"architecture": {"name": "mlp", "widths": [64] * 12}, "training": {"epochs": 80}}

    name: Literal["batch_normalization"] = "batch_normalization"
    momentum: float = number(
        0.9, 0.0, 0.999, step=0.01, label="Momentum", about="Of the moving averages used in evaluation.", rare=True
    )

    def normalization(self) -> Call:
        return call("layers.BatchNormalization", momentum=self.momentum)


class LayerNormalization(Normalization):
    """Ba, Kiros and Hinton (2016)."""

    label = "Layer normalization"
    summary = (
        "Standardizes each row over its units (in images each pixel over its channels), then scales and shifts them; "
        "independent of the batch."
    )
    idea = (
        "For every row, the mean over its units is taken off and the result divided by its standard deviation; in "
        "images Keras does so for every pixel, over its channels (axis -1). "
        "Learned numbers then scale and shift each unit, and no row depends on the others in its batch: training and "
        "evaluation compute the same, and batches of any size will do. "
        "It steadies training; as a regularizer it does less than batch normalization, whose noise it lacks."
    )
    formula = r"\hat h = \gamma\,\frac{h-\mu_{\mathrm{row}}}{\sqrt{\sigma_{\mathrm{row}}^2+\varepsilon}}+\beta"
    acts = "between Dense or Conv2D and activation, alike in training and evaluation"
    hurts = "Where the size of the activations itself says something: it is taken away from each row (or pixel)."
    source = "https://arxiv.org/abs/1607.06450"
    lesson: ClassVar[Parts] = {"architecture": {"name": "mlp", "widths": [64] * 12}, "training": {"epochs": 80}}

    name: Literal["layer_normalization"] = "layer_normalization"

    def normalization(self) -> Call:
        return call("layers.LayerNormalization")


class GroupNormalization(Normalization):
    """Wu and He (2018)."""

    label = "Group normalization"
    summary = "Standardizes groups of units (or feature maps) within each row; independent of the batch."
    idea = (
        "The units or feature maps of each row are split into groups, and each group is standardized by itself, over "
        "all pixels of its maps. "
        "On rows of units, one group is layer normalization, and groups of a single unit would leave nothing; on "
        "images, one group is the whole image (Keras's layer normalization takes each pixel), and groups of a single "
        "map are instance normalization. "
        "Like layer normalization it does not look at the batch, which makes it the usual choice when only a few "
        "images fit into one."
    )
    formula = r"\hat h_g = \gamma\,\frac{h_g-\mu_{\mathrm{row},g}}{\sqrt{\sigma_{\mathrm{row},g}^2+\varepsilon}}+\beta"
    acts = "between Dense or Conv2D and activation, alike in training and evaluation"
    hurts = "With groups of a few units: of two units, only the sign of their difference is left."
    source = "https://arxiv.org/abs/1803.08494"
    lesson: ClassVar[Parts] = {"architecture": {"name": "mlp", "widths": [64] * 12}, "training": {"epochs": 80}}

    name: Literal["group_normalization"] = "group_normalization"
    groups: int = number(
        8, 1, 4096, label="Groups", telling=(1, 32, 1), about="Must divide the width (or the filters) of every layer."
    )

    def normalization(self) -> Call:
        return call("layers.GroupNormalization", groups=self.groups)

    def refuse(self, host: Host, input_shape: Shape) -> str | None:
        if odd := sorted(size for size in host.channels if size % self.groups):
            return _("groups is {groups}; allowed: a divisor of every layer's width, and of {odd} it is none").format(
                groups=self.groups, odd=odd[0]
            )
        return super().refuse(host, input_shape)
