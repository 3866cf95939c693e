"""The one registry of techniques against overfitting. Adding a technique is adding one class here.

Each class is the JSON form of the technique (Keras's own parameter names, with range and default), the texts that
pages show, and the hooks that say where it acts on the plan.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Protocol, get_args

from models.parameters import Entry, number, option, parameters
from models.plan import Call, call

Monitor = Literal["val_loss", "val_accuracy", "train_loss", "train_accuracy"]
Shape = tuple[int, ...]
Parts = dict[str, Any]


class Host(Protocol):
    """What a technique must know of the network that it acts on."""

    residual: ClassVar[bool]
    convolutional: ClassVar[bool]

    @property
    def normalizes(self) -> str | None:
        """The normalization that the network brings along, or None."""

    @property
    def channels(self) -> frozenset[int]:
        """The sizes of the last axis wherever a normalization may stand."""


class Technique(Entry):
    """A technique: what it is called, what it does, and what it adds to a plan (nothing, unless overridden)."""

    idea: ClassVar[str]
    formula: ClassVar[str]
    acts: ClassVar[str]
    hurts: ClassVar[str]
    source: ClassVar[str]
    lesson: ClassVar[Parts] = {}
    """What the technique shows best on: parts of an experiment and, under `technique`, parameters of its own.
    All else comes from `training.lessons`."""

    def normalization(self) -> Call | None:
        """A layer between Dense or Conv2D and activation."""
        return None

    def noise(self) -> Call | None:
        """A layer after the activation; in a residual block inside the branch, never on the shortcut."""
        return None

    def branch_noise(self, depth: float, axes: int) -> Call | None:
        """A layer at the end of a residual branch. `depth` is its share of all blocks, in (0, 1]; `axes` of its output,
        the batch's included."""
        return None

    def penalty(self) -> dict[str, float]:
        """Strengths of the weight penalty by Keras's argument name (`l1`, `l2`)."""
        return {}

    def constraint(self) -> float | None:
        """Highest norm of the weights that lead into one unit or filter."""
        return None

    def optimizer(self) -> dict[str, float | bool]:
        """Further arguments of the optimizer."""
        return {}

    def smoothing(self) -> float:
        """The share of each label that is spread over all classes."""
        return 0.0

    def augmentation(self, input_shape: Shape) -> dict[str, Call]:
        """Keras layers that change the training inputs anew in each epoch, by their names."""
        return {}

    def mixing(self) -> Call | None:
        """A Keras layer that mixes training rows and their labels."""
        return None

    def callback(self) -> Call | None:
        """A Keras callback."""
        return None

    def refuse(self, host: Host, input_shape: Shape) -> str | None:
        """Why this makes no sense on such a network or such data (`input_shape` without batch axis), or None."""
        return None


def _is_image(input_shape: Shape) -> bool:
    return len(input_shape) == 3


class Dropout(Technique):
    """Srivastava et al., JMLR 15 (2014)."""

    label = "Dropout"
    summary = "Sets a random share of the activations to zero in every training step, so no unit can rely on another."
    idea = (
        "Every training step switches off a random share of the units and scales the others up, so that the "
        "layer's expected output stays the same. "
        "A unit cannot count on any particular other one and has to be useful in many companies, as if very many "
        "thinned-out networks were trained at once and shared their weights. "
        "In evaluation nothing is dropped: that one pass approximates the average of them all."
    )
    formula = r"\tilde h_i = \frac{m_i}{1-p}\,h_i,\quad m_i \sim \mathrm{Bernoulli}(1-p)"
    acts = "after each hidden activation, in training only"
    hurts = "With plenty of data or a small network it only slows learning and lowers what the network can fit."
    source = "https://jmlr.org/papers/v15/srivastava14a.html"

    name: Literal["dropout"] = "dropout"
    rate: float = number(0.3, 0.0, 0.95, step=0.05, label="Rate", about="Share p of the activations set to zero.")

    def noise(self) -> Call:
        return call("layers.Dropout", rate=self.rate)


