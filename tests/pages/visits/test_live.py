"""Live on the page: what a change stores, cancels, shows beside, and how the steps are gone through."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from experiment.judging import judging_of
from experiment.limits import Limits
from experiment.spec import parse_experiment
from results.records import EpochRecord, Run
from results.steps import read_steps
from results.store import Store
from training.dispatch.dispatcher import QueueState
from ui import state, text
from ui.lab.history import ghosts_of
from ui.services import read_spec, services

OpenPage = Callable[..., Any]
SPEC = {
    "dataset": {"name": "wine"},
    "training": {"epochs": 3},
    "variants": [{"name": "baseline"}, {"name": "L2", "techniques": [{"name": "l2", "l2": 0.001}]}],
    "seeds": [0],
}
STRENGTH = "Strength, exactly"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.lab.live_view.SECONDS_OF_REST", 0.0)


def train(store: Store, identifier: str, loss: float = 0.3) -> None:
    """All active runs of an experiment, as a worker trains them."""
    for run in store.runs(identifier):
        if run.active:
            store.start(run.id, run.attempt, {"data_checksum": "c"}, 1.0)
            records = [EpochRecord(e, 0.2, loss / e, 0.9, 0.8, 0.2, 0.1, e, 0.1) for e in (1, 2, 3)]
            store.append_epochs(run.id, run.attempt, records, 1.0)
            store.finish(run.id, run.attempt, "finished", ended_by="epochs", now=2.0)


def begin(open_page: OpenPage, store: Store) -> tuple[Any, str]:
    page = open_page()  # so that there are services
    identifier = services().queue.submit(parse_experiment(json.dumps(SPEC)), "local")
    train(store, identifier)
    page = open_page(experiment=identifier)
    page.fill("toggle", text.LIVE, True)
    assert shown(page) == identifier, "nothing was changed"
    return page, identifier


def shown(page: Any) -> str:
    found = page.app.query_params["experiment"]
    return str(found if isinstance(found, str) else found[0])


def statuses(store: Store, identifier: str) -> dict[str, str]:
    return {run.variant: run.status for run in store.runs(identifier)}


def by_variant(store: Store, identifier: str) -> dict[str, Run]:
    return {run.variant: run for run in store.runs(identifier)}


def test_a_change_trains_what_it_changed_beside_its_ghost(open_page: OpenPage, store: Store) -> None:
    page, first = begin(open_page, store)
    page.fill("number_input", STRENGTH, 0.003)
    second = shown(page)
    assert second != first
    assert statuses(store, second) == {"baseline": "finished", "L2": "queued"}
    (_, step) = read_steps(store, second)
    assert (step.experiment.id, step.compared_id) == (second, first)
    stored = store.experiment(second)
    assert stored is not None
    experiment = read_spec(stored.spec)
    assert judging_of(experiment).tried == 3
    (ghost,) = ghosts_of(second, experiment, "loss")
    assert (ghost.place, ghost.name) == (1, "L2 before: L2: Strength 0.001")
    assert list(ghost.line.values) == pytest.approx([0.3, 0.15, 0.1])
    assert "no seed has been finished before and after" in page.shown
    train(store, second, 0.2)
    page.app.run()
    assert "(33%) lower, cannot be told apart with 1 seed" in page.shown.replace("\\", "")
    assert text.MISMATCH not in page.shown


def test_what_a_change_replaces_is_cancelled_and_what_stays_goes_on(open_page: OpenPage, store: Store) -> None:
    page, _ = begin(open_page, store)
    page.fill("number_input", STRENGTH, 0.003)
    second = shown(page)
    page.fill("number_input", STRENGTH, 0.01)
    third = shown(page)
    assert statuses(store, second) == {"baseline": "finished", "L2": "cancelled"}
    assert statuses(store, third) == {"baseline": "finished", "L2": "queued"}
    assert [step.experiment.id for step in read_steps(store, third)][-2:] == [second, third]


def test_going_back_trains_nothing_and_keeps_the_steps(open_page: OpenPage, store: Store) -> None:
    page, first = begin(open_page, store)
    page.fill("number_input", STRENGTH, 0.003)
    second = shown(page)
    train(store, second)
    page.app.run()
    count = len(store.experiments())
    page.fill("number_input", STRENGTH, 0.001)
    assert shown(page) == first, "it was tried before"
    assert len(store.experiments()) == count
    assert text.STEPS in page.shown, "with what came after it"
    page.press(text.STEP_SHOW)
    assert shown(page) == second
    assert page.widget("number_input", STRENGTH).value == 0.003
    page.fill("number_input", STRENGTH, 0.001)
    page.fill("number_input", STRENGTH, 0.01)
    third = shown(page)
    steps = read_steps(store, third)
    assert [step.experiment.id for step in steps] == [first, second, third]
    assert steps[-1].compared_id == first, "it was on the page"
    stored = store.experiment(third)
    assert stored is not None and judging_of(read_spec(stored.spec)).tried == 4


def test_a_step_is_kept_as_a_variant(open_page: OpenPage, store: Store) -> None:
    page, _ = begin(open_page, store)
    page.fill("number_input", STRENGTH, 0.003)
    train(store, shown(page))
    page.app.run()
    page.fill("number_input", STRENGTH, 0.01)
    train(store, shown(page))
    page.app.run()
    page.press(text.STEP_KEEP)
    runs = by_variant(store, shown(page))
    assert len(runs) == 3
    assert {run.status for run in runs.values()} == {"finished"}, "all of it is known"


def test_without_live_nothing_is_trained_by_itself(open_page: OpenPage, store: Store) -> None:
    page, first = begin(open_page, store)
    page.fill("toggle", text.LIVE, False)
    page.fill("number_input", STRENGTH, 0.003)
    assert shown(page) == first
    assert text.MISMATCH in page.shown


def test_a_mistake_is_not_trained(open_page: OpenPage, store: Store) -> None:
    page, first = begin(open_page, store)
    page.fill("text_input", text.SEEDS, "zero")
    assert shown(page) == first


def test_on_a_host_live_rests_while_others_wait(
    open_page: OpenPage, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, first = begin(open_page, store)
    queue = services().queue
    monkeypatch.setattr(queue, "limits", Limits(active_runs=100))
    monkeypatch.setattr(queue.dispatcher, "state", QueueState(1, 1, waiting=frozenset({"another"})))
    page.fill("number_input", STRENGTH, 0.003)
    assert shown(page) == first
    page.app.run()
    assert text.LIVE_WAITS in page.shown
    monkeypatch.setattr(queue.dispatcher, "state", QueueState(1, 1, waiting=frozenset({"local"})))
    page.fill("number_input", STRENGTH, 0.01)
    assert shown(page) != first


def test_the_first_step_stands_beside_the_recorded_example(open_page: OpenPage, store: Store) -> None:
    page = open_page()
    page.fill("toggle", text.LIVE, True)
    assert "experiment" not in page.app.query_params
    page.fill("number_input", "Rate, exactly", 0.4)
    identifier = shown(page)
    assert read_steps(store, identifier)[0].compared_id == "preset:first_visit"
    stored = store.experiment(identifier)
    assert stored is not None
    assert len(ghosts_of(identifier, read_spec(stored.spec), "loss")) == 1
    page.app.session_state[state.LAST_STEP] = identifier
    train(store, identifier)
    page.app.run()
    page.press(text.STEP_SHOW)
    assert "experiment" not in page.app.query_params, "the recorded example"
    assert text.STEPS in page.shown
