"""Keras's summary from a worker: asked once for a model, whoever asks; a failure is told once."""

from collections.abc import Iterator
from typing import Any

import pytest

from training.cluster import ClusterError
from training.experiment import parse_experiment
from training.limits import Limits
from training.model_summary import SummaryError, forget, model_summary
from training.task import summarize_model

EXPERIMENT = parse_experiment('{"name": "one", "variants": [{"name": "a"}, {"name": "b"}]}')


class Workers:
    """A queue whose worker answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.ready = True
        self.status = "pending"
        self.limits = Limits()

    def ask(self, *question: Any) -> Any:
        if not self.ready:
            raise ClusterError("none")
        self.asked.append(question)
        return _Answer(self)


class _Answer:
    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    @property
    def status(self) -> str:
        return self._workers.status

    def done(self) -> bool:
        return self.status != "pending"

    def result(self) -> str:
        return "the summary"

    def exception(self) -> Exception:
        return ValueError("too large")


@pytest.fixture(autouse=True)
def nothing_asked() -> Iterator[None]:
    forget()
    yield
    forget()


def test_the_same_model_is_asked_for_once() -> None:
    workers: Any = Workers()
    workers.ready = False
    assert model_summary(workers, EXPERIMENT, EXPERIMENT.variants[0]) is None
    workers.ready = True
    for _ in range(3):
        assert model_summary(workers, EXPERIMENT, EXPERIMENT.variants[0]) is None
    renamed = EXPERIMENT.model_copy(update={"name": "another", "seeds": (5, 6)})
    workers.status = "finished"
    assert model_summary(workers, renamed, EXPERIMENT.variants[0]) == "the summary"
    ((function, spec, variant),) = workers.asked
    assert (function, variant) == (summarize_model, "a")
    assert [v.name for v in parse_experiment(spec).variants] == ["a"]


def test_a_failure_is_kept_until_it_is_forgotten() -> None:
    workers: Any = Workers()
    workers.status = "error"
    for _ in range(2):
        with pytest.raises(SummaryError, match="too large"):
            model_summary(workers, EXPERIMENT, EXPERIMENT.variants[0])
    assert len(workers.asked) == 1
    forget()
    workers.status = "finished"
    assert model_summary(workers, EXPERIMENT, EXPERIMENT.variants[0]) == "the summary"


def test_the_worker_says_what_keras_says(keras: Any) -> None:
    summary = summarize_model('{"architecture": {"name": "mlp", "widths": [8]}}', "baseline")
    assert "dense_1 (Dense)" in summary
    assert "Total params: 610" in summary  # 64 * 8 + 8 and 8 * 10 + 10


def test_no_worker_builds_what_the_host_would_not_train() -> None:
    workers: Any = Workers()
    workers.limits = Limits(parameters=1000)
    with pytest.raises(SummaryError, match="26,122 parameters in a network; this host allows 1,000"):
        model_summary(workers, EXPERIMENT, EXPERIMENT.variants[0])
    assert workers.asked == []
