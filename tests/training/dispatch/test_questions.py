"""Questions to workers: asked once, whoever asks; a failure is told once, and forgets no other answer."""

import json
from typing import Any

import pytest

from experiment.limits import Limits
from experiment.spec import parse_experiment
from training.dispatch.cluster import ClusterError
from training.dispatch.questions import (
    SEEDS_OF_REFERENCES,
    Question,
    QuestionError,
    Questions,
    ask_reference_scores,
    ask_samples,
    ask_summary,
)
from training.dispatch.tasks import augment_samples, score_references, summarize_model

EXPERIMENT = parse_experiment('{"name": "one", "variants": [{"name": "a"}, {"name": "b"}]}')
URL = "sqlite:///results.db"


class Worker:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.ready = True

    def ask(self, *question: Any) -> "Answer":
        if not self.ready:
            raise ClusterError("none")
        self.asked.append(question)
        return Answer(f"answer {len(self.asked)}")


class Answer:
    """A future as Dask gives it."""

    def __init__(self, value: str) -> None:
        self.value, self.status = value, "pending"

    def done(self) -> bool:
        return self.status != "pending"

    def result(self) -> str:
        return self.value

    def exception(self) -> Exception:
        return ValueError("too large")


def question(argument: str) -> Question:
    return Question(summarize_model, (argument,))


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def questions(worker: Worker) -> Questions:
    return Questions(worker.ask)


def future(questions: Questions, asked: Question) -> Answer:
    found = questions._asked[asked]
    assert isinstance(found, Answer)
    return found


def test_a_question_is_asked_once_and_answered_when_the_worker_has_done_it(
    worker: Worker, questions: Questions
) -> None:
    worker.ready = False
    assert questions.answer(question("a")) is None
    assert not questions.is_answered(question("a"))
    worker.ready = True
    for _ in range(3):
        assert questions.answer(question("a")) is None
    assert worker.asked == [(summarize_model, "a")]
    future(questions, question("a")).status = "finished"
    assert questions.is_answered(question("a"))
    assert [questions.answer(question("a")) for _ in range(2)] == ["answer 1"] * 2


@pytest.mark.parametrize(("status", "reason"), [("error", "too large"), ("lost", "lost"), ("cancelled", "cancelled")])
def test_a_failure_is_told_once_and_forgets_no_other_answer(
    worker: Worker, questions: Questions, status: str, reason: str
) -> None:
    for name in ("bad", "good"):
        questions.answer(question(name))
    future(questions, question("bad")).status, future(questions, question("good")).status = status, "finished"
    assert questions.is_answered(question("bad")), "whoever waits is told to look"
    with pytest.raises(QuestionError, match=reason):
        questions.answer(question("bad"))
    assert questions.answer(question("good")) == "answer 2"
    assert questions.answer(question("bad")) is None, "asked anew"
    assert [asked[1] for asked in worker.asked] == ["bad", "good", "bad"]


def test_the_answers_not_looked_at_for_longest_go_first(
    worker: Worker, questions: Questions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.dispatch.questions.KEPT_ANSWERS", 2)
    for name in ("a", "b", "a", "c", "a", "b"):
        questions.answer(question(name))
    assert [asked[1] for asked in worker.asked] == ["a", "b", "c", "b"]


def test_the_same_model_is_one_question() -> None:
    renamed = EXPERIMENT.model_copy(update={"name": "another", "seeds": (5, 6)})
    first, second = (ask_summary(e, e.variants[0], Limits(), URL) for e in (EXPERIMENT, renamed))
    assert first == second
    spec, variant, url = first.arguments
    assert (first.task, variant, url) == (summarize_model, "a", URL)
    assert [v.name for v in parse_experiment(spec).variants] == ["a"]


def test_no_worker_builds_what_the_host_would_not_train() -> None:
    with pytest.raises(QuestionError, match="26,122 parameters in a network; this host allows 1,000"):
        ask_summary(EXPERIMENT, EXPERIMENT.variants[0], Limits(parameters=1000), URL)


def test_only_images_that_a_variant_changes_are_asked_for() -> None:
    mixing = '{"variants": [{"name": "plain"}, {"name": "m", "techniques": [{"name": "mixup"}, {"name": "l2"}]}]}'
    images = parse_experiment(mixing)
    assert ask_samples(images, images.variants[0], URL) is None
    found = ask_samples(images, images.variants[1], URL)
    assert found is not None
    assert found.task is augment_samples
    (variant,) = parse_experiment(found.arguments[0]).variants
    assert [technique.name for technique in variant.techniques] == ["mixup"]
    table = images.model_copy(update={"dataset": parse_experiment('{"dataset": {"name": "wine"}}').dataset})
    assert ask_samples(table, images.variants[1], URL) is None


def test_references_depend_on_the_rows_alone_and_on_a_bounded_number_of_seeds() -> None:
    residual = {"name": "b", "architecture": {"name": "resnet_mlp"}}
    wine = {"dataset": {"name": "wine", "label_noise": 0.2}}

    def asked(**parts: Any) -> Question:
        return ask_reference_scores(parse_experiment(json.dumps(wine | {"seeds": [*range(20)]} | parts)), URL)

    first = asked()
    assert first == asked(name="another", variants=[residual], training={"epochs": 3}, seeds=[*range(30)])
    others = [asked(seeds=[5]), asked(dataset={"name": "wine"}), asked(dataset=wine["dataset"] | {"train_size": 50})]
    assert len({first, *others}) == 4
    spec, url = first.arguments
    assert (first.task, url) == (score_references, URL)
    assert parse_experiment(spec).seeds == tuple(range(SEEDS_OF_REFERENCES))
    assert parse_experiment(spec).dataset == parse_experiment(json.dumps(wine)).dataset
