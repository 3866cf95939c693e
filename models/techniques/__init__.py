"""The one registry of techniques against overfitting. Adding a technique is adding one class to a family here.

Each class is the JSON form of the technique (Keras's own parameter names, with range and default), the texts that
pages show, and the hooks that say where it acts on the plan.
"""

from collections.abc import Sequence
from typing import get_args

from models.techniques.base import Monitor, Parts, Shape, Technique
from models.techniques.ensembles import Distillation, Ensemble
from models.techniques.noise import (
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout,
    StochasticDepth,
)
from models.techniques.normalization import BatchNormalization, GroupNormalization, LayerNormalization
from models.techniques.optimization import (
    ClassWeight,
    CosineDecay,
    GeneralizedCrossEntropy,
    GradientClipping,
    LabelSmoothing,
    MovingAverage,
    ReduceLearningRateOnPlateau,
    SharpnessAwareMinimization,
    WeightDecay,
)
from models.techniques.penalties import L1, L1L2, L2, MaxNorm
from models.techniques.rows import Augmentation, CutMix, Mixup, MoreData, RandAugment
from models.techniques.stopping import EarlyStopping
from wording.language import _

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "TECHNIQUES",
    "AlphaDropout",
    "AnyTechnique",
    "Augmentation",
    "BatchNormalization",
    "ClassWeight",
    "CosineDecay",
    "CutMix",
    "Distillation",
    "Dropout",
    "EarlyStopping",
    "Ensemble",
    "GaussianDropout",
    "GaussianNoise",
    "GeneralizedCrossEntropy",
    "GradientClipping",
    "GroupNormalization",
    "LabelSmoothing",
    "LayerNormalization",
    "MaxNorm",
    "Mixup",
    "Monitor",
    "MoreData",
    "MovingAverage",
    "Parts",
    "RandAugment",
    "ReduceLearningRateOnPlateau",
    "Shape",
    "SharpnessAwareMinimization",
    "SpatialDropout",
    "StochasticDepth",
    "Technique",
    "WeightDecay",
    "refuse_together",
]

AnyTechnique = (
    Dropout | SpatialDropout | GaussianNoise | GaussianDropout | AlphaDropout
    | BatchNormalization | LayerNormalization | GroupNormalization
    | L1 | L2 | L1L2 | MaxNorm | WeightDecay
    | LabelSmoothing | GeneralizedCrossEntropy | ClassWeight | GradientClipping | MovingAverage
    | ReduceLearningRateOnPlateau | CosineDecay | SharpnessAwareMinimization
    | StochasticDepth | Augmentation | RandAugment | Mixup | CutMix | MoreData | Ensemble | Distillation | EarlyStopping
)  # fmt: skip
TECHNIQUES: dict[str, type[Technique]] = {t.model_fields["name"].default: t for t in get_args(AnyTechnique)}


def refuse_together(techniques: Sequence[Technique]) -> str | None:
    """Why these make no sense in one variant, or None."""
    groups = {
        _("one normalization"): [t for t in techniques if t.normalization()],
        _("one way of changing images"): [t for t in techniques if t.name in ("augmentation", "rand_augment")],
        _("one way of mixing rows"): [t for t in techniques if t.mixing()],
        _("one rule for the learning rate"): [t for t in techniques if t.sets_learning_rate],
    }
    for allowed, found in groups.items():
        if len(found) > 1:
            return _("{names} together are refused; allowed: {allowed}").format(
                names=_(" and ").join(t.name for t in found), allowed=allowed
            )
    if any(t.class_weighting() is not None for t in techniques):
        for technique in techniques:
            if technique.mixing():
                return _("class_weight beside {name} is refused: a mixed row is of no one class").format(
                    name=technique.name
                )
            if technique.networks() > 1:
                return _("class_weight beside {name} is refused: Keras weighs classes for one output alone").format(
                    name=technique.name
                )
    for loss in (t for t in techniques if t.loss()):
        for technique in techniques:
            if technique.mixing() or technique.smoothing():
                return _("{loss} beside {name} is refused: Keras's loss takes class indices, no shares").format(
                    loss=loss.name, name=technique.name
                )
    if refused := _refuse_beside_distillation(techniques):
        return refused
    names = {t.name for t in techniques}
    for technique in techniques:
        if names & technique.excludes:
            others = _(" or ").join(sorted(technique.excludes))
            return _("{name} beside {others} would set one strength twice; allowed: either of them").format(
                name=technique.name, others=others
            )
    return None


def _refuse_beside_distillation(techniques: Sequence[Technique]) -> str | None:
    """Why one of these makes no sense beside distillation, or None."""
    for distillation in (t for t in techniques if t.distillation()):
        for technique in techniques:
            if reason := _why_not_distilled(technique):
                return _("{name} beside {other} is refused: {reason}").format(
                    name=distillation.name, other=technique.name, reason=reason
                )
    return None


def _why_not_distilled(technique: Technique) -> str | None:
    if technique.networks() > 1:
        return _("it trains an ensemble itself, to make one net of it")
    if technique.class_weighting() is not None:
        return _("Keras's Distiller weighs no rows")
    return _("Keras's Distiller works on logits, and that loss takes none") if technique.loss() else None