class SpatialDropout(Technique):
    """Tompson et al., "Efficient Object Localization Using Convolutional Networks" (2015)."""

    label = "Spatial dropout"
    summary = "Sets whole feature maps to zero: neighbouring pixels say nearly the same, so single ones hide little."
    idea = (
        "In an image, neighbouring pixels of a feature map say nearly the same, so a dropped pixel can be guessed "
        "from the ones beside it. "
        "Spatial dropout therefore switches off whole feature maps, and the next layer has to do without a feature "
        "everywhere at once. "
        "In evaluation all maps are there again."
    )
    formula = r"\tilde H_{xyc} = \frac{m_c}{1-p}\,H_{xyc},\quad m_c \sim \mathrm{Bernoulli}(1-p)"
    acts = "after the activation inside each residual branch of a convolutional network, in training only"
    hurts = "With few filters, where losing whole maps leaves too little to see with."
    source = "https://arxiv.org/abs/1411.4280"

    name: Literal["spatial_dropout"] = "spatial_dropout"
    rate: float = number(0.1, 0.0, 0.95, step=0.05, label="Rate", about="Share p of the feature maps set to zero.")

    def noise(self) -> Call:
        return call("layers.SpatialDropout2D", rate=self.rate)

    def refuse(self, host: Host, input_shape: Shape) -> str | None:
        return None if host.convolutional else "it drops feature maps, which only a convolutional network has"


class GaussianNoise(Technique):
    """Bishop, "Training with Noise is Equivalent to Tikhonov Regularization" (1995)."""

    label = "Gaussian noise"
    summary = "Adds random noise to the activations, so the network cannot lean on their exact values."
    idea = (
        "Random numbers of mean zero are added to the activations of every training step. "
        "The network has to give the same answer for a small cloud around each row, so the function becomes "
        "smoother; for small noise this is close to a penalty on its slope. "
        "In evaluation the noise is off."
    )
    formula = r"\tilde h_i = h_i + \varepsilon_i,\quad \varepsilon_i \sim \mathcal{N}(0, \sigma^2)"
    acts = "after each hidden activation, in training only"
    hurts = "When σ is large against the activations; networks also learn larger activations to drown the noise."
    source = "https://doi.org/10.1162/neco.1995.7.1.108"
    lesson: ClassVar[Parts] = {"technique": {"stddev": 0.5}}

    name: Literal["gaussian_noise"] = "gaussian_noise"
    stddev: float = number(0.1, 0.0, 1.0, step=0.05, label="Deviation", about="Standard deviation σ of the noise.")

    def noise(self) -> Call:
        return call("layers.GaussianNoise", stddev=self.stddev)


class GaussianDropout(Technique):
    """Srivastava et al., JMLR 15 (2014), section 10."""

    label = "Gaussian dropout"
    summary = "Multiplies the activations by random numbers around 1, with the variance that dropout has."
    idea = (
        "Instead of switching units off, each activation is multiplied by a random number around 1. "
        "With the variance p / (1 - p) the disturbance is as strong as that of dropout with rate p, but every unit "
        "keeps saying something. "
        "In evaluation nothing is multiplied."
    )
    formula = r"\tilde h_i = h_i\,\varepsilon_i,\quad \varepsilon_i \sim \mathcal{N}\!\left(1, \tfrac{p}{1-p}\right)"
    acts = "after each hidden activation, in training only"
    hurts = "As dropout does: with plenty of data or a small network."
    source = "https://jmlr.org/papers/v15/srivastava14a.html"

    name: Literal["gaussian_dropout"] = "gaussian_dropout"
    rate: float = number(0.3, 0.0, 0.95, step=0.05, label="Rate", about="p; the variance is p / (1 - p).")

    def noise(self) -> Call:
        return call("layers.GaussianDropout", rate=self.rate)


class Normalization(Technique):
    """What normalizations have in common: a network has one of them at most."""

    def refuse(self, host: Host, input_shape: Shape) -> str | None:
        if host.normalizes:
            return f'the residual net normalizes already ("{host.normalizes}"): set its "normalization" to "none" first'
        return None


class BatchNormalization(Normalization):
    """Ioffe and Szegedy (2015). Momentum 0.9: Keras's 0.99 lags for hundreds of steps on small data."""

    label = "Batch normalization"
    summary = (
        "Standardizes each unit over the batch, then scales and shifts it; the batch's noise regularizes a little."
    )
    idea = (
        "For every unit, the mean over the batch is taken off and the result divided by its standard deviation; "
        "two learned numbers then scale and shift it. "
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
        0.9, 0.0, 0.999, step=0.01, label="Momentum", about="Of the moving averages used in evaluation."
    )

    def normalization(self) -> Call:
        return call("layers.BatchNormalization", momentum=self.momentum)


