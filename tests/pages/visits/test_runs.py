"""Runs without workers: the list of a visitor's experiments, and all that can be done with one."""

import csv
import io
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st

from datasets.split import checksum as split_checksum
from datasets.table import TableError
from experiment.presets import FIRST_VISIT, presets
from experiment.spec import MAX_CHARACTERS, Experiment, parse_experiment
from results.envelope import open_envelope
from results.records import EpochRecord, StoredExperiment
from results.store import Store
from results.uploads import put_upload
from ui import text
from ui.services import services

OpenPage = Callable[..., Any]
AddExperiment = Callable[..., str]
Stored = Callable[..., Experiment]

TOKEN, OTHER_TOKEN = "1" * 64, "2" * 64


def names(page: Any) -> list[str]:
    """The experiments in the list, from top to bottom."""
    return [m.value.strip("*").replace("\\", "") for m in page.app.markdown if m.value.startswith("**")]


def badges(page: Any) -> list[str]:
    found = [m.value for m in page.app.markdown if "-badge[" in m.value]
    return [badge.split("-badge[")[1].rstrip("]") for badge in found]


def finish(store: Store, identifier: str, losses: dict[str, list[float]]) -> None:
    """Ends all runs of an experiment with these validation losses."""
    for run in store.runs(identifier):
        store.start(run.id, run.attempt, {}, 1e9)
        records = [
            EpochRecord(epoch, 0.1, loss, 0.9, 0.8, 0.2, 0.001, 10 * epoch, 0.01)
            for epoch, loss in enumerate(losses[run.variant], start=1)
        ]
        store.append_epochs(run.id, run.attempt, records, 1e9)
        metrics = [(record.epoch, 9.0, 0.5) for record in records]
        store.finish(run.id, run.attempt, "finished", ended_by="epochs", test_metrics=metrics, now=1e9)


