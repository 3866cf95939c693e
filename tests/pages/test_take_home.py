"""Code to take home, on the page: any variant in any style, and what finished runs left."""

import ast
from collections.abc import Callable
from typing import Any

import pytest

from results.findings.kept_model import MODEL
from results.records import EpochRecord
from results.store import Store
from training.dispatch.queue import Queue, QueueState
from ui import text

OpenPage = Callable[..., Any]
AddExperiment = Callable[..., str]
VARIANTS = [{"name": "plain"}, {"name": "<b>*it*</b>", "techniques": [{"name": "l2", "l2": 0.5}]}]


def opened(page: Any) -> Any:
    """The same page once the code is asked for."""
    page.look_deeper(text.TAKE_HOME)
    return page


def script(page: Any) -> str:
    (code,) = [code for code in page.codes if code.startswith('"""From Regularizer Lab')]
    ast.parse(code)
    return str(code)


def downloads(page: Any) -> dict[str, Any]:
    return {button.label: button for button in page.app.get("download_button")}


def test_the_recorded_example_has_its_code(open_page: OpenPage) -> None:
    page = open_page()
    assert not [code for code in page.codes if code.startswith('"""From Regularizer Lab')], (
        "written when it is looked at"
    )
    opened(page)
    assert "load_digits" in script(page)
    assert "keras.losses.SparseCategoricalCrossentropy()" in script(page)
    assert {text.DOWNLOAD_SCRIPT, text.DOWNLOAD_NOTEBOOK} <= downloads(page).keys()
    assert text.DOWNLOAD_EVENTS not in downloads(page), "no run of this host"


def test_variant_and_style_can_be_chosen(open_page: OpenPage, add_experiment: AddExperiment) -> None:
    page = opened(open_page(experiment=add_experiment(dataset={"name": "wine"}, variants=VARIANTS)))
    assert "regularizers" not in script(page)
    page.fill("selectbox", text.SHOWN_VARIANT, "<b>*it*</b>")
    assert "regularizers.L2(0.5)" in script(page)
    assert "# Variant: <b>*it*</b>" in script(page)
    page.fill("segmented_control", text.STYLE, "string")
    assert 'loss="sparse_categorical_crossentropy"' in script(page)
    assert text.TRAINED_HERE not in page.shown, "nothing has been trained yet"


def test_a_run_offers_its_model_and_its_logs(
    open_page: OpenPage, add_experiment: AddExperiment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    identifier = add_experiment(dataset={"name": "wine"}, seeds=[7], variants=VARIANTS)
    first, second = store.runs(identifier)
    record = EpochRecord(1, 0.5, 0.6, 0.9, 0.8, 0.5, 0.001, 10, 0.01, None)
    for run in (first, second):
        store.start(run.id, 1, {}, 4e9)
        store.append_epochs(run.id, 1, [record], 4e9)
    page = opened(open_page(experiment=identifier))
    assert text.MODEL_LATER in page.shown
    assert downloads(page)[text.DOWNLOAD_EVENTS].proto.disabled, "no worker is ready"
    store.finish(first.id, 1, "finished", artifacts={MODEL: (1, b"x" * 1_500_000)}, now=4e9)
    monkeypatch.setattr(Queue, "state", QueueState(1, 1))
    page.app.run()
    page.check()
    assert text.DOWNLOAD_MODEL.format(size=1.5) in downloads(page)
    assert not downloads(page)[text.DOWNLOAD_EVENTS].proto.disabled


def test_a_model_that_is_too_large_is_said_to_be(
    open_page: OpenPage, add_experiment: AddExperiment, store: Store
) -> None:
    huge = {"name": "mlp", "widths": [4096, 4096]}
    identifier = add_experiment(dataset={"name": "wine"}, seeds=[7], architecture=huge)
    (run,) = store.runs(identifier)
    store.start(run.id, 1, {}, 4e9)
    store.append_epochs(run.id, 1, [EpochRecord(1, 0.5, 0.6, 0.9, 0.8, 0.5, 0.001, 10, 0.01, None)], 4e9)
    page = opened(open_page(experiment=identifier))
    assert text.MODEL_TOO_LARGE.format(limit=20) in page.shown