class LayerNormalization(Normalization):
    """Ba, Kiros and Hinton (2016)."""

    label = "Layer normalization"
    summary = "Standardizes each row over its units, then scales and shifts them; independent of the batch."
    idea = (
        "For every row, the mean over its units is taken off and the result divided by its standard deviation; "
        "learned numbers then scale and shift each unit. "
        "No row depends on the others in its batch, so training and evaluation compute the same, and batches of "
        "any size will do. "
        "It steadies training; as a regularizer it does less than batch normalization, whose noise it lacks."
    )
    formula = r"\hat h = \gamma\,\frac{h-\mu_{\mathrm{row}}}{\sqrt{\sigma_{\mathrm{row}}^2+\varepsilon}}+\beta"
    acts = "between Dense or Conv2D and activation, alike in training and evaluation"
    hurts = "Where the size of the activations itself says something: it is taken away from each row."
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
        "The units or feature maps of each row are split into groups, and each group is standardized by itself. "
        "With one group this is layer normalization, with groups of a single unit nothing would be left; in "
        "between, what one group does leaves the others alone. "
        "Like layer normalization it does not look at the batch, which makes it the usual choice when only a few "
        "images fit into one."
    )
    formula = r"\hat h_g = \gamma\,\frac{h_g-\mu_{\mathrm{row},g}}{\sqrt{\sigma_{\mathrm{row},g}^2+\varepsilon}}+\beta"
    acts = "between Dense or Conv2D and activation, alike in training and evaluation"
    hurts = "With groups of a few units, which it makes nearly constant."
    source = "https://arxiv.org/abs/1803.08494"
    lesson: ClassVar[Parts] = {"architecture": {"name": "mlp", "widths": [64] * 12}, "training": {"epochs": 80}}

    name: Literal["group_normalization"] = "group_normalization"
    groups: int = number(8, 1, 4096, label="Groups", about="Must divide the width (or the filters) of every layer.")

    def normalization(self) -> Call:
        return call("layers.GroupNormalization", groups=self.groups)

    def refuse(self, host: Host, input_shape: Shape) -> str | None:
        if odd := sorted(size for size in host.channels if size % self.groups):
            return f"groups is {self.groups}; allowed: a divisor of every layer's width, and of {odd[0]} it is none"
        return super().refuse(host, input_shape)


class L1(Technique):
    """Tibshirani, "Regression shrinkage and selection via the lasso" (1996)."""

    label = "L1"
    summary = "Adds the sum of absolute weights to the objective; pulls many weights to (nearly) zero."
    idea = (
        "The sum of all absolute weights, times a strength, is added to what the optimizer makes small. "
        "Every weight feels the same pull towards zero however small it is, so a weight that does not pay for "
        "itself ends at (nearly) zero, and the network uses fewer inputs. "
        "The pull acts in training alone: the curves here show the loss without the penalty."
    )
    formula = r"\mathcal{L} + \lambda \sum_i |w_i|"
    acts = "on the kernels of all Dense and Conv2D layers, through the objective"
    hurts = "When many weak features matter together: it keeps a few and drops the rest."
    source = "https://doi.org/10.1111/j.2517-6161.1996.tb02080.x"

    name: Literal["l1"] = "l1"
    l1: float = number(0.0001, 0.0, 1.0, scale="log", label="Strength", about="Factor λ of the sum of |w|.")

    def penalty(self) -> dict[str, float]:
        return {"l1": self.l1}


class L2(Technique):
    """Krogh and Hertz, "A Simple Weight Decay Can Improve Generalization" (1992)."""

    label = "L2"
    summary = "Adds the sum of squared weights to the objective; keeps all weights small, and the function smooth."
    idea = (
        "The sum of all squared weights, times a strength, is added to what the optimizer makes small. "
        "The pull towards zero grows with the weight, so large weights shrink most and hardly any becomes exactly "
        "zero: the work is spread over many small weights, which makes the function smoother. "
        "The pull acts in training alone: the curves here show the loss without the penalty."
    )
    formula = r"\mathcal{L} + \lambda \sum_i w_i^2"
    acts = "on the kernels of all Dense and Conv2D layers, through the objective"
    hurts = "Too strong, it flattens the function: both losses stay high (underfitting)."
    source = "https://papers.nips.cc/paper/1991/hash/8eefcfdf5990e441f0fb6f3fad709e21-Abstract.html"

    name: Literal["l2"] = "l2"
    l2: float = number(0.001, 0.0, 1.0, scale="log", label="Strength", about="Factor λ of the sum of w².")

    def penalty(self) -> dict[str, float]:
        return {"l2": self.l2}


