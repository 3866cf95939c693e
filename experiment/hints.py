"""Settings that are allowed and cannot do what they are for."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Literal

from experiment.spec import Experiment, Variant
from models.layer_facts import measure_layers
from models.techniques import EarlyStopping, ReduceLearningRateOnPlateau, Technique

Code = Literal["single_row", "last_batch", "never_stops", "never_reduces", "ignores_all"]


@dataclass(frozen=True)
class Hint:
    """What cannot work in a variant.

    Attributes:
        variant: its name.
        code: `single_row`: batch normalization over batches of one row, which have no spread (images have one, over
            their pixels); `last_batch`: its averages are those of the last batch alone (momentum 0), which has one
            row; `never_stops`: patience ends after the last epoch; `never_reduces`: the same of a learning rate on a
            plateau; `ignores_all`: a rule ignores all epochs.
        number: patience, where that is the reason.
        ignored: epochs that the rule ignores before it waits.
    """

    variant: str
    code: Code
    number: int = 0
    ignored: int = 0


def find_hints(experiment: Experiment) -> tuple[Hint, ...]:
    """All of them, in the order of the variants."""
    return tuple(hint for variant in experiment.variants for hint in _hints_of(experiment, variant))


def _hints_of(experiment: Experiment, variant: Variant) -> Iterator[Hint]:
    settings, plan = experiment.training, experiment.plan(variant)
    rows = experiment.dataset_of(variant).training_rows
    normalizing = [layer for layer in plan.layers if layer.call.path == "layers.BatchNormalization"]
    momenta = [layer.call.get("momentum", 0.99) for layer in normalizing]
    sizes = measure_layers(plan)
    if settings.batch_size == 1 and any(prod(sizes[layer.role].shape[:-1]) == 1 for layer in normalizing):
        yield Hint(variant.name, "single_row")
    elif momenta and min(momenta) == 0 and rows % settings.batch_size == 1:
        yield Hint(variant.name, "last_batch")
    for technique in variant.techniques:
        yield from _hints_of_waiting(variant.name, technique, settings.epochs)


def _hints_of_waiting(variant: str, technique: Technique, epochs: int) -> Iterator[Hint]:
    """Of a rule with a patience: whether the first epoch in which it can fire is after the last one.

    The first epoch that is not ignored is the best so far; as many as patience (one, where that is 0) follow it.
    A baseline that is not beaten counts that epoch, too.
    """
    if isinstance(technique, EarlyStopping):
        ignored, patience = technique.start_from_epoch, max(technique.patience, 1)
        first = ignored + (1 + patience if technique.baseline is None else max(patience, 2))
        if ignored >= epochs:
            yield Hint(variant, "ignores_all", ignored=ignored)
        elif first > epochs:
            yield Hint(variant, "never_stops", patience, ignored)
    elif isinstance(technique, ReduceLearningRateOnPlateau) and technique.patience >= epochs:
        yield Hint(variant, "never_reduces", technique.patience)
