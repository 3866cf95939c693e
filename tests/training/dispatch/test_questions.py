"""Questions to workers: asked once, whoever asks; a failure is told once, and forgets no other answer."""

import json
from typing import Any

import pytest

from experiment.limits import Limits
from experiment.spec import parse_experiment
from training.dispatch.questions import (
    SECONDS_FOR_AN_ANSWER,
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


class Workers:
    """Answer when they are told to; the clock stands still unless it is moved."""

    def __init__(self, *addresses: str) -> None:
        self.addresses, self.now = list(addresses), 0.0
        self.asked: list[tuple[Any, ...]] = []
        self.answers: dict[Any, Answer] = {}

    def serve(self, questions: Questions) -> list[str]:
        return questions.serve(self._submit, self.addresses, self.now)

    def _submit(self, asked: Question, address: str) -> Answer:
        self.asked.append((*asked.arguments, address))
        self.answers[asked.arguments[0]] = Answer(f"answer {len(self.asked)}")
        return self.answers[asked.arguments[0]]


def question(argument: str) -> Question:
    return Question(summarize_model, (argument,))


@pytest.fixture
def workers() -> Workers:
    return Workers("one", "two")


@pytest.fixture
def questions() -> Questions:
    return Questions()


def test_a_question_is_asked_once_and_answered_when_a_worker_has_done_it(
    workers: Workers, questions: Questions
) -> None:
    workers.addresses = []
    assert questions.answer(question("a"), "ann") is None
    workers.serve(questions)
    assert not questions.is_answered(question("a"), "ann")
    workers.addresses = ["one"]
    for _ in range(3):
        assert questions.answer(question("a"), "ann") is None
        assert questions.answer(question("a"), "bob") is None
        workers.serve(questions)
    assert workers.asked == [("a", "one")]
    workers.answers["a"].status = "finished"
    assert questions.is_answered(question("a"), "ann")
    assert [questions.answer(question("a"), "bob") for _ in range(2)] == ["answer 1"] * 2


def test_a_worker_has_one_question_at_a_time_and_so_has_a_visitor(workers: Workers, questions: Questions) -> None:
    for visitor in ("ann", "bob", "cleo"):
        for number in range(3):
            questions.answer(question(f"{visitor} {number}"), visitor)
    workers.serve(questions)
    workers.serve(questions)
    assert [asked[0] for asked in workers.asked] == ["ann 0", "bob 0"], "two workers, two visitors"
    workers.answers["ann 0"].status = "finished"
    workers.serve(questions)
    assert workers.asked[2:] == [("ann 1", workers.asked[0][1])], "on the worker that is free again"
    workers.addresses.append("three")
    workers.serve(questions)
    assert workers.asked[3:] == [("cleo 0", "three")]


def test_what_takes_too_long_is_given_up_once_and_its_worker_is_named(workers: Workers, questions: Questions) -> None:
    questions.answer(question("slow"), "ann")
    workers.serve(questions)
    workers.now = SECONDS_FOR_AN_ANSWER + 1
    assert workers.serve(questions) == [workers.asked[0][1]]
    for _ in range(2):
        with pytest.raises(QuestionError, match="within 30 seconds"):
            questions.answer(question("slow"), "ann")
        assert workers.serve(questions) == []
    assert len(workers.asked) == 1, "the next visitor need not wait for the same"
    questions.answer(question("next"), "ann")
    workers.serve(questions)
    assert workers.asked[1][0] == "next"


def test_what_lost_its_workers_is_asked_again(workers: Workers, questions: Questions) -> None:
    questions.answer(question("a"))
    workers.serve(questions)
    questions.disconnect()
    workers.serve(questions)
    assert [asked[0] for asked in workers.asked] == ["a", "a"]


@pytest.mark.parametrize(("status", "reason"), [("error", "too large"), ("lost", "lost"), ("cancelled", "cancelled")])
def test_a_failure_is_told_once_and_forgets_no_other_answer(
    workers: Workers, questions: Questions, status: str, reason: str
) -> None:
    for name in ("bad", "good"):
        questions.answer(question(name), name)
    workers.serve(questions)
    workers.answers["bad"].status, workers.answers["good"].status = status, "finished"
    assert questions.is_answered(question("bad")), "whoever waits is told to look"
    with pytest.raises(QuestionError, match=reason):
        questions.answer(question("bad"))
    assert questions.answer(question("good")) == "answer 2"
    assert questions.answer(question("bad")) is None
    workers.serve(questions)
    assert [asked[0] for asked in workers.asked] == ["bad", "good", "bad"], "asked anew"


def test_the_answers_not_looked_at_for_longest_go_first(
    workers: Workers, questions: Questions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.dispatch.questions.KEPT_ANSWERS", 2)
    for name in ("a", "b", "a", "c", "a", "b"):
        questions.answer(question(name))
        workers.serve(questions)
        workers.answers[name].status = "finished"
    assert [asked[0] for asked in workers.asked] == ["a", "b", "c", "b"]


def test_a_large_answer_is_waited_for_and_not_kept(workers: Workers, questions: Questions) -> None:
    questions = Questions(lambda: (workers.serve(questions), setattr(workers.answers["a"], "status", "finished")))
    assert questions.wait(question("a")) == "answer 1"
    assert questions.wait(question("a")) == "answer 2"


def test_the_same_model_is_one_question() -> None:
    renamed = EXPERIMENT.model_copy(update={"name": "another", "seeds": (5, 6)})
    first, second = (ask_summary(e, e.variants[0], Limits(), URL) for e in (EXPERIMENT, renamed))
    assert first == second
    spec, variant, url = first.arguments
    assert (first.task, variant, url) == (summarize_model, "model", URL)
    assert [v.name for v in parse_experiment(spec).variants] == ["model"]


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