class L1L2(Technique):
    """Zou and Hastie, "Regularization and variable selection via the elastic net" (2005)."""

    label = "L1 + L2"
    summary = "Both penalties (the elastic net): few weights, and those small."
    idea = (
        "Both penalties are added, each with a strength of its own. "
        "L1 empties the weights that are not needed, L2 keeps those that remain small and lets weights of related "
        "inputs share the work instead of picking one of them. "
        "The price is a second strength to tune."
    )
    formula = r"\mathcal{L} + \lambda_1 \sum_i |w_i| + \lambda_2 \sum_i w_i^2"
    acts = "on the kernels of all Dense and Conv2D layers, through the objective"
    hurts = "Two strengths to tune; each hurts as its own penalty does."
    source = "https://doi.org/10.1111/j.1467-9868.2005.00503.x"

    name: Literal["l1_l2"] = "l1_l2"
    l1: float = number(0.0001, 0.0, 1.0, scale="log", label="Strength of L1", about="Factor λ₁ of the sum of |w|.")
    l2: float = number(0.001, 0.0, 1.0, scale="log", label="Strength of L2", about="Factor λ₂ of the sum of w².")

    def penalty(self) -> dict[str, float]:
        return {"l1": self.l1, "l2": self.l2}


class MaxNorm(Technique):
    """Srebro, Rennie and Jaakkola (2005); with dropout: Srivastava et al., JMLR 15 (2014), section 5.1."""

    label = "Max-norm constraint"
    summary = "After every step, shortens the weights that lead into a unit to a highest length; often beside dropout."
    idea = (
        "After every step, the weights that lead into a unit are looked at as one arrow, and an arrow longer than "
        "c is shortened to length c. "
        "Shorter arrows are left alone, so unlike a penalty the constraint does not pull at weights that are small "
        "already. "
        "It keeps weights from running away, which allows higher learning rates, and goes well with dropout."
    )
    formula = r"\lVert w_{\cdot j} \rVert_2 \le c"
    acts = "on the kernels of all Dense and Conv2D layers, after every step"
    hurts = "Too small a c keeps the network from ever being sure of anything."
    source = "https://jmlr.org/papers/v15/srivastava14a.html"
    lesson: ClassVar[Parts] = {"technique": {"max_value": 0.6}}

    name: Literal["max_norm"] = "max_norm"
    max_value: float = number(
        2.0, 0.01, 100.0, scale="log", label="Highest norm", about="Longest length c of the weights into one unit."
    )

    def constraint(self) -> float:
        return self.max_value


class WeightDecay(Technique):
    """Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019); with Adam this is AdamW."""

    label = "Weight decay"
    summary = (
        "Shrinks all weights by a fixed share in every step; apart from the gradient, so Adam does not rescale it."
    )
    idea = (
        "Every step first makes all weights smaller by the same small share, and then follows the gradient. "
        "For plain SGD this is L2 under another name; Adam, however, divides a penalty's gradient by the size of "
        "the weight's usual gradients, so that weights with large gradients would hardly shrink. "
        "Taken out of the gradient, the decay is the same for all weights, and its strength can be tuned more "
        "independently of the learning rate."
    )
    formula = r"w \leftarrow w - \eta\,\lambda\,w"
    acts = "on all weights, biases included (as Keras's optimizers do), in every step"
    hurts = "Too strong, all weights die; it must be tuned together with the learning rate η."
    source = "https://arxiv.org/abs/1711.05101"
    lesson: ClassVar[Parts] = {"technique": {"weight_decay": 0.5}}

    name: Literal["weight_decay"] = "weight_decay"
    weight_decay: float = number(0.01, 0.0, 10.0, scale="log", label="Strength", about="λ; a step shrinks w by ηλw.")

    def optimizer(self) -> dict[str, float | bool]:
        return {"weight_decay": self.weight_decay}


class LabelSmoothing(Technique):
    """Szegedy et al., "Rethinking the Inception Architecture for Computer Vision" (2016), section 7."""

    label = "Label smoothing"
    summary = "Trains on labels that are a little unsure, so the network need not drive its logits to extremes."
    idea = (
        "A label of 1 for the true class and 0 for all others can only be reached with infinite logits, so the "
        "network never stops pushing. "
        "Smoothing takes a share of the 1 and spreads it evenly over all classes: the best logits are finite, and "
        "the network is not rewarded for being surer than that. "
        "With wrong labels among the rows this limits what any one of them can do."
    )
    formula = r"\tilde y = (1-s)\,y + \frac{s}{K}"
    acts = "on the labels of the objective; all curves stay on the true labels"
    hurts = "It makes probabilities less sharp: clean loss may rise while accuracy stays."
    source = "https://arxiv.org/abs/1512.00567"
    lesson: ClassVar[Parts] = {
        "dataset": {"name": "digits", "train_size": 600, "label_noise": 0.3},
        "training": {"epochs": 80},
    }

    name: Literal["label_smoothing"] = "label_smoothing"
    label_smoothing: float = number(
        0.1, 0.0, 0.9, step=0.05, label="Smoothing", about="Share s of each label spread over all K classes."
    )

    def smoothing(self) -> float:
        return self.label_smoothing


