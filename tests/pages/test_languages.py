"""Pages in Korean: everything but names, code and terms that Korean texts leave in English; and how a language is
chosen."""

import re
from collections.abc import Callable, Iterator

import pytest

from tests.pages.conftest import Page

ENGLISH_TERMS = [
    "ADDRESS",
    "Adam",
    "Arial",
    "CIFAR",
    "ClassWeight",
    "Conv",
    "CSV",
    "CutMix",
    "Dense",
    "ECE",
    "Excel",
    "FOLDER",
    "Flatten",
    "GL",
    "HTML",
    "JSON",
    "Keras",
    "LaTeX",
    "Lab",
    "L1",
    "L2",
    "MB",
    "MLP",
    "MNIST",
    "Markdown",
    "NaN",
    "NPZ",
    "OpenML",
    "PQ",
    "Parquet",
    "Patience",
    "Prechelt",
    "Regularizer",
    "RandAugment",
    "SGD",
    "TensorBoard",
    "TensorFlow",
    "UP",
    "URL",
    "ZIP",
    "Fashion",
    "Bishop",
    "Guo",
    "English",
    "BibTeX",
    "adam",
    "baseline",
    "batch",
    "elu",
    "expected",
    "calibration",
    "error",
    "gelu",
    "group",
    "ipynb",
    "keras",
    "layer",
    "mlp",
    "none",
    "overfitting",
    "patience",
    "pixel",
    "relu",
    "rmsprop",
    "selu",
    "sgd",
    "sigmoid",
    "swish",
    "tanh",
    "softmax",
    "start_from_epoch",
    "min_delta",
    "monitor",
    "val_loss",
    "train_loss",
    "train_accuracy",
    "val_accuracy",
    "val_balanced_accuracy",
    "feature",
    "ignore",
    "number",
    "date",
]
"""What may stand on a page in Korean: products, formats, Keras's own words, names of people."""


def english_in(said: str) -> set[str]:
    """English words of a text, without code, addresses and icons."""
    plain = re.sub(r"`[^`]*`|:material/\w+:|:\w+\[|https?://\S+|\]\([^)]*\)|<[^>]*>|&\w+;|\{[^}]*\}", " ", said)
    words = re.findall(r"[A-Za-z][A-Za-z_0-9]{2,}", plain)
    return {word for word in words if word not in ENGLISH_TERMS}


def said_by(page: Page) -> Iterator[str]:
    """All that a page says: running text, widgets with their help and choices, charts, tables."""
    yield page.shown
    for kind in (
        "button",
        "selectbox",
        "toggle",
        "slider",
        "number_input",
        "multiselect",
        "segmented_control",
        "expander",
    ):
        for widget in getattr(page.app, kind):
            yield from filter(None, (widget.label, getattr(widget, "help", "")))
    for table in page.tables:
        yield from table[0]
    for chart in page.charts:
        yield str(chart["alt"])
        layout = chart["figure"]["layout"]
        yield from (axis["title"]["text"] for key, axis in layout.items() if "axis" in key and "title" in axis)
        yield from (note["text"] for note in layout.get("annotations", ()))


NAMES = {"dropout", "L2", "stopping", "augmentation", "early", "baseline"}
"""Of the recorded example's variants: data, not texts."""


@pytest.mark.parametrize("page", ["lab", "learn", "runs"])
def test_no_english_is_left_in_korean(open_page: Callable[..., Page], page: str) -> None:
    opened = open_page(page, lang="ko")
    left = {word for said in said_by(opened) for word in english_in(said)} - NAMES
    assert not left
