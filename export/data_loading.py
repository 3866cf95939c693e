"""How each data set is loaded in a script that knows nothing of this program: lines that define `x` and `y`."""

from functools import singledispatch

from datasets.dataset import Dataset
from datasets.downloads import Download
from datasets.registry import BreastCancer, Circles, Digits, Moons, Spirals, Wine
from datasets.uploads import Upload
from export.own_data_loading import Loading, load_own_file
from wording import language


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
        f"y = np.arange({dataset.samples}) % 3  # " + language._("three arms of one turn"),
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
    return load_own_file(dataset, file_name)


def _sklearn(function: str, arguments: str, *lines: str) -> Loading:
    return Loading((f"from sklearn.datasets import {function}",), (f"x, y = {function}({arguments})", *lines))