class GradientClipping(Technique):
    """Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks" (2013)."""

    label = "Gradient clipping"
    summary = "Shortens a gradient that is too long, so a single odd batch cannot throw the weights far."
    idea = (
        "The gradient of all weights together is one long arrow; where it is longer than c it is scaled down to "
        "length c, direction kept. "
        "A single odd batch, or a steep wall in the loss, can then move the weights only a bounded distance. "
        "It steadies training at high learning rates rather than fighting overfitting itself."
    )
    formula = r"g \leftarrow g\,\min\!\left(1, \frac{c}{\lVert g \rVert_2}\right)"
    acts = "on the gradient of all weights together, before every step"
    hurts = "Hardly ever; too small a c slows plain SGD down. It steadies training more than it regularizes."
    source = "https://arxiv.org/abs/1211.5063"
    lesson: ClassVar[Parts] = {
        "architecture": {"name": "mlp", "widths": [128, 128], "activation": "tanh"},
        "training": {"epochs": 60, "optimizer": "sgd", "learning_rate": 1.0},
    }

    name: Literal["gradient_clipping"] = "gradient_clipping"
    global_clipnorm: float = number(
        1.0, 0.0001, 1000.0, scale="log", label="Highest norm", about="Longest length c of the gradient."
    )

    def optimizer(self) -> dict[str, float | bool]:
        return {"global_clipnorm": self.global_clipnorm}


class MovingAverage(Technique):
    """Polyak and Juditsky (1992), in the exponential form of Keras's optimizers."""

    label = "Moving average of weights"
    summary = (
        "Judges and hands over the average of the weights of the last steps, which is steadier than the last ones."
    )
    idea = (
        "Beside the weights in training, a running average of them is kept, in which older steps count less and "
        "less. "
        "Steps jump around the valley because each batch pulls elsewhere; the average lies nearer to its floor "
        "than any single step. "
        "Evaluation and the finished model use the average, while training itself goes on from the newest weights."
    )
    formula = r"\bar w \leftarrow m\,\bar w + (1-m)\,w"
    acts = "on the weights used in evaluation; training itself goes on with the newest"
    hurts = "A momentum near 1 lags: early curves look worse than the network is."
    source = "https://doi.org/10.1137/0330046"
    lesson: ClassVar[Parts] = {"training": {"epochs": 60, "learning_rate": 0.01}}

    name: Literal["ema"] = "ema"
    momentum: float = number(
        0.98, 0.0, 0.9999, step=0.001, label="Momentum", about="m; the average is over about 1 / (1 - m) steps."
    )

    def optimizer(self) -> dict[str, float | bool]:
        return {"use_ema": True, "ema_momentum": self.momentum}


class ReduceLearningRateOnPlateau(Technique):
    """Keras's callback `ReduceLROnPlateau` on the clean validation loss; compare He et al. (2016), section 3.4."""

    label = "Reduce learning rate on plateau"
    summary = "Cuts the learning rate when validation loss has stopped falling, to settle instead of bouncing around."
    idea = (
        "Large steps find the valley quickly but bounce from side to side in it. "
        "When validation loss has not fallen for some epochs, the learning rate is multiplied by a factor below 1, "
        "so that the following steps can settle lower. "
        "It fits more than it regularizes: watch whether the gap between training and validation grows after a cut."
    )
    formula = r"\eta \leftarrow \max(\eta_{\min},\ f\,\eta)"
    acts = "on the learning rate, between epochs"
    hurts = "With noisy curves and little patience it freezes training too soon."
    source = "https://arxiv.org/abs/1512.03385"
    lesson: ClassVar[Parts] = {"training": {"epochs": 80, "learning_rate": 0.01}}

    name: Literal["reduce_lr_on_plateau"] = "reduce_lr_on_plateau"
    factor: float = number(0.5, 0.01, 0.99, step=0.01, label="Factor", about="f, by which the rate is multiplied.")
    patience: int = number(5, 1, 1000, label="Patience", about="Epochs without improvement before the rate is cut.")
    min_lr: float = number(0.0, 0.0, 1.0, label="Lowest rate", about="The rate is never cut below this.")

    def callback(self) -> Call:
        arguments = {p.key: getattr(self, p.key) for p in parameters(type(self))}
        return call("callbacks.ReduceLROnPlateau", monitor="val_loss", **arguments, mode="min")


