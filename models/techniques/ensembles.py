"""Techniques that train several networks instead of one."""

from typing import Literal

from models.parameters import number
from models.techniques.base import Technique


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
