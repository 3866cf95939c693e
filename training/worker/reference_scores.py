"""What every network has to beat: class frequencies and logistic regression, on the rows and labels of the runs."""

import warnings
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from datasets.registry import Arrays, Dataset, IntArray
from datasets.split import ChosenRows, choose_rows, scale
from experiment.spec import Experiment
from results.findings.reference_scores import ReferenceScores, pack_reference_scores
from results.records import finite_or_none
from training.worker.data import load

MOST_WORK: Final = 16_000_000
"""Training rows x features x classes up to which logistic regression is fitted. On tables and images made to be slow, a
seed of that size took 1 to 4 s on one thread, at most 5.6 s (5 features, 50 classes)."""
MOST_WORK_IN_ALL: Final = 32_000_000
"""The same over all seeds: of larger data only the first seeds count, so that no question keeps a worker's second
thread for longer than some 10 s."""
MOST_ITERATIONS: Final = 1000
"""What has not converged by then is scored as it is."""

Score = tuple[float, float]
"""Loss and accuracy on validation rows; the loss is infinite where a class was held to be impossible, and occurs."""


def measure_references(experiment: Experiment) -> str:
    """Means over the experiment's seeds, as many as there is time for, on its own data set, packed; of None where that
    is not on this machine yet.

    No download is started for it, and what variants add to the data set does not count.
    """
    dataset = experiment.dataset
    if dataset.missing is not None:
        return pack_reference_scores(None)
    arrays, simple, logistic = load(dataset), list[Score](), list[Score]()
    for seed in experiment.seeds[: max(1, MOST_WORK_IN_ALL // _work(dataset))]:
        rows = choose_rows(dataset, arrays.y, seed)
        y_validation = arrays.y[rows.validation]
        simple.append(score_frequencies(rows.labels, y_validation, dataset.classes))
        if _can_be_fitted(dataset, rows.labels):
            logistic.append(_score_logistic(dataset, arrays, rows))
    (frequency_loss, frequency_accuracy), complete = _means(simple), len(logistic) == len(simple)
    logistic_loss, logistic_accuracy = _means(logistic) if complete else (None, None)
    scores = ReferenceScores(frequency_loss, frequency_accuracy, logistic_loss, logistic_accuracy, len(simple))
    return pack_reference_scores(scores)


def score_frequencies(y_train: IntArray, y_validation: IntArray, classes: int) -> Score:
    """Of predicting the frequencies of the training labels; of ties the first class counts as the most frequent."""
    counts = np.bincount(y_train, minlength=classes)
    with np.errstate(divide="ignore"):
        losses = -np.log(counts / len(y_train))
    return float(losses[y_validation].mean()), float((y_validation == counts.argmax()).mean())


def _can_be_fitted(dataset: Dataset, y_train: IntArray) -> bool:
    return _work(dataset) <= MOST_WORK and len(np.unique(y_train)) > 1


def _work(dataset: Dataset) -> int:
    return dataset.training_rows * int(np.prod(dataset.shape)) * dataset.classes


def _score_logistic(dataset: Dataset, arrays: Arrays, rows: ChosenRows) -> Score:
    x_train, x_validation = scale(
        arrays.x[rows.train],
        arrays.x[rows.validation],
        per_feature=dataset.kind != "image",
        indicators=arrays.indicators,
    )
    # For the whole process: `catch_warnings` is not safe beside the thread that trains.
    warnings.simplefilter("ignore", ConvergenceWarning)
    model = LogisticRegression(max_iter=MOST_ITERATIONS).fit(_flatten(x_train), rows.labels)
    decision = model.decision_function(_flatten(x_validation))
    if decision.ndim == 1:  # two classes: the log-odds of the second
        decision = np.stack([np.zeros_like(decision), decision], axis=1)
    logits = np.full((len(decision), dataset.classes), -np.inf)
    logits[:, model.classes_] = decision
    y = arrays.y[rows.validation]
    losses = -log_softmax(logits, axis=1)[np.arange(len(y)), y]
    return float(losses.mean()), float((logits.argmax(axis=1) == y).mean())


def _flatten(x: NDArray[np.float32]) -> NDArray[np.float64]:
    return x.reshape(len(x), -1).astype(np.float64)


def _means(scores: list[Score]) -> tuple[float | None, float]:
    losses, accuracies = zip(*scores, strict=True)
    return finite_or_none(float(np.mean(losses))), float(np.mean(accuracies))