def upload(page: Any, content: bytes, name: str = "experiment.json") -> None:
    page.app.file_uploader[0].upload(name, content, "application/json").run()
    page.check()


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Label of a download button -> what a press on it hands over, or makes it. AppTest does not tell."""
    found: dict[str, Any] = {}
    original = st.download_button

    def record(label: str, data: Any, *arguments: Any, **options: Any) -> bool:
        found[label] = data
        return original(label, data, *arguments, **options)

    monkeypatch.setattr(st, "download_button", record)
    return found


def test_an_empty_list_leads_to_the_lab(open_page: OpenPage) -> None:
    page = open_page("runs")
    assert [title.value for title in page.app.title] == [text.RUNS]
    assert text.NO_RUNS in page.shown
    assert [link.label for link in page.app.get("page_link")] == [text.BACK_TO_LAB]


def test_experiments_are_listed_newest_first_with_what_became_of_their_runs(
    open_page: OpenPage, add_experiment: AddExperiment, store: Store
) -> None:
    variants = [{"name": "a"}, {"name": "b"}]
    first = add_experiment(name="first", now=100.0, seeds=[0, 1], variants=variants)
    add_experiment(now=200.0, dataset={"name": "wine"}, architecture={"name": "resnet_mlp"})
    finish(store, first, {"a": [3.0, 1.0, 2.0], "b": [2.0, 0.5, 4.0]})
    page = open_page("runs")
    assert names(page) == [text.UNTITLED, "first"]
    assert badges(page) == ["3 queued", "4 finished"]
    assert "better" not in page.shown, "two seeds show nothing"
    assert "Wine · Residual MLP" in page.shown
    assert "Handwritten digits, 8×8 · Plain MLP" in page.shown
    assert page.labels("button").count(text.CANCEL) == 1


def test_open_shows_the_experiment_in_the_lab(open_page: OpenPage, add_experiment: AddExperiment) -> None:
    identifier = add_experiment(name="wanted", now=100.0)
    add_experiment(name="newer", now=200.0)
    page = open_page("runs")
    page.press(text.OPEN, index=1)
    assert page.app.title[0].value == text.APP
    assert page.app.subheader[0].value == "wanted"
    assert page.app.query_params == {"experiment": identifier}


def test_cancel_ends_this_experiments_runs_alone(
    open_page: OpenPage, add_experiment: AddExperiment, store: Store
) -> None:
    other, cancelled = add_experiment(now=100.0), add_experiment(now=200.0)
    page = open_page("runs")
    page.press(text.CANCEL)
    assert {run.status for run in store.runs(cancelled)} == {"cancelled"}
    assert {run.status for run in store.runs(other)} == {"queued"}
    assert badges(page) == ["3 cancelled", "3 queued"]
    assert page.labels("button").count(text.CANCEL) == 1


def test_run_again_queues_the_same_experiment_anew(
    open_page: OpenPage, add_experiment: AddExperiment, store: Store, stored: Stored
) -> None:
    identifier = add_experiment(name="again", seeds=[4], training={"epochs": 3})
    page = open_page("runs")
    page.press(text.RUN_AGAIN)
    (new,) = {summary.id for summary in store.experiments("local")} - {identifier}
    assert stored(new) == stored(identifier)
    assert page.app.query_params == {"experiment": new}
    assert page.app.subheader[0].value == "again"


def test_run_again_over_a_limit_says_so_and_stays(
    open_page: OpenPage, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOSTED", "1")
    monkeypatch.setenv("LIMIT_ACTIVE_RUNS", "40")
    page = open_page(token=TOKEN)
    page.press(text.TRAIN)
    page.go("runs")
    page.press(text.RUN_AGAIN)
    assert "80 asked for; this host allows 40" in page.mistakes[0]
    assert len(store.experiments()) == 1


def test_load_fills_the_form_and_trains_nothing(
    open_page: OpenPage, add_experiment: AddExperiment, store: Store
) -> None:
    add_experiment(name="loaded", training={"epochs": 44}, variants=[{"name": "only"}])
    page = open_page()
    page.fill("text_input", text.EXPERIMENT_NAME, "was in the form")
    page.go("runs")
    page.press(text.LOAD)
    assert page.app.title[0].value == text.APP
    assert page.widget("text_input", text.EXPERIMENT_NAME).value == "loaded"
    assert page.widget("number_input", "Epochs").value == 44
    assert page.variants == ["only"]
    assert len(store.experiments()) == 1
    page.go("lab")  # AppTest does not follow a switch of pages by the app
    page.press(text.UNDO)
    assert page.widget("text_input", text.EXPERIMENT_NAME).value == "was in the form"


def test_delete_asks_first(open_page: OpenPage, add_experiment: AddExperiment, store: Store) -> None:
    """The answer "yes" is given in a browser (tests/browser): AppTest runs no dialogs."""
    add_experiment(name="kept", now=100.0)
    add_experiment(name="deleted", now=200.0)
    page = open_page("runs")
    page.press(text.DELETE)
    assert 'Delete "deleted"' in page.shown
    assert len(store.experiments()) == 2
    page.press(text.KEEP)
    assert len(store.experiments()) == 2
    assert text.DELETE_CONFIRM not in page.labels("button")


def test_a_good_file_fills_the_form(open_page: OpenPage, store: Store) -> None:
    page = open_page("runs")
    example = presets()["noisy_labels"]
    upload(page, b"\xef\xbb\xbf" + example.model_dump_json().encode())  # with the mark that some editors put there
    assert page.mistakes == []
    page.press(text.LOAD)
    assert page.app.title[0].value == text.APP
    assert page.widget("text_input", text.EXPERIMENT_NAME).value == example.name
    assert page.variants == [variant.name for variant in example.variants]
    assert store.experiments() == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "not an experiment in JSON"),
        (b"\x80\x04cos\nsystem\n(S'id'\ntR.", "not an experiment in JSON"),
        (b"\xff\xfe{\x00}\x00", "not an experiment in JSON"),
        (b"[]", "experiment"),
        (b"null", "experiment"),
        (b"[" * 50_000, "not an experiment in JSON"),
        (b'{"training": {"epochs": 0}}', "training.epochs: 0 is refused"),
        (b'{"training": {"learning_rate": NaN}}', "training.learning_rate"),
        (b'{"seeds": [0], "seeds": [1]}', "seeds is there twice"),
        (
            b'{"variants": [{"name": "a", "techniques": [{"name": "magic"}]}]}',
            'variants[0].techniques[0].name: "magic"',
        ),
    ],
)
def test_a_bad_file_is_refused_with_the_reason(open_page: OpenPage, store: Store, content: bytes, told: str) -> None:
    page = open_page("runs")
    upload(page, content)
    assert page.mistakes == [text.REFUSED]
    assert told in page.codes[0]
    assert text.LOAD not in page.labels("button")
    assert store.experiments() == []


def test_a_file_that_is_too_large_is_not_read(open_page: OpenPage) -> None:
    page = open_page("runs")
    upload(page, b" " * (MAX_CHARACTERS + 1))
    assert page.mistakes == [text.FILE_TOO_LARGE.format(size=MAX_CHARACTERS + 1, limit=MAX_CHARACTERS)]


def test_an_exported_experiment_can_be_imported(
    open_page: OpenPage, add_experiment: AddExperiment, stored: Stored, downloads: dict[str, Any]
) -> None:
    identifier = add_experiment(name="round trip", seeds=[1], dataset={"name": "moons", "samples": 300})
    page = open_page("runs")
    exported = downloads[text.DOWNLOAD_EXPERIMENT]
    assert json.loads(exported) == json.loads(stored(identifier).model_dump_json())
    upload(page, exported.encode())
    page.press(text.LOAD)
    assert page.widget("text_input", text.EXPERIMENT_NAME).value == "round trip"
    assert page.widget("number_input", "Samples").value == 300


def test_results_and_epochs_are_exported_under_the_contracts_names(
    open_page: OpenPage, add_experiment: AddExperiment, store: Store, downloads: dict[str, Any]
) -> None:
    identifier = add_experiment(seeds=[0], variants=[{"name": "a"}, {"name": "b, c"}])
    finish(store, identifier, {"a": [3.0, float("nan")], "b, c": [2.0, 1.0]})
    open_page("runs")
    results = json.loads(downloads[text.DOWNLOAD_RESULT](), parse_constant=pytest.fail)
    assert results["experiment_id"] == identifier
    assert [run["variant"] for run in results["runs"]] == ["a", "b, c"]
    assert [epoch["val_loss"] for epoch in results["runs"][0]["epochs"]] == [3.0, None]
    assert results["runs"][1]["best_epoch"] == 2
    assert results["runs"][1]["final_test_loss"] is None, "sealed"
    assert results["verdict"]["reference"] == "a"
    assert open_envelope(store, identifier, visitor="local", now=2e9)
    assert json.loads(downloads[text.DOWNLOAD_RESULT]())["runs"][1]["final_test_loss"] == 9.0
    rows = list(csv.DictReader(io.StringIO(downloads[text.DOWNLOAD_EPOCHS]())))
    assert [(row["variant"], row["epoch"], row["val_loss"]) for row in rows] == [
        ("a", "1", "3.0"),
        ("a", "2", ""),
        ("b, c", "1", "2.0"),
        ("b, c", "2", "1.0"),
    ]


def test_an_experiment_without_epochs_can_be_exported(
    open_page: OpenPage, add_experiment: AddExperiment, downloads: dict[str, Any]
) -> None:
    add_experiment(seeds=[0])
    open_page("runs")
    assert json.loads(downloads[text.DOWNLOAD_RESULT]())["runs"][0]["status"] == "queued"
    assert downloads[text.DOWNLOAD_EPOCHS]().startswith('"variant","seed","epoch","train_loss"')


def test_an_experiment_that_was_deleted_elsewhere_does_not_break_the_list(
    open_page: OpenPage, add_experiment: AddExperiment, store: Store
) -> None:
    identifier = add_experiment(name="gone")
    page = open_page("runs")
    store.delete_experiment(identifier, visitor="local")
    page.press(text.RUN_AGAIN)
    assert text.NO_RUNS in page.shown
    assert store.experiments() == []


def test_on_a_host_each_visitor_has_a_list_of_their_own(
    open_page: OpenPage, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOSTED", "1")
    owner = open_page(token=TOKEN)
    owner.press(text.TRAIN)
    (summary,) = store.experiments()
    owner.go("runs")
    assert names(owner) == [presets()[FIRST_VISIT].name]
    assert "14 days" in owner.shown
    other = open_page(token=OTHER_TOKEN, experiment=summary.id)  # has the link, and looked at it
    other.go("runs")
    assert names(other) == []
    assert text.NO_RUNS in other.shown
    unknown = open_page("runs")  # the browser has not said its token yet
    assert names(unknown) == []
    assert text.NO_RUNS not in unknown.shown


def test_the_list_shows_an_experiment_named_with_marks_as_it_was_typed(
    open_page: OpenPage, add_experiment: AddExperiment
) -> None:
    hostile = "[x](http://e.x) <img src=x> `y` $z$"
    add_experiment(name=hostile, now=time.time())
    page = open_page("runs")
    assert names(page) == [hostile]
    assert "](http" not in "".join(m.value for m in page.app.markdown)
    page.press(text.DELETE)
    assert "](http" not in "".join(m.value for m in page.app.markdown)


OWN_DATA = "x,kind\n" + "".join(f"{i * i % 41}.5,{'ab'[i % 2]}\n" for i in range(60))


@pytest.fixture
def own(store: Store) -> StoredExperiment:
    """A stored experiment on a file of somebody's own."""
    sha256 = put_upload(store, "mine.csv", OWN_DATA.encode(), 1e9)
    parts = {"dataset": {"name": "upload", "sha256": sha256}, "seeds": [0], "training": {"epochs": 2}}
    experiment = parse_experiment(json.dumps(parts), services().uploads)
    found = store.experiment(services().queue.submit(experiment, "local"))
    assert found is not None
    return found


