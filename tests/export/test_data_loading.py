"""The lines that load a data set in a script give the rows that it has here."""

import csv
import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from datasets.registry import DATASETS, Dataset
from datasets.uploads import UPLOADS, Upload, UploadedFiles
from export.data_loading import loading
from models.names import find_hidden

ROW = "{i};{shape};{colour};;name {i};{kind};{number}\n"
ROWS = [
    ROW.format(
        i=i,
        shape=["round", "flat"][i % 3 > 1],
        colour="red" * (i % 3 > 0),
        kind="ab"[i % 2] * (i != 7),
        number=i * 1.5 if i % 5 else "",
    )
    for i in range(60)
]
CSV = "\ufeffage;shape;colour;empty;who;kind;broken\n" + "".join(ROWS)


def run(dataset: Dataset, file_name: str | None = None, **names: Any) -> tuple[Any, Any]:
    """`x` and `y` as a script has them."""
    loaded = loading(dataset, file_name)
    namespace: dict[str, Any] = {"np": np, **names}
    exec("\n".join([*loaded.imports, *loaded.lines]), namespace)
    return namespace["x"], namespace["y"]


@pytest.mark.parametrize("name", [name for name, dataset in DATASETS.items() if dataset.origin == "embedded"])
def test_embedded_data_are_the_same(name: str) -> None:
    dataset = DATASETS[name].model_validate({})
    x, y = run(dataset)
    arrays = dataset.load()
    assert np.allclose(x / (16 if name == "digits" else 1), arrays.x)
    assert np.array_equal(y, arrays.y)


def test_points_are_as_many_and_as_noisy_as_asked_for() -> None:
    for name in ("moons", "circles", "spirals"):
        dataset = DATASETS[name].model_validate({"samples": 70, "noise": 0.5})
        assert np.allclose(run(dataset)[0], dataset.load().x)


@pytest.mark.parametrize("name", [name for name, dataset in DATASETS.items() if dataset.origin == "download"])
def test_both_parts_of_a_download_are_joined_training_rows_first(name: str) -> None:
    dataset = DATASETS[name].model_validate({})
    side = dataset.shape if dataset.shape[-1] == 3 else dataset.shape[:-1]
    parts = [(np.full((n, *side), n, np.uint8), np.full((n, 1), n)) for n in (3, 2)]
    module = SimpleNamespace(load_data=lambda: parts)
    keras = SimpleNamespace(datasets=SimpleNamespace(**{name: module}))
    x, y = run(dataset, tf=SimpleNamespace(keras=keras))
    assert x.shape == (5, *dataset.shape)
    assert y.tolist() == x.reshape(5, -1)[:, 0].tolist() == [3, 3, 3, 2, 2]


def put(content: bytes, monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, target: str | None = None) -> Upload:
    (folder / name).write_bytes(content)
    monkeypatch.chdir(folder)
    files = UploadedFiles({"0" * 64: content}.get)
    return Upload.model_validate({"sha256": "0" * 64, "target": target}, context={UPLOADS: files})


@pytest.mark.parametrize("target", ["kind", "shape"])
def test_a_csv_file_of_somebodys_own(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts, missing numbers and texts, an empty column, names, rows without a class; the file as Excel saves it."""
    dataset = put(CSV.encode(), monkeypatch, tmp_path, 'my "data".csv', target)
    x, y = run(dataset, 'my "data".csv')
    arrays = dataset.load()
    assert np.array_equal(y, arrays.y)

    def columns(values: Any) -> list[bytes]:
        return sorted(np.nan_to_num(column, nan=-1).astype(np.float32).tobytes() for column in values.T)

    assert columns(x) == columns(arrays.x)  # in another order, which no network of ours cares about
    assert loading(dataset).missing


HOSTILE = [
    '"""', "\\", "'); quit()", "a\u202eb", "\u2066c", "d\u2028e", "f\u200bg", "{h}", "#i", "j\x85k", "\U000e0041l",
]  # fmt: skip


def test_names_in_a_file_are_text_in_a_script_and_turn_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """U+202E in a string makes source read as something else (CVE-2021-42574)."""
    header = [*HOSTILE, "class"]
    rows = [[i * k % 17 for k in range(len(HOSTILE))] + [HOSTILE[3 + i % 3]] for i in range(60)]
    file, target = io.StringIO(), "\u202eclass"
    csv.writer(file).writerows([[*header[:-1], target], *rows])
    dataset = put(file.getvalue().encode(), monkeypatch, tmp_path, "a\u202eb.csv", target)
    lines = "\n".join(loading(dataset, "a\u202eb.csv").lines)
    assert not any(map(find_hidden, lines.split("\n")))
    x, y = run(dataset, "a\u202eb.csv")
    assert np.array_equal(x, dataset.load().x) and np.array_equal(y, dataset.load().y)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_training_and_script_read_the_same_delimiter_whatever_the_line_ends(
    end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ["a;b;class", *(f"{i * i};1,{i % 3};{i % 2}" for i in range(40))]
    dataset = put(end.join(rows).encode(), monkeypatch, tmp_path, "data.csv")
    assert [column.name for column in dataset.description.columns] == ["a", "b", "class"]
    x, y = run(dataset, "data.csv")
    assert np.array_equal(x.astype(np.float32), dataset.load().x)
    assert np.array_equal(y, dataset.load().y)


def test_a_csv_file_of_numbers_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a,b,class\n" + "".join(f"{i},{i * i},{i % 2}\n" for i in range(40))
    dataset = put(text.encode(), monkeypatch, tmp_path, "data.csv")
    x, y = run(dataset)
    assert np.array_equal(x, dataset.load().x)
    assert np.array_equal(y, dataset.load().y)
    assert not loading(dataset).missing


@pytest.mark.parametrize("shape", [(40, 5), (40, 6, 6), (40, 6, 6, 3)])
def test_an_npz_file_of_somebodys_own(shape: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator, file = np.random.default_rng(0), io.BytesIO()
    np.savez(file, x=generator.integers(0, 256, shape).astype(np.uint8), y=np.array(["no", "yes"] * 20)[:, None])
    dataset = put(file.getvalue(), monkeypatch, tmp_path, "own.npz")
    x, y = run(dataset, "own.npz")
    assert x.shape[1:] == dataset.shape
    assert np.array_equal(x, dataset.load().x)
    assert np.array_equal(y, dataset.load().y)