class StochasticDepth(Technique):
    """Huang et al., "Deep Networks with Stochastic Depth" (2016): row by row, linear decay over the blocks."""

    label = "Stochastic depth"
    summary = "Skips residual branches at random, deep ones more often, so every step trains a shallower network."
    idea = (
        "In a residual net, a block adds a correction to what passes along its shortcut, so a block can be skipped "
        "and the rest still works. "
        "Each training step skips random blocks, late ones more often than early ones, and trains a shallower "
        "network: gradients reach the first layers more directly, and no block can rely on all the others. "
        "In evaluation the whole depth is used."
    )
    formula = r"x_{l+1} = x_l + \frac{m_l}{1-p_l}\,F_l(x_l),\quad p_l = \frac{l}{L}\,p"
    acts = "at the end of each residual branch, in training only"
    hurts = "In shallow networks, where every block is needed."
    source = "https://arxiv.org/abs/1603.09382"

    name: Literal["stochastic_depth"] = "stochastic_depth"
    drop_path_rate: float = number(
        0.2, 0.0, 0.95, step=0.05, label="Rate", about="Share p of the rows for which the last block is skipped."
    )

    def branch_noise(self, depth: float, axes: int) -> Call:
        return call(
            "layers.Dropout", rate=round(self.drop_path_rate * depth, 6), noise_shape=(None,) + (1,) * (axes - 1)
        )

    def refuse(self, host: Host, input_shape: Shape) -> str | None:
        return None if host.residual else "it skips residual branches, which only a residual net has"


class Augmentation(Technique):
    """Simard, Steinkraus and Platt (2003); erasing: Zhong et al. (2020); noise on features: Bishop (1995)."""

    label = "Data augmentation"
    summary = (
        "Shows the network a slightly changed copy of every training row in each epoch: none can be learned by heart."
    )
    idea = (
        "A digit shifted by a pixel is still the same digit, and we know that before seeing any data. "
        "Each epoch shows a freshly changed copy of every row, with the same label, so there is nothing fixed to "
        "learn by heart and the network is told which changes do not matter. "
        "It works as well as the changes are true to life: one that alters the class teaches nonsense."
    )
    formula = r"(x, y) \to (T_\theta(x), y),\quad \theta \text{ drawn anew in each epoch}"
    acts = "on the training inputs of each epoch; curves are on the unchanged rows"
    hurts = "Where a change alters the class: a turned 6 is a 9."
    source = "https://doi.org/10.1109/ICDAR.2003.1227801"
    lesson: ClassVar[Parts] = {
        "dataset": {"name": "digits", "train_size": 150},
        "architecture": {"name": "resnet_conv", "filters": 16},
        "training": {"epochs": 150},
    }

    name: Literal["augmentation"] = "augmentation"
    translation: float = number(
        0.1, 0.0, 0.5, step=0.05, label="Shift", about="Images: up to this share of height and width."
    )
    rotation: float = number(
        0.03, 0.0, 0.5, step=0.01, label="Rotation", about="Images: up to this share of a whole turn, both ways."
    )
    zoom: float = number(0.1, 0.0, 0.5, step=0.05, label="Zoom", about="Images: in and out by up to this share.")
    flip: Literal["none", "horizontal", "vertical", "horizontal_and_vertical"] = option(
        "none", label="Flip", about="Images: mirror half of them. Not for digits and letters."
    )
    contrast: float = number(0.0, 0.0, 1.0, step=0.05, label="Contrast", about="Images: more or less by this share.")
    erasing: float = number(
        0.0, 0.0, 1.0, step=0.05, label="Erasing", about="Images: up to this share of them lose a random patch."
    )
    feature_noise: float = number(
        0.1, 0.0, 1.0, step=0.05, label="Feature noise",
        about="Tables and points: deviation of noise added to the scaled features.",
    )  # fmt: skip

    def augmentation(self, input_shape: Shape) -> dict[str, Call]:
        if not _is_image(input_shape):
            noise = {"feature_noise": call("layers.GaussianNoise", stddev=self.feature_noise)}
            return noise if self.feature_noise else {}
        # Beyond the border the outermost pixels go on: scaled images have no value that stands for "nothing there".
        edge = {"fill_mode": "nearest"}
        wide = (-1000.0, 1000.0)  # scaled pixels have no fixed range to be cut to
        layers = {
            "flip": None if self.flip == "none" else call("layers.RandomFlip", mode=self.flip),
            "translation": call(
                "layers.RandomTranslation", height_factor=self.translation, width_factor=self.translation, **edge
            ),
            "rotation": call("layers.RandomRotation", factor=self.rotation, **edge),
            "zoom": call("layers.RandomZoom", height_factor=self.zoom, **edge),
            "contrast": call("layers.RandomContrast", factor=self.contrast, value_range=wide),
            "erasing": call("layers.RandomErasing", factor=self.erasing, fill_value=0.0, value_range=wide),
        }
        return {role: layer for role, layer in layers.items() if layer and (role == "flip" or getattr(self, role))}


