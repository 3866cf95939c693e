"""Techniques that keep weights small: penalties on the objective, and a constraint."""

from typing import Literal

from models.parameters import number
from models.techniques.base import Technique


class L1(Technique):
    """Tibshirani, "Regression shrinkage and selection via the lasso" (1996)."""

    label = "L1"
    summary = "Adds the sum of absolute weights to the objective; pulls many weights to (nearly) zero."
    idea = (
        "The sum of all absolute weights, times a strength, is added to what the optimizer makes small. "
        "Under SGD every weight feels the same pull towards zero however small it is, so one that does not pay for "
        "itself ends at (nearly) zero; Adam rescales the pull together with the loss's gradient, and weights with "
        "small gradients feel it most. "
        "The pull acts in training alone: the curves here show the loss without the penalty."
    )
    formula = r"\mathcal{L} + \lambda \sum_i |w_i|"
    acts = "on the kernels of all Dense and Conv2D layers, through the objective"
    hurts = "When many weak features matter together: it keeps a few and drops the rest."
    source = "https://doi.org/10.1111/j.2517-6161.1996.tb02080.x"

    name: Literal["l1"] = "l1"
    l1: float = number(
        0.0001,
        0.0,
        1.0,
        scale="log",
        label="Strength",
        telling=(0.0, 0.02, 0.0005),
        about="Factor λ of the sum of |w|.",
    )

    def penalty(self) -> dict[str, float]:
        return {"l1": self.l1}


class L2(Technique):
    """Krogh and Hertz, "A Simple Weight Decay Can Improve Generalization" (1992)."""

    label = "L2"
    summary = "Adds the sum of squared weights to the objective; keeps all weights small, and the function smooth."
    idea = (
        "The sum of all squared weights, times a strength, is added to what the optimizer makes small. "
        "Under SGD the pull towards zero grows with the weight, so hardly any becomes exactly zero and the work is "
        "spread over many small weights, which makes the function smoother; Adam rescales the pull together with the "
        "loss's gradient, and large weights need not shrink most. "
        "The pull acts in training alone: the curves here show the loss without the penalty."
    )
    formula = r"\mathcal{L} + \lambda \sum_i w_i^2"
    acts = "on the kernels of all Dense and Conv2D layers, through the objective"
    hurts = "Too strong, it flattens the function: both losses stay high (underfitting)."
    source = "https://papers.nips.cc/paper/1991/hash/8eefcfdf5990e441f0fb6f3fad709e21-Abstract.html"

    name: Literal["l2"] = "l2"
    l2: float = number(
        0.001, 0.0, 1.0, scale="log", label="Strength", telling=(0.0, 0.02, 0.0005), about="Factor λ of the sum of w²."
    )

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
    excludes = frozenset({"l1", "l2"})

    name: Literal["l1_l2"] = "l1_l2"
    l1: float = number(
        0.0001,
        0.0,
        1.0,
        scale="log",
        label="Strength of L1",
        telling=(0.0, 0.02, 0.0005),
        about="Factor λ₁ of the sum of |w|.",
    )
    l2: float = number(
        0.001,
        0.0,
        1.0,
        scale="log",
        label="Strength of L2",
        telling=(0.0, 0.02, 0.0005),
        about="Factor λ₂ of the sum of w².",
    )

    def penalty(self) -> dict[str, float]:
        return {"l1": self.l1, "l2": self.l2}


class MaxNorm(Technique):
    """Srivastava et al., JMLR 15 (2014), section 5.1, which names it after Srebro and Shraibman (2005)."""

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

    name: Literal["max_norm"] = "max_norm"
    max_value: float = number(
        2.0,
        0.01,
        100.0,
        scale="log",
        label="Highest norm",
        telling=(0.5, 4.0, 0.1),
        start=0.6,
        about="Longest length c of the weights into one unit.",
    )

    def constraint(self) -> float:
        return self.max_value
