"""How two predictors that need no network score on an experiment's rows. A worker's answer to a page: not stored."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class ReferenceScores:
    """Means over seeds, on validation rows; losses are cross-entropies as those of runs, in nats.

    Attributes:
        frequency_loss: of predicting for every row how frequent each class is among the labels trained on. None where
            it is infinite: under some seed a class of validation rows has no training row.
        frequency_accuracy: of always the class that is most frequent there.
        logistic_loss: of scikit-learn's logistic regression. None where it is infinite, for the same reason, and where
            logistic regression was left out: too much work, or a single class to train on.
        logistic_accuracy: its accuracy; None where it was left out.
        seeds: over how many seeds.
    """

    frequency_loss: float | None
    frequency_accuracy: float
    logistic_loss: float | None
    logistic_accuracy: float | None
    seeds: int


def pack_reference_scores(scores: ReferenceScores | None) -> str:
    """Scores as JSON."""
    return json.dumps(scores and asdict(scores), allow_nan=False)


def read_reference_scores(content: str) -> ReferenceScores | None:
    """What `pack_reference_scores` packed; None where the data were not on the worker's machine."""
    found = json.loads(content)
    return None if found is None else ReferenceScores(**found)