class Mixup(Technique):
    """Zhang et al., "mixup: Beyond Empirical Risk Minimization" (2018)."""

    label = "Mixup"
    summary = (
        "Trains on weighted means of two rows with their labels mixed alike, so the function is straight in between."
    )
    idea = (
        "Two training rows are averaged with a random weight, and their labels with the same weight. "
        "The network learns to change its mind gradually on the way from one row to the other, instead of jumping "
        "somewhere in between, which also dampens rows with wrong labels. "
        "With a small α most mixtures are nearly one of the two rows; with α = 1 any weight is equally likely."
    )
    formula = (
        r"\tilde x = \lambda x_i + (1-\lambda) x_j,\ \tilde y = \lambda y_i + (1-\lambda) y_j,\ "
        r"\lambda \sim \mathrm{Beta}(\alpha,\alpha)"
    )
    acts = "on the training rows and labels of each epoch; curves are on the unchanged rows"
    hurts = "Where a mean of two rows belongs to neither class, as between the arms of a spiral."
    source = "https://arxiv.org/abs/1710.09412"
    lesson: ClassVar[Parts] = {
        "dataset": {"name": "digits", "train_size": 600, "label_noise": 0.3},
        "training": {"epochs": 80},
    }

    name: Literal["mixup"] = "mixup"
    alpha: float = number(
        0.2, 0.01, 10.0, scale="log", label="Alpha", about="α of the Beta distribution; larger mixes more."
    )

    def mixing(self) -> Call:
        return call("layers.MixUp", alpha=self.alpha)


class CutMix(Technique):
    """Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers" (2019)."""

    label = "CutMix"
    summary = "Pastes a patch of another image into each one, and mixes the labels by the patch's area."
    idea = (
        "A rectangle of one image is replaced by the same rectangle of another, and the labels are mixed by the "
        "areas. "
        "The network has to recognize a class from the part that is left, and cannot rest on the one most telling "
        "spot. "
        "Unlike in mixup, every pixel stays a real one."
    )
    formula = (
        r"\tilde x = M \odot x_i + (1-M) \odot x_j,\ \tilde y = \lambda y_i + (1-\lambda) y_j,\ \lambda = \overline{M}"
    )
    acts = "on the training images and labels of each epoch; curves are on the unchanged images"
    hurts = "With small images, where a patch may hide all that tells the class."
    source = "https://arxiv.org/abs/1905.04899"

    name: Literal["cutmix"] = "cutmix"
    alpha: float = number(1.0, 0.01, 1.0, scale="log", label="Alpha", about="α of the Beta distribution of the area.")

    def mixing(self) -> Call:
        return call("layers.CutMix", factor=(self.alpha, self.alpha))

    def refuse(self, host: Host, input_shape: Shape) -> str | None:
        return None if _is_image(input_shape) else "it cuts patches out of images, and this data set has none"


class MoreData(Technique):
    """Hestness et al., "Deep Learning Scaling is Predictable, Empirically" (2017)."""

    label = "More data"
    summary = "Trains on more of the training rows: the surest cure, where there are any."
    idea = (
        "Overfitting is fitting what is true of the training rows alone, and the more rows there are, the less is "
        "true of them alone. "
        "Here the larger set contains the smaller one, and validation and test rows stay the same, so that the "
        "difference comes from the added rows. "
        "Each doubling helps less than the one before, but hardly any other technique helps as surely."
    )
    formula = r"n \to f\,n"
    acts = "on the number of training rows; the smaller set lies within the larger one"
    hurts = "Nothing but time, unless the new rows are labelled badly."
    source = "https://arxiv.org/abs/1712.00409"
    lesson: ClassVar[Parts] = {"dataset": {"name": "digits", "train_size": 150}}

    name: Literal["more_data"] = "more_data"
    factor: float = number(2.0, 1.0, 1000.0, scale="log", label="Factor", about="f, by which the training rows grow.")


