"""Downloads as a worker makes them, from a file server on loopback or a filled Keras folder: never the internet."""

import gzip
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.downloads import DOWNLOADABLE, MNIST, FashionMNIST, cache_folder
from datasets.registry import DATASETS
from training.worker.fetch import DownloadError, fetch


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keras: Any) -> Path:
    """Keras's folder and ours, empty."""
    from keras.src.backend import config

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(config, "_KERAS_DIR", str(tmp_path / "keras"))  # as read when Keras was imported
    (tmp_path / "keras").mkdir()
    return tmp_path


@pytest.fixture
def arrays() -> tuple[np.ndarray, np.ndarray]:
    """70,000 images that all differ in their first bytes, and ten classes."""
    x = np.zeros((70_000, 28, 28), np.uint8)
    x[:, 0, :4] = np.arange(70_000, dtype="<u4").view(np.uint8).reshape(-1, 4)
    return x, (np.arange(70_000) % 10).astype(np.uint8)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served(folders: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address under which its files are served."""
    (folders / "served").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folders / "served")))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folders / "served", f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def redirect(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes Keras download MNIST from another address, without the checksum of the real file."""
    from keras.src.datasets import mnist
    from keras.utils import get_file

    def redirect(address: str) -> None:
        monkeypatch.setattr(mnist, "get_file", lambda fname, **_: get_file(fname, origin=address + fname))

    return redirect


def write_fashion(folder: Path, x: np.ndarray, y: np.ndarray) -> None:
    """The four files as Keras expects them: a header of 16 or 8 bytes, then bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, rows in (("train", slice(60_000)), ("t10k", slice(60_000, None))):
        with gzip.open(folder / f"{part}-images-idx3-ubyte.gz", "wb", compresslevel=1) as file:
            file.write(bytes(16) + x[rows].tobytes())
        with gzip.open(folder / f"{part}-labels-idx1-ubyte.gz", "wb", compresslevel=1) as file:
            file.write(bytes(8) + y[rows].tobytes())


def test_what_is_downloaded_is_kept_as_our_own_copy_of_all_rows(
    served: tuple[Path, str], redirect: Callable[[str], None], arrays: tuple[np.ndarray, np.ndarray]
) -> None:
    folder, address = served
    (x, y), dataset, sizes = arrays, MNIST(), list[int]()
    np.savez(folder / "mnist.npz", x_train=x[:60_000], y_train=y[:60_000], x_test=x[60_000:], y_test=y[60_000:])
    redirect(address)
    fetch(dataset, sizes.append)
    assert dataset.missing is None
    loaded = dataset.load()
    assert loaded.x.shape == (dataset.rows, *dataset.shape)
    np.testing.assert_array_equal(loaded.x[..., 0], x)
    np.testing.assert_array_equal(loaded.y, y)
    assert (loaded.x.dtype.name, loaded.y.dtype.name, len(loaded.class_names)) == ("uint8", "int32", 10)
    assert sizes == sorted(sizes)
    assert {file.suffix for file in cache_folder().iterdir()} == {".npz", ".lock"}
    redirect("http://127.0.0.1:1/")
    fetch(dataset)  # it is here: nobody asks the network again


def test_without_a_network_the_message_offers_what_needs_none(redirect: Callable[[str], None]) -> None:
    redirect("http://127.0.0.1:1/")
    with pytest.raises(DownloadError, match=r"MNIST.*could not be downloaded.*refused.*internet") as caught:
        fetch(MNIST())
    embedded = [dataset.label for dataset in DATASETS.values() if dataset.origin == "embedded"]
    assert all(label in str(caught.value) for label in embedded)
    assert MNIST().missing is not None


def test_a_file_that_is_something_else_is_refused(
    served: tuple[Path, str], redirect: Callable[[str], None], arrays: tuple[np.ndarray, np.ndarray]
) -> None:
    folder, address = served
    x, y = arrays
    np.savez(folder / "mnist.npz", x_train=x[:50], y_train=y[:50], x_test=x[50:90], y_test=y[50:90])
    redirect(address)
    with pytest.raises(DownloadError, match=r"got uint8 \(90, 28, 28, 1\).*expected uint8 \(70000, 28, 28, 1\)"):
        fetch(MNIST())
    assert MNIST().missing is not None


def test_a_filled_keras_folder_needs_no_network(folders: Path, arrays: tuple[np.ndarray, np.ndarray]) -> None:
    write_fashion(folders / "keras" / "datasets" / "fashion-mnist", *arrays)
    dataset = FashionMNIST()
    fetch(dataset)
    np.testing.assert_array_equal(dataset.load().x[..., 0], arrays[0])
    assert dataset.load().class_names[9] == "ankle boot"


def test_a_broken_file_in_keras_folder_is_downloaded_once_more(
    folders: Path, arrays: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    from keras.src.datasets import fashion_mnist

    kept, good = folders / "keras" / "datasets" / "fashion-mnist", folders / "good"
    write_fashion(kept, *arrays)
    broken = kept / "train-images-idx3-ubyte.gz"
    broken.write_bytes(broken.read_bytes()[:1000])
    write_fashion(good, *arrays)

    def get_file(name: str, **_: Any) -> str:
        return str(kept / name if kept.exists() else good / name)

    monkeypatch.setattr(fashion_mnist, "get_file", get_file)
    fetch(FashionMNIST())
    assert FashionMNIST().missing is None


def test_several_who_ask_at_once_download_once(
    folders: Path, arrays: tuple[np.ndarray, np.ndarray], keras: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = arrays
    asked: list[int] = []

    def load_data() -> Any:
        asked.append(1)
        return (x[:60_000], y[:60_000]), (x[60_000:], y[60_000:])

    monkeypatch.setattr(keras.datasets.mnist, "load_data", load_data)
    threads = [threading.Thread(target=fetch, args=(MNIST(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked == [1]
    assert MNIST().missing is None


@pytest.mark.parametrize("name", DOWNLOADABLE)
def test_keras_has_a_loader_of_that_name(keras: Any, name: str) -> None:
    assert callable(getattr(keras.datasets, name).load_data)
    assert DOWNLOADABLE[name].model_validate({}).training_rows == DOWNLOADABLE[name].total - 2 * 5_000
