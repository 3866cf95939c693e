"""What pages ask of workers beside training. A question is asked once, whoever asks; pages never wait for answers."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, NamedTuple

from distributed import Future

from experiment.limits import Limits
from experiment.spec import Experiment, Variant
from models.layer_facts import count_parameters
from models.refusals import RefusalError
from training.dispatch.cluster import ClusterError
from training.dispatch.tasks import augment_samples, score_references, summarize_model

KEPT_ANSWERS = 64
SEEDS_OF_REFERENCES = 20
"""Means over so many hardly move with further ones, and each can take seconds."""
TOO_LARGE = "{weights:,} parameters in a network; this host allows {limit:,}"

logger = logging.getLogger(__name__)


class QuestionError(RefusalError):
    """A question that no worker answers: with the worker's reason, or because this host refuses it."""

    line_is = "line"


class Question(NamedTuple):
    """A task of `training.dispatch.tasks` with its arguments, which say all that the answer depends on."""

    task: Callable[..., Any]
    arguments: tuple[str, ...]


class Questions:
    """The questions asked last, with their answers.

    Args:
        ask: sends a task with its arguments to a worker; raises ClusterError while none is ready.
    """

    def __init__(self, ask: Callable[..., Future]) -> None:
        self._ask, self._lock = ask, Lock()
        self._asked: OrderedDict[Question, Any] = OrderedDict()

    def is_answered(self, question: Question) -> bool:
        """Whether `answer` has an answer or a reason by now; asks, unless that was done already."""
        future = self._future(question)
        return future is not None and bool(future.done())

    def answer(self, question: Question) -> Any | None:
        """The answer, or None while no worker has given one: look again later.

        Raises:
            QuestionError: the worker failed. The question is then forgotten, this one alone: the next look asks anew.
        """
        future = self._future(question)
        if future is None or not future.done():
            return None
        if future.status == "finished":
            return future.result()
        reason = str(future.exception() if future.status == "error" else future.status)
        with self._lock:
            if self._asked.get(question) is future:
                del self._asked[question]
        logger.warning("no answer from %s: %s", question.task.__name__, reason)
        raise QuestionError(reason)

    def _future(self, question: Question) -> Any | None:
        with self._lock:
            if question not in self._asked:
                try:
                    self._asked[question] = self._ask(question.task, *question.arguments)
                except ClusterError:  # no worker is ready yet
                    return None
            self._asked.move_to_end(question)
            while len(self._asked) > KEPT_ANSWERS:
                self._asked.popitem(last=False)
            return self._asked[question]


def ask_summary(experiment: Experiment, variant: Variant, limits: Limits, database_url: str) -> Question:
    """What Keras's `summary()` says of a variant's model.

    Raises:
        QuestionError: the network is larger than this host allows.
    """
    weights, limit = count_parameters(experiment.plan(variant)), limits.parameters
    if limit is not None and weights > limit:
        raise QuestionError(TOO_LARGE.format(weights=weights, limit=limit))
    # Only what decides the model, so that whoever asks for the same one gets the same answer.
    same_model = experiment.model_copy(update={"name": "", "variants": (variant,), "seeds": (0,)})
    return Question(summarize_model, (same_model.model_dump_json(exclude_defaults=True), variant.name, database_url))


def ask_samples(experiment: Experiment, variant: Variant, database_url: str) -> Question | None:
    """What a variant's augmentation makes of some training images; None if it changes none."""
    shape = experiment.dataset.shape
    techniques = tuple(t for t in variant.techniques if t.augmentation(shape) or t.mixing())
    if experiment.dataset.kind != "image" or not techniques:
        return None
    same_images = Experiment(
        dataset=experiment.dataset,
        variants=(Variant(name="samples", techniques=techniques),),
        seeds=experiment.seeds[:1],
    )
    return Question(augment_samples, (same_images.model_dump_json(), database_url))


def ask_reference_scores(experiment: Experiment, database_url: str) -> Question:
    """How predictors without a network score on an experiment's data set, over its first seeds.

    The answer is that of `results.findings.reference_scores`. Where data are still to be downloaded it says so, and is
    kept like any other: ask once a run has an epoch.
    """
    same_rows = Experiment(dataset=experiment.dataset, seeds=experiment.seeds[:SEEDS_OF_REFERENCES])
    return Question(score_references, (same_rows.model_dump_json(), database_url))
