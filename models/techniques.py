"""The one registry of techniques against overfitting. Adding a technique is adding one class here.

Each class is the JSON form of the technique (Keras's own parameter names, with range and default), the texts that
pages show, and the hooks that say where it acts on the plan.
"""

from typing import ClassVar, Literal, get_args

from models.parameters import Entry, number, option, parameters
from models.plan import Call, call

Monitor = Literal["val_loss", "val_accuracy", "train_loss", "train_accuracy"]


class Technique(Entry):
    """A technique: what it is called, what it does, and what it adds to a plan (nothing, unless overridden)."""

    formula: ClassVar[str]
    acts: ClassVar[str]
    source: ClassVar[str]

    def normalization(self) -> Call | None:
        """A layer between Dense and activation."""
        return None

    def noise(self) -> Call | None:
        """A layer after the activation; in a residual block inside the branch, never on the shortcut."""
        return None

    def penalty(self) -> dict[str, float]:
        """Strengths of the weight penalty by Keras's argument name (`l1`, `l2`)."""
        return {}

    def callback(self) -> Call | None:
        """A Keras callback."""
        return None


class Dropout(Technique):
    """Srivastava et al., JMLR 15 (2014)."""

    label = "Dropout"
    summary = "Sets a random share of the activations to zero in every training step, so no unit can rely on another."
    formula = r"\tilde h_i = \frac{m_i}{1-p}\,h_i,\quad m_i \sim \mathrm{Bernoulli}(1-p)"
    acts = "after each hidden activation, in training only"
    source = "https://jmlr.org/papers/v15/srivastava14a.html"

    name: Literal["dropout"] = "dropout"
    rate: float = number(0.3, 0.0, 0.95, step=0.05, label="Rate", about="Share p of the activations set to zero.")

    def noise(self) -> Call:
        return call("layers.Dropout", rate=self.rate)


class L1(Technique):
    """Tibshirani, "Regression shrinkage and selection via the lasso" (1996)."""

    label = "L1"
    summary = "Adds the sum of absolute weights to the objective; pulls many weights to (nearly) zero."
    formula = r"\mathcal{L} + \lambda \sum_i |w_i|"
    acts = "on the kernels of all Dense layers, through the objective"
    source = "https://doi.org/10.1111/j.2517-6161.1996.tb02080.x"

    name: Literal["l1"] = "l1"
    l1: float = number(0.0001, 0.0, 1.0, scale="log", label="Strength", about="Factor λ of the sum of |w|.")

    def penalty(self) -> dict[str, float]:
        return {"l1": self.l1}


class L2(Technique):
    """Krogh and Hertz, "A Simple Weight Decay Can Improve Generalization" (1992)."""

    label = "L2"
    summary = "Adds the sum of squared weights to the objective; keeps all weights small, and the function smooth."
    formula = r"\mathcal{L} + \lambda \sum_i w_i^2"
    acts = "on the kernels of all Dense layers, through the objective"
    source = "https://papers.nips.cc/paper/1991/hash/8eefcfdf5990e441f0fb6f3fad709e21-Abstract.html"

    name: Literal["l2"] = "l2"
    l2: float = number(0.001, 0.0, 1.0, scale="log", label="Strength", about="Factor λ of the sum of w².")

    def penalty(self) -> dict[str, float]:
        return {"l2": self.l2}


class BatchNormalization(Technique):
    """Ioffe and Szegedy (2015). Momentum 0.9: Keras's 0.99 lags for hundreds of steps on small data."""

    label = "Batch normalization"
    summary = (
        "Standardizes each unit over the batch, then scales and shifts it; the batch's noise regularizes a little."
    )
    formula = r"\hat h = \gamma\,\frac{h-\mu_B}{\sqrt{\sigma_B^2+\varepsilon}}+\beta"
    acts = "between Dense and activation; moving averages replace the batch statistics in evaluation"
    source = "https://arxiv.org/abs/1502.03167"

    name: Literal["batch_normalization"] = "batch_normalization"
    momentum: float = number(
        0.9, 0.0, 0.999, step=0.01, label="Momentum", about="Of the moving averages used in evaluation."
    )

    def normalization(self) -> Call:
        return call("layers.BatchNormalization", momentum=self.momentum)


class EarlyStopping(Technique):
    """Prechelt, "Early Stopping - But When?" (1998); rule and parameters are Keras's."""

    label = "Early stopping"
    summary = (
        "Stops training when the monitored value has not improved for some epochs, and hands over the best weights."
    )
    formula = r"t_{\mathrm{stop}} = \min\{t : t - t_{\mathrm{best}}(t) \ge \mathrm{patience}\}"
    acts = "on the number of epochs"
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


AnyTechnique = Dropout | L1 | L2 | BatchNormalization | EarlyStopping
TECHNIQUES: dict[str, type[Technique]] = {t.model_fields["name"].default: t for t in get_args(AnyTechnique)}
