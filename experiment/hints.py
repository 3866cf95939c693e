"""Settings that are allowed and cannot do what they are for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from experiment.spec import Experiment, Variant

Code = Literal["single_row", "last_batch", "never_stops", "never_reduces", "ignores_all"]


@dataclass(frozen=True)
class Hint:
    """What cannot work in a variant.

    Attributes:
        variant: its name; empty for the marked rule.
        code: `single_row`: batch normalization over batches of one row, which have no spread; `last_batch`: its
            averages are those of the last batch alone (momentum 0), which has one row; `never_stops`: patience is
            longer than the epochs; `never_reduces`: the same of a learning rate on a plateau; `ignores_all`: a rule
            ignores all epochs.
        number: patience, or the number of epochs ignored, where that is the reason.
    """

    variant: str
    code: Code
    number: int = 0


def find_hints(experiment: Experiment) -> tuple[Hint, ...]:
    """All of them, in the order of the variants."""
    return tuple(hint for variant in experiment.variants for hint in _hints_of(experiment, variant))


def _hints_of(experiment: Experiment, variant: Variant) -> Iterator[Hint]:
    settings, plan = experiment.training, experiment.plan(variant)
    rows = experiment.dataset_of(variant).training_rows
    momenta = [
        layer.call.get("momentum", 0.99) for layer in plan.layers if layer.call.path == "layers.BatchNormalization"
    ]
    if momenta and min(settings.batch_size, rows) == 1:
        yield Hint(variant.name, "single_row")
    elif momenta and min(momenta) == 0 and rows % settings.batch_size == 1:
        yield Hint(variant.name, "last_batch")
    for technique in variant.techniques:
        patience, ignored = (getattr(technique, key, None) for key in ("patience", "start_from_epoch"))
        if ignored is not None and ignored >= settings.epochs:
            yield Hint(variant.name, "ignores_all", ignored)
        elif patience is not None and patience + (ignored or 0) >= settings.epochs:
            yield Hint(variant.name, "never_stops" if ignored is not None else "never_reduces", patience)