def refuse(*_: Any) -> Any:
    raise TableError("the file is refused today")


def test_own_data_are_shown_from_the_store_alone(
    open_page: OpenPage, store: Store, own: StoredExperiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(store, own.id, {"baseline": [2.0, 1.0]})
    monkeypatch.setattr("datasets.uploads.read_apart", refuse)
    services().uploads._tables.clear()
    page = open_page("runs")
    assert "Your own data" in page.shown
    page.press(text.OPEN)
    assert "Waiting" not in page.shown
    page.go("runs")
    page.press(text.RUN_AGAIN)
    assert "the file is refused today" in page.shown.replace("\\", "")
    assert len(store.experiments()) == 1


def test_an_experiment_that_kept_no_facts_is_listed_though_its_file_is_refused(
    open_page: OpenPage, store: Store, own: StoredExperiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = json.loads(own.spec)
    del values["dataset"]["facts"]
    store.add_experiment(json.dumps(values), "old", [("baseline", 0)], visitor="local", owner="other", now=2e9)
    monkeypatch.setattr("datasets.uploads.read_apart", refuse)
    services().uploads._tables.clear()
    assert "old" in names(open_page("runs"))


@pytest.mark.parametrize(("checksum", "asks"), [("another", True), (None, False)])
def test_run_again_asks_where_the_file_is_read_differently_today(
    open_page: OpenPage, store: Store, own: StoredExperiment, checksum: str | None, asks: bool
) -> None:
    dataset = parse_experiment(own.spec, services().uploads).dataset
    for run in store.runs(own.id):
        store.start(run.id, run.attempt, {"data_checksum": checksum or split_checksum(dataset.load())}, 1e9)
        store.finish(run.id, run.attempt, "finished", ended_by="epochs", now=1e9)
    page = open_page("runs")
    page.press(text.RUN_AGAIN)
    assert (text.READ_DIFFERENTLY in page.shown) == asks
    assert len(store.experiments()) == 1 + (not asks)
    assert (text.RUN_ANYWAY in page.labels("button")) == asks
