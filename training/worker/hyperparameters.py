"""The numbers of a plan that a slider moves, apart from its structure, so that one compiled plan serves all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.plan import Call, Plan

LEVELS = 1 << 16
"""Dropout compares 16 random bits with a threshold: rates that differ by 1/65,536 differ."""

Pair = tuple[float, float]


@dataclass(frozen=True)
class Slot:
    """Stands in a structure for a number: the row of the hyperparameters where its two constants are."""

    row: int


def _rate(rate: float) -> Pair:
    """Threshold of the random bits below which a unit is dropped; factor of those that are kept."""
    return round(rate * LEVELS), 1 / (1 - rate)


def _once(value: float) -> Pair:
    return value, 0.0


def _momentum(momentum: float) -> Pair:
    """Weights of the old and of the new value in a moving average."""
    return momentum, 1 - momentum


_OPTIMIZER: Mapping[str, Callable[[float], Pair]] = {
    "weight_decay": _once,
    "global_clipnorm": _once,
    "ema_momentum": _momentum,
}

DERIVED: Mapping[str, Mapping[str, Callable[[float], Pair]]] = {
    "layers.Dropout": {"rate": _rate},
    "layers.SpatialDropout2D": {"rate": _rate},
    "layers.AlphaDropout": {"rate": lambda rate: (round(rate * LEVELS), rate)},
    "layers.GaussianDropout": {"rate": lambda rate: (sqrt(rate / (1 - rate)), 0.0)},
    "layers.GaussianNoise": {"stddev": _once},
    "layers.BatchNormalization": {"momentum": _momentum},
    "regularizers.L1": {"l1": _once},
    "regularizers.L2": {"l2": _once},
    "regularizers.L1L2": {"l1": _once, "l2": _once},
    "constraints.MaxNorm": {"max_value": _once},
    "losses.CategoricalCrossentropy": {"label_smoothing": lambda share: (1 - share, share)},
    "losses.CategoricalGeneralizedCrossEntropy": {"q": _once},
    "distillation.LogitsDistillation": {"temperature": lambda temperature: (temperature, temperature**2)},
    "optimizers.Adam": _OPTIMIZER,
    "optimizers.AdamW": _OPTIMIZER,
    "optimizers.SGD": {**_OPTIMIZER, "momentum": _once},
    "optimizers.RMSprop": _OPTIMIZER,
}
"""Keras object -> argument -> the constants that compiled code computes with. They are derived here, in float64: in
float32, 1 - 0.999 is off by 5e-5 of itself."""


def split_plan(plan: Plan) -> tuple[Plan, NDArray[np.float32]]:
    """The structure of a plan, with a `Slot` in place of each number in `DERIVED`, and these numbers' constants.

    What acts outside compiled code is no part of the structure: the learning rate or its schedule, callbacks,
    augmentation, mixing, the power of class weights, teachers. Plans that differ in numbers alone have the same
    structure. The length of a step uphill has no call that a slot could stand in: where there is one, it is the last of
    the rows.

    Returns:
        The structure, and an array of shape (slots, 2).
    """
    pairs: list[Pair] = []

    def visit(value: Any) -> Any:
        if not isinstance(value, Call):
            return value
        derived = DERIVED.get(value.path, {})
        arguments: list[tuple[str, Any]] = []
        for key, argument in value.arguments:
            if key in derived:
                pairs.append(derived[key](argument))
                arguments.append((key, Slot(len(pairs) - 1)))
            else:
                arguments.append((key, visit(argument)))
        return Call(value.path, tuple(arguments))

    structure = replace(
        plan,
        layers=tuple(replace(layer, call=visit(layer.call)) for layer in plan.layers),
        optimizer=visit(plan.optimizer.without("learning_rate")),
        loss=visit(plan.loss),
        distillation=visit(plan.distillation),
        teachers=None,
        callbacks=(),
        augmentation=(),
        mixing=None,
        class_weighting=None if plan.class_weighting is None else 1.0,
        sharpness=None if plan.sharpness is None else 1.0,
    )
    if plan.sharpness is not None:
        pairs.append(_once(plan.sharpness))
    return structure, np.array(pairs, np.float32).reshape(-1, 2)
