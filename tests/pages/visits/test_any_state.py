"""The Lab draws whatever runs came to: some failed, cancelled, waiting, running or diverged, under hostile names."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from models.names import find_hidden
from results.records import EpochRecord
from results.store import Store
from ui import text

OpenPage = Callable[..., Any]
AddExperiment = Callable[..., str]

NAMES = ["baseline", "<b>x</b>", "$a_1$ *b*", "{variant}", "card_2", "%{y}", "=1+1", "a:b: c", "\\n", "日本 ", "'\"&"]
TURNING = ["turned \u202ereve", "two\u2028lines", "zero\u200bwidth"]
"""Names that an earlier version allowed."""
STOP = {"name": "early_stopping", "patience": 2}
EPOCHS = 8


def end(store: Store, run: Any, generator: np.random.Generator) -> None:
    """Lets a run get somewhere, and end or not."""
    outcome = generator.choice(["queued", "running", "finished", "finished", "finished", "failed", "cancelled"])
    if outcome == "queued":
        return
    store.start(run.id, 1, {}, 4e9)
    epochs = EPOCHS if outcome == "finished" else int(generator.integers(0, EPOCHS + 1))
    records = []
    for epoch in range(1, epochs + 1):
        train, val = generator.uniform(0.1, 2, 2)
        if outcome == "failed" and epoch == epochs:
            val = float("nan")
        series = {"val_balanced_accuracy": 0.5} if run.seed % 2 else None
        records.append(EpochRecord(epoch, train, val, 0.5, 0.5, train, 0.001, 3 * epoch, 0.01, series))
    store.append_epochs(run.id, 1, records, 4e9)
    if outcome == "cancelled":
        store.cancel(run.experiment_id, run.id, visitor="local", now=4e9)
    elif outcome != "running":
        message = "<i>bad</i> in epoch 3" if outcome == "failed" else None
        store.finish(run.id, 1, outcome, ended_by="epochs", message=message, now=4e9)


def assert_nothing_is_hidden(page: Any) -> None:
    """Neither in text and tables, nor in what charts draw and say."""
    drawn = [piece for chart in page.charts for trace in chart["figure"]["data"] for piece in texts_of(trace)]
    cells = [cell for table in page.tables for row in table for cell in row]
    for words in (*page.shown.split("\n"), *cells, *drawn):
        assert find_hidden(words) is None, words


def texts_of(value: Any) -> list[str]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value] if isinstance(value, str) else [text for one in inner for text in texts_of(one)]


@pytest.mark.parametrize("number", range(4))
def test_the_lab_draws_any_state(open_page: OpenPage, add_experiment: AddExperiment, store: Store, number: int) -> None:
    generator = np.random.default_rng(number)
    names = [*TURNING, *NAMES][: int(generator.choice([1, 2, 6, len(NAMES) + len(TURNING)]))]
    variants = [{"name": n, "techniques": [STOP] if generator.random() < 0.3 else []} for n in names]
    judging = {"what": str(generator.choice(["handed_over", "best_epoch", "accuracy", "balanced_accuracy"]))}
    dataset = {"name": str(generator.choice(["digits", "moons"])), "label_noise": float(generator.choice([0.0, 0.2]))}
    identifier = add_experiment(
        variants=variants,
        seeds=list(range(int(generator.choice([1, 2, 6])))),
        training={"epochs": EPOCHS},
        judging=judging | {"reference": names[-1]},
        dataset=dataset,
    )
    for run in store.runs(identifier):
        end(store, run, generator)
    page = open_page(experiment=identifier)
    if text.VIEW in page.labels("segmented_control"):  # else no run has an epoch
        names_of = {label: name for name, label in text.VIEWS.items()}
        options = page.widget("segmented_control", text.VIEW).options
        for label in generator.choice(options, 3, replace=False):
            page.fill("segmented_control", text.VIEW, names_of[label])
            json.dumps(page.curves["figure"], allow_nan=False)
        page.fill("toggle", text.LOG_Y, True)
        page.fill("selectbox", text.X_AXIS, "seconds")
        page.fill("toggle", text.ALL_COLUMNS, True)
        if text.MEAN_OR_SEEDS in page.labels("segmented_control"):
            page.fill("segmented_control", text.MEAN_OR_SEEDS, True)
    for panel in (
        text.INSIDE,
        text.MISTAKES,
        text.RUN_PROGRESS,
        text.IN_WORDS,
        text.NETWORKS,
        text.TAKE_HOME,
        text.SHARE,
    ):
        page.look_deeper(panel)
        assert_nothing_is_hidden(page)
