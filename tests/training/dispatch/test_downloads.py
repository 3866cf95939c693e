"""Downloads as the page server follows them, with workers played by the test."""

from typing import Any, cast

import pytest
from distributed import Client

from training.dispatch.downloads import MAX_LOSSES, Downloads, DownloadState
from training.dispatch.tasks import download_data


class Task:
    """A future: under way until the test ends it."""

    def __init__(self) -> None:
        self.status = "pending"
        self.answer: str | None = None
        self.reason: Exception | None = None

    def done(self) -> bool:
        return self.status != "pending"

    def end(self, answer: str | None = None, lost: Exception | None = None) -> None:
        self.status, self.answer, self.reason = "error" if lost else "finished", answer, lost

    def result(self) -> str | None:
        return self.answer

    def exception(self) -> Exception | None:
        return self.reason


class Workers:
    """A client: keeps what it was asked for."""

    def __init__(self) -> None:
        self.tasks: list[tuple[str, Task]] = []
        self.tell: Any = None

    def subscribe_topic(self, _: str, handler: Any) -> None:
        self.tell = handler

    def submit(self, function: Any, name: str, **options: Any) -> Task:
        assert function is download_data
        assert options["workers"] == ["tcp://one"]
        assert "resources" not in options, "beside training, not in its place"
        self.tasks.append((name, Task()))
        return self.tasks[-1][1]


@pytest.fixture
def workers() -> Workers:
    return Workers()


@pytest.fixture
def downloads(workers: Workers) -> Downloads:
    opened = Downloads()
    opened.connect(cast(Client, workers))
    return opened


def serve(downloads: Downloads, workers: Workers, ready: tuple[str, ...] = ("tcp://one",)) -> None:
    downloads.serve(cast(Client, workers), list(ready))


def test_a_data_set_is_asked_for_once_however_many_pages_show_it(downloads: Downloads, workers: Workers) -> None:
    assert downloads.start("mnist") == downloads.start("mnist") == DownloadState()
    serve(downloads, workers, ready=())
    assert workers.tasks == []
    serve(downloads, workers)
    serve(downloads, workers)
    ((name, task),) = workers.tasks
    workers.tell((0.0, {"name": "mnist", "bytes": 1234}))
    workers.tell((0.0, {"name": "cifar10", "bytes": 1}))  # somebody else's
    assert (name, downloads.start("mnist")) == ("mnist", DownloadState(bytes_so_far=1234))
    task.end()
    serve(downloads, workers)
    assert downloads.start("mnist").done
    serve(downloads, workers)
    assert len(workers.tasks) == 1


def test_one_that_failed_is_asked_for_again_only_when_somebody_says_so(downloads: Downloads, workers: Workers) -> None:
    downloads.start("mnist")
    serve(downloads, workers)
    workers.tasks[0][1].end("no network")
    serve(downloads, workers)
    serve(downloads, workers)
    assert downloads.start("mnist").error == "no network"
    assert len(workers.tasks) == 1
    downloads.forget("mnist")
    assert downloads.start("mnist") == DownloadState()
    serve(downloads, workers)
    assert len(workers.tasks) == 2


def test_a_lost_worker_is_replaced_but_not_for_ever(downloads: Downloads, workers: Workers) -> None:
    downloads.start("mnist")
    for _ in range(MAX_LOSSES + 2):
        serve(downloads, workers)
        workers.tasks[-1][1].end(lost=RuntimeError("killed"))
    assert len(workers.tasks) == MAX_LOSSES
    assert "killed" in str(downloads.start("mnist").error)


def test_new_workers_begin_again_what_the_old_ones_had_under_way(downloads: Downloads, workers: Workers) -> None:
    downloads.start("mnist")
    serve(downloads, workers)
    downloads.disconnect()
    serve(downloads, workers)
    assert [name for name, _ in workers.tasks] == ["mnist", "mnist"]
    assert downloads.start("mnist").losses == 0
