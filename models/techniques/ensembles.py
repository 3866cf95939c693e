"""Techniques that train several networks."""

from typing import ClassVar, Literal

from models.parameters import number
from models.plan import Call, call
from models.techniques.base import Parts, Technique


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

    def networks(self) -> int:
        return self.members


class Distillation(Technique):
    """Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network" (2015).

    Teachers are what the variant would be with an ensemble in place of this technique: the same network, techniques,
    callbacks and number of epochs, with initial weights, order of rows and noise of their own. Their softened
    probabilities are averaged (of the two means that the paper names, the arithmetic one). Both terms weigh one half,
    as in Keras's `Distiller`, whose `LogitsDistillation` multiplies by the squared temperature, as the paper does. So
    it does for an object of `KLDivergence`; Keras 3.15 applies its default, the string, to the logits themselves.
    """

    label = "Distillation"
    summary = "Trains an ensemble first, and then one net on what the ensemble says of each row, beside the labels."
    idea = (
        "An ensemble tells more of a row than its label: that this 3 could also be an 8, but hardly a 4. "
        "One net is trained to say the same, for half of the loss, beside the labels: the temperature T divides all "
        "logits before the softmax, so that small probabilities are seen, too, and the soft half is multiplied by T², "
        "since its gradients shrink by 1/T². "
        "The teachers are trained first, by the same rules as the net itself, and cost as much as an ensemble; what is "
        "handed over, and used, is one net."
    )
    formula = (
        r"\begin{aligned}L &= \frac12\,\ell(y, p) + \frac{T^2}{2}\,\mathrm{KL}\!\left(\frac1K\sum_{k=1}^K p_k^{(T)} \,"
        r"\Big\|\, p^{(T)}\right) \\[6pt] p^{(T)} &= \mathrm{softmax}(z / T)\end{aligned}"
    )
    acts = "on the loss of each training row, as the net sees it (changed or mixed); curves are cross-entropy on labels"
    hurts = (
        "The budget of training: the teachers' on top; the first epoch's seconds contain it. Teachers that learned "
        "wrong labels by heart hand them on."
    )
    source = "https://arxiv.org/abs/1503.02531"
    lesson: ClassVar[Parts] = {
        "dataset": {"name": "digits", "train_size": 600, "label_noise": 0.3},
        "training": {"epochs": 30},
    }

    name: Literal["distillation"] = "distillation"
    teachers: int = number(5, 1, 10, label="Teachers", about="Number K of networks that are trained first.")
    temperature: float = number(
        3.0, 1.0, 20.0, step=0.5, label="Temperature", about="T: 1 leaves probabilities as they are, more softens them."
    )

    def distillation(self) -> Call:
        loss = call("losses.KLDivergence")
        return call("distillation.LogitsDistillation", temperature=self.temperature, loss=loss)

    def teaching(self) -> int:
        return self.teachers
