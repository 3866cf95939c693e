"""What pages ask of workers beside training. A question is asked once, whoever asks; pages never wait for answers."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, NamedTuple

from experiment.limits import Limits
from experiment.spec import Experiment, Variant
from models.layer_facts import count_parameters
from models.refusals import RefusalError
from training.dispatch.counters import QUESTIONS
from training.dispatch.tasks import augment_samples, score_references, summarize_model
from wording.language import _, ngettext, say_later

KEPT_ANSWERS = 64
SEEDS_OF_REFERENCES = 20
"""Means over so many hardly move with further ones, and each can take seconds."""
SECONDS_FOR_AN_ANSWER, SECONDS_BETWEEN_LOOKS = 30.0, 0.05
TOO_LONG = "no answer within {seconds:.0f} seconds: try a smaller network or fewer rows"
TOO_LARGE = say_later("{weights:,} parameters in a network; this host allows {limit:,}")

logger = logging.getLogger(__name__)


class QuestionError(RefusalError):
    """A question that no worker answers: with the worker's reason, or because this host refuses it."""

    @staticmethod
    def say_more(count: int) -> str:
        return ngettext("… and {count} more line", "… and {count} more lines", count)


class Question(NamedTuple):
    """A task of `training.dispatch.tasks` with its arguments, which say all that the answer depends on."""

    task: Callable[..., Any]
    arguments: tuple[str | int, ...]


@dataclass
class Asked:
    """A question with whoever wants to know, the worker that computes the answer since when, and the answer."""

    visitors: set[str]
    address: str | None = None
    future: Any = None
    began: float = 0.0
    reason: str | None = None

    @property
    def under_way(self) -> bool:
        """Whether a worker computes."""
        return self.future is not None and not self.future.done() and self.reason is None

    @property
    def settled(self) -> bool:
        """Whether there is an answer, or a reason why there is none."""
        return self.reason is not None or (self.future is not None and bool(self.future.done()))


class Questions:
    """The questions asked last, with their answers, served by the queue's thread whenever workers are there.

    A worker computes one at a time, beside training, and of each visitor's one at a time. What takes too long is given
    up, and its worker is handed back to be replaced.

    Args:
        wake: called when a question waits.
    """

    def __init__(self, wake: Callable[[], None] = lambda: None) -> None:
        self._wake, self._lock = wake, Lock()
        self._asked: OrderedDict[Question, Asked] = OrderedDict()

    def is_answered(self, question: Question, visitor: str = "") -> bool:
        """Whether `answer` has an answer or a reason by now; asks, unless that was done already."""
        return self._ask(question, visitor).settled

    def is_known(self, question: Question) -> bool:
        """Whether there is an answer by now; asks nothing."""
        with self._lock:
            asked = self._asked.get(question)
        return asked is not None and asked.settled and asked.reason is None

    def answer(self, question: Question, visitor: str = "") -> Any | None:
        """The answer, or None while no worker has given one: look again later.

        Raises:
            QuestionError: the worker failed: the question is then forgotten, this one alone, and the next look asks
                anew. Or it took too long, which stays so.
        """
        asked = self._ask(question, visitor)
        if asked.reason is not None:
            raise QuestionError(asked.reason)
        if not asked.settled:
            return None
        if asked.future.status == "finished":
            return asked.future.result()
        reason = str(asked.future.exception() if asked.future.status == "error" else asked.future.status)
        with self._lock:
            if self._asked.get(question) is asked:
                del self._asked[question]
        QUESTIONS.labels("failed").inc()
        logger.warning("no answer from %s: %s", question.task.__name__, reason)
        raise QuestionError(reason)

    def wait(self, question: Question, visitor: str = "") -> Any:
        """The answer, waited for, and not kept: for large ones that a person asked for by a press.

        Raises:
            QuestionError: there is none, or no worker was free in time.
        """
        deadline = time.monotonic() + SECONDS_FOR_AN_ANSWER
        try:
            while (answer := self.answer(question, visitor)) is None:
                if time.monotonic() > deadline:
                    raise QuestionError(TOO_LONG.format(seconds=SECONDS_FOR_AN_ANSWER))
                time.sleep(SECONDS_BETWEEN_LOOKS)
            return answer
        finally:
            with self._lock:
                self._asked.pop(question, None)

    def _ask(self, question: Question, visitor: str) -> Asked:
        with self._lock:
            asked = self._asked.setdefault(question, Asked(set()))
            new = visitor not in asked.visitors
            asked.visitors.add(visitor)
            self._asked.move_to_end(question)
            for old in [one for one, state in self._asked.items() if not state.under_way][:-KEPT_ANSWERS]:
                del self._asked[old]
        if new:
            self._wake()
        return asked

    def serve(self, submit: Callable[[Question, str], Any], addresses: Sequence[str], now: float) -> list[str]:
        """Hands out what waits, one question to a worker.

        Args:
            submit: sends a question to the worker at an address.
            addresses: the workers that are ready.
            now: monotonic seconds.

        Returns:
            The addresses of workers that take too long, once each.
        """
        with self._lock:
            under_way = [asked for asked in self._asked.values() if asked.under_way]
            late = [asked for asked in under_way if now - asked.began > SECONDS_FOR_AN_ANSWER]
            for asked in late:
                asked.reason = TOO_LONG.format(seconds=SECONDS_FOR_AN_ANSWER)
                QUESTIONS.labels("too long").inc()
            taken = {asked.address for asked in under_way}
            served = {visitor for asked in under_way for visitor in asked.visitors}
            free = [address for address in addresses if address not in taken]
            for question, asked in self._asked.items():
                if free and not asked.settled and not asked.under_way and not asked.visitors & served:
                    asked.address, asked.began = free.pop(), now
                    asked.future = submit(question, asked.address)
                    served |= asked.visitors
                    QUESTIONS.labels("asked").inc()
        return [asked.address for asked in late if asked.address is not None]

    def disconnect(self) -> None:
        """The workers are gone; what was not answered is asked again with the next ones."""
        with self._lock:
            for asked in self._asked.values():
                if asked.under_way:
                    asked.future = None


def ask_summary(experiment: Experiment, variant: Variant, limits: Limits, database_url: str) -> Question:
    """What Keras's `summary()` says of a variant's model.

    Raises:
        QuestionError: the network is larger than this host allows.
    """
    weights, limit = count_parameters(experiment.plan(variant)), limits.parameters
    if limit is not None and weights > limit:
        raise QuestionError(_(TOO_LARGE).format(weights=weights, limit=limit))
    # Only what decides the model, so that whoever asks for the same one gets the same answer.
    only = variant.model_copy(update={"name": "model"})
    same_model = experiment.model_copy(update={"name": "", "variants": (only,), "seeds": (0,)})
    return Question(summarize_model, (same_model.model_dump_json(exclude_defaults=True), only.name, database_url))


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
