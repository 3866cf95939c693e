"""Real workers and data that are not embedded: a download beside training, one that fails, and an uploaded file."""

import gzip
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from datasets.downloads import FashionMNIST
from datasets.uploads import UploadedFiles
from experiment.spec import parse_experiment
from results.store import Store
from results.uploads import put_upload, read_upload
from training.dispatch.queue import Queue

SETTINGS = '"architecture": {"name": "mlp", "widths": [4]}, "training": {"epochs": 1, "batch_size": 100}, "seeds": [0]'


def wait_for(condition: Callable[[], bool], seconds: float = 180) -> None:
    """Until the condition holds; fails after a time that is only a safeguard."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def fill_keras_folder(folder: Path) -> None:
    """Fashion-MNIST as Keras keeps it, of blank images."""
    folder.mkdir(parents=True)
    for part, rows in (("train", 60_000), ("t10k", 10_000)):
        images, labels = bytes(16 + rows * 784), bytes(8) + (np.arange(rows) % 10).astype(np.uint8).tobytes()
        for name, content in (("images-idx3", images), ("labels-idx1", labels)):
            (folder / f"{part}-{name}-ubyte.gz").write_bytes(gzip.compress(content, compresslevel=1))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store, and folders that workers take for the user's; whoever asks for the internet is refused at once."""
    folder = tmp_path_factory.mktemp("data")
    fill_keras_folder(folder / "keras" / "datasets" / "fashion-mnist")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(folder / "keras"))
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        for variable in ("http_proxy", "https_proxy"):
            patch.setenv(variable, "http://127.0.0.1:1")
        with Store(f"sqlite:///{folder / 'results.db'}") as opened:
            yield opened


@pytest.fixture(scope="module")
def queue(store: Store) -> Iterator[Queue]:
    opened = Queue(store, adopts=False, address=None, workers=1)
    opened.start()
    yield opened
    opened.close()


def train(queue: Queue, dataset: str) -> tuple[str, str | None]:
    """How the run of an experiment on this data set ended, and its message."""
    files = UploadedFiles(partial(read_upload, queue.store))
    identifier = queue.submit(parse_experiment(f'{{"dataset": {dataset}, {SETTINGS}}}', files), "local")
    wait_for(lambda: not queue.store.runs(identifier)[0].active)
    (run,) = queue.store.runs(identifier)
    return run.status, run.message


def test_a_download_asked_for_before_workers_are_ready_is_made_by_the_first(queue: Queue) -> None:
    dataset = FashionMNIST()
    assert dataset.missing is not None
    assert not queue.downloads.start("fashion_mnist").done
    wait_for(lambda: queue.downloads.start("fashion_mnist").done)
    assert FashionMNIST().load().x.shape == (70_000, 28, 28, 1)
    assert train(queue, '{"name": "fashion_mnist", "train_size": 100}') == ("finished", None)


def test_without_a_network_page_and_run_are_told_and_others_go_on(queue: Queue) -> None:
    wait_for(lambda: queue.downloads.start("mnist").error is not None)
    status, message = train(queue, '{"name": "mnist", "train_size": 100}')
    assert status == "failed"
    for told in (queue.downloads.start("mnist").error, message):
        assert told is not None
        assert "MNIST digits, 28×28 could not be downloaded" in told
        assert "Handwritten digits" in told
    assert train(queue, '{"name": "wine"}') == ("finished", None)


def test_an_uploaded_file_is_trained_on_and_goes_with_its_experiment(queue: Queue) -> None:
    rows = "".join(f"{i % 7},{i % 5},{'red' if i % 3 else ''},{'ab'[i % 2]}\n" for i in range(60))
    sha256 = put_upload(queue.store, "mine.csv", f"u,v,colour,kind\n{rows}".encode(), time.time())
    assert train(queue, f'{{"name": "upload", "sha256": "{sha256}", "target": "kind"}}') == ("finished", None)
    (experiment,) = (e for e in queue.store.experiments() if "upload" in queue.store.experiment(e.id).spec)
    queue.store.delete_experiment(experiment.id, visitor="local")
    assert read_upload(queue.store, sha256) is None