class Ensemble(Technique):
    """Lakshminarayanan, Pritzel and Blundell, "Simple and Scalable Predictive Uncertainty Estimation" (2017)."""

    label = "Ensemble"
    summary = (
        "Trains several copies from different initial weights and averages their probabilities, so errors cancel out."
    )
    idea = (
        "Networks that start from different weights end up about equally good, and make different mistakes. "
        "Averaging their probabilities cancels what they disagree about and keeps what they share: the loss of the "
        "average is never above the average of their losses. "
        "It costs as many trainings as there are members, and nearly always pays."
    )
    formula = r"p(y\mid x) = \frac1K \sum_{k=1}^K p_k(y\mid x)"
    acts = "on the whole variant, as K members trained together"
    hurts = "Only the budget: K times the work, in training and in use."
    source = "https://arxiv.org/abs/1612.01474"

    name: Literal["ensemble"] = "ensemble"
    members: int = number(5, 2, 10, label="Members", about="Number K of networks.")


class EarlyStopping(Technique):
    """Prechelt, "Early Stopping - But When?" (1998); rule and parameters are Keras's."""

    label = "Early stopping"
    summary = (
        "Stops training when the monitored value has not improved for some epochs, and hands over the best weights."
    )
    idea = (
        "While a network trains, it first learns what holds for all rows and later what holds for the training "
        "rows alone; validation loss falls, then rises. "
        "The rule remembers the best epoch so far and stops when it has waited `patience` epochs for a better one; "
        "an improvement smaller than `min_delta` does not count. "
        "With the best epoch's weights restored, the epochs spent waiting cost time but no quality."
    )
    formula = r"t_{\mathrm{stop}} = \min\{t : t - t_{\mathrm{best}}(t) \ge \mathrm{patience}\}"
    acts = "on the number of epochs"
    hurts = "With noisy curves and little patience it stops before the network has learned what it could."
    source = "https://doi.org/10.1007/3-540-49430-8_3"

    name: Literal["early_stopping"] = "early_stopping"
    monitor: Monitor = option("val_loss", label="Monitor", about="The clean value that is watched.")
    patience: int = number(10, 0, 1000, label="Patience", about="Epochs without improvement before it stops.")
    min_delta: float = number(0.0, 0.0, 10.0, label="Minimum change", about="A smaller change is no improvement.")
    baseline: float | None = number(
        None, 0.0, 100.0, label="Baseline", about="Waiting restarts only below this (above, for accuracy)."
    )
    start_from_epoch: int = number(0, 0, 10_000, label="Start after", about="Number of epochs ignored at the start.")
    restore_best_weights: bool = option(True, label="Restore best weights", about="Hand over the best epoch's weights.")

    def callback(self) -> Call:
        mode = "max" if self.monitor.endswith("accuracy") else "min"
        arguments = {p.key: getattr(self, p.key) for p in parameters(type(self))}
        return call("callbacks.EarlyStopping", **arguments, mode=mode)


AnyTechnique = (
    Dropout | SpatialDropout | GaussianNoise | GaussianDropout
    | BatchNormalization | LayerNormalization | GroupNormalization
    | L1 | L2 | L1L2 | MaxNorm | WeightDecay
    | LabelSmoothing | GradientClipping | MovingAverage | ReduceLearningRateOnPlateau
    | StochasticDepth | Augmentation | Mixup | CutMix | MoreData | Ensemble | EarlyStopping
)  # fmt: skip
TECHNIQUES: dict[str, type[Technique]] = {t.model_fields["name"].default: t for t in get_args(AnyTechnique)}


def refuse_together(techniques: Sequence[Technique]) -> str | None:
    """Why these make no sense in one variant, or None."""
    groups = {
        "one normalization": [t for t in techniques if t.normalization()],
        "one way of mixing rows": [t for t in techniques if t.mixing()],
    }
    for allowed, found in groups.items():
        if len(found) > 1:
            return f"{' and '.join(t.name for t in found)} together are refused; allowed: {allowed}"
    names = {t.name for t in techniques}
    if "l1_l2" in names and names & {"l1", "l2"}:
        return "l1_l2 beside l1 or l2 would set one strength twice; allowed: either of them"
    return None
