"""Techniques that disturb what a network computes while it trains."""

from typing import ClassVar, Literal

from models.parameters import number
from models.plan import Call, call
from models.techniques.base import Host, Parts, Shape, Technique
from wording.language import _


class Dropout(Technique):
    """Srivastava et al., JMLR 15 (2014)."""

    label = "Dropout"
    summary = "Sets a random share of the activations to zero in every training step, so no unit can rely on another."
    idea = (
        "In every training step, for each row anew, a random share of the units is switched off and the others are "
        "scaled up, so that the layer's expected output stays the same. "
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
        return None if host.convolutional else _("it drops feature maps, which only a convolutional network has")


class GaussianNoise(Technique):
    """Camuto et al., "Explicit Regularisation in Gaussian Noise Injections" (2020). Bishop (1995) is about noise on the
    inputs, ours is on hidden activations."""

    label = "Gaussian noise"
    summary = "Adds random noise to the activations, so the network cannot lean on their exact values."
    idea = (
        "Random numbers of mean zero are added to the activations of every training step. "
        "The layers that follow have to give the same answer for a small cloud around each row's activations, so they "
        "become smoother; small noise acts like a penalty on their slope, as Bishop (1995) showed for noise on the "
        "inputs and the source below for activations. "
        "In evaluation the noise is off."
    )
    formula = r"\tilde h_i = h_i + \varepsilon_i,\quad \varepsilon_i \sim \mathcal{N}(0, \sigma^2)"
    acts = "after each hidden activation, in training only"
    hurts = "When σ is large against the activations; networks also learn larger activations to drown the noise."
    source = "https://arxiv.org/abs/2007.07368"

    name: Literal["gaussian_noise"] = "gaussian_noise"
    stddev: float = number(
        0.1, 0.0, 1.0, step=0.05, start=0.5, label="Deviation", about="Standard deviation σ of the noise."
    )

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


class AlphaDropout(Technique):
    """Klambauer et al., "Self-Normalizing Neural Networks" (2017)."""

    label = "Alpha dropout"
    summary = "Dropout for the activation selu: switched-off units take its lowest value, so mean and variance stay."
    idea = (
        "With the activation selu and initial weights drawn by `lecun_normal`, the activations of a deep plain net "
        "keep mean 0 and variance 1 from layer to layer, without any normalization. "
        "Ordinary dropout would break that, since its zeros change the variance; alpha dropout sets units to the value "
        "that selu gives to very negative inputs, about −1.76, and then scales and shifts all of them so that mean and "
        "variance are again what they were. "
        "In evaluation nothing is dropped."
    )
    formula = (
        r"\begin{gathered}\tilde h_i = a\,\bigl(m_i h_i + (1-m_i)\,\alpha'\bigr) + b, \\ "
        r"\alpha' = -\lambda\alpha \approx -1.76,\quad m_i \sim \mathrm{Bernoulli}(1-p)\end{gathered}"
    )
    acts = "after each hidden activation of a plain net with selu, in training only"
    hurts = "As dropout does, and sooner: the paper recommends rates of 0.05 or 0.1."
    source = "https://arxiv.org/abs/1706.02515"
    lesson: ClassVar[Parts] = {"architecture": {"name": "mlp", "widths": [128, 128], "activation": "selu"}}

    name: Literal["alpha_dropout"] = "alpha_dropout"
    rate: float = number(
        0.1, 0.0, 0.95, step=0.05, label="Rate", about="Share p of the activations set to selu's lowest value."
    )

    def noise(self) -> Call:
        return call("layers.AlphaDropout", rate=self.rate)

    def refuse(self, host: Host, input_shape: Shape) -> str | None:
        if host.residual:
            return _("it keeps mean and variance from layer to layer in a plain MLP; a shortcut adds to them")
        if not host.self_normalizing:
            return _('it sets units to the lowest value of selu; allowed: the activation "selu"')
        return None


class StochasticDepth(Technique):
    """Huang et al., "Deep Networks with Stochastic Depth" (2016): linear decay over the blocks. Drawn for each row; the
    paper draws once for each batch."""

    label = "Stochastic depth"
    summary = "Skips residual branches at random, deep ones more often, so every row trains a shallower network."
    idea = (
        "In a residual net, a block adds a correction to what passes along its shortcut, so a block can be skipped "
        "and the rest still works. "
        "In each training step every row skips random blocks, late ones more often than early ones, and trains a "
        "shallower network: gradients reach the first layers more directly, and no block can rely on all the others. "
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
        return None if host.residual else _("it skips residual branches, which only a residual net has")
