"""How each data set is loaded in a script that knows nothing of this program: lines that define `x` and `y`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from datasets.csv_file import MISSING
from datasets.dataset import Dataset
from datasets.downloads import Download
from datasets.registry import BreastCancer, Circles, Digits, Moons, Spirals, Wine
from datasets.uploads import Upload
from export.keras_text import lay_out_list


@dataclass(frozen=True)
class Loading:
    """Lines that define the arrays `x` (rows, ...) and `y` (rows,), and the imports that they need.

    `missing`: `x` has values that are not there, as NaN.
    """

    imports: tuple[str, ...]
    lines: tuple[str, ...]
    missing: bool = False


@singledispatch
def loading(dataset: Dataset, file_name: str | None = None) -> Loading:
    """The lines for a data set; each has its own below. `file_name` is what somebody's own file is called."""
    raise TypeError(type(dataset).__name__)


@loading.register
def _(dataset: Digits, file_name: str | None = None) -> Loading:
    return _sklearn("load_digits", "return_X_y=True", "x = x.reshape(-1, 8, 8, 1)")


@loading.register
def _(dataset: BreastCancer, file_name: str | None = None) -> Loading:
    return _sklearn("load_breast_cancer", "return_X_y=True")


@loading.register
def _(dataset: Wine, file_name: str | None = None) -> Loading:
    return _sklearn("load_wine", "return_X_y=True")


@loading.register
def _(dataset: Moons, file_name: str | None = None) -> Loading:
    return _sklearn("make_moons", f"{dataset.samples}, noise={dataset.noise}, random_state=0")


@loading.register
def _(dataset: Circles, file_name: str | None = None) -> Loading:
    return _sklearn("make_circles", f"{dataset.samples}, noise={dataset.noise}, factor=0.5, random_state=0")


@loading.register
def _(dataset: Spirals, file_name: str | None = None) -> Loading:
    lines = (
        "random = np.random.default_rng(0)",
        f"y = np.arange({dataset.samples}) % 3  # three arms of one turn",
        "t = np.sqrt(random.uniform(0.01, 1.0, len(y)))",
        "angle = 2 * np.pi * (t + y / 3)",
        "x = 2 * t[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)",
        f"x += random.normal(0.0, {dataset.noise}, x.shape)",
    )
    return Loading((), lines)


@loading.register
def _(dataset: Download, file_name: str | None = None) -> Loading:
    grey = "[..., None]" if dataset.shape[-1] == 1 else ""
    lines = (
        f"(x, y), (x_more, y_more) = tf.keras.datasets.{dataset.name}.load_data()",
        f"x, y = np.concatenate([x, x_more]){grey}, np.concatenate([y, y_more]).ravel()",
    )
    return Loading((), lines)


@loading.register
def _(dataset: Upload, file_name: str | None = None) -> Loading:
    if dataset.files.columns(dataset.sha256):
        missing = bool(np.isnan(dataset.load().x).any())
        return Loading(("import pandas as pd",), tuple(_csv(dataset, file_name or "data.csv")), missing)
    return Loading((), tuple(_npz(dataset, file_name or "data.npz")))


def _csv(dataset: Upload, file_name: str) -> Iterator[str]:
    """What `datasets.csv_file` does with a file, for the columns that it has."""
    names = dataset.files.columns(dataset.sha256)
    target, features = dataset.target or names[-1], dataset.load().feature_names
    quoted = _quoted(target)
    left_out = [n for n in names if n == target or not any(f == n or f.startswith(f"{n} = ") for f in features)]
    arguments = f"sep={_quoted(dataset.files.delimiter(dataset.sha256))}, index_col=False"
    yield f"table = pd.read_csv({_quoted(file_name)}, {arguments})"
    yield f"table = table[table[{quoted}].notna()]"
    yield f"classes, y = np.unique(table[{quoted}], return_inverse=True)"
    yield from lay_out_list("features = table.drop(columns=[", [_quoted(name) for name in left_out], "])")
    if set(features) <= set(names):
        yield 'x = features.to_numpy("float32")'
        return
    yield "# Texts become one 0/1 column for each value"
    yield 'words = features.select_dtypes(exclude=["number", "bool"]).columns'
    yield f"features = features.fillna(dict.fromkeys(words, {_quoted(MISSING)}))"
    yield 'x = pd.get_dummies(features, columns=words).to_numpy("float32")'


def _npz(dataset: Upload, file_name: str) -> Iterator[str]:
    yield f"with np.load({_quoted(file_name)}, allow_pickle=False) as content:"
    yield '    x, labels = content["x"], content["y"].ravel()'
    yield "classes, y = np.unique(labels, return_inverse=True)"
    if dataset.kind == "image":
        yield f"x = x.reshape(-1, {', '.join(map(str, dataset.shape))})"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _sklearn(function: str, arguments: str, *lines: str) -> Loading:
    return Loading((f"from sklearn.datasets import {function}",), (f"x, y = {function}({arguments})", *lines))
