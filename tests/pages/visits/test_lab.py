"""The Lab without workers: the form, links, limits, and whose experiment it is."""

import base64
import hashlib
import json
import math
import re
import zlib
from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st

from datasets.registry import DATASETS
from experiment.link import MAX_LINK_CHARACTERS, encode_link
from experiment.presets import FIRST_VISIT, presets
from experiment.spec import Experiment, parse_experiment
from models.architectures import ARCHITECTURES
from models.parameters import parameters
from models.techniques import TECHNIQUES
from results.envelope import opened_at
from results.records import EpochRecord
from results.store import Store
from ui import state, text
from ui.lab import experiment_form as form_module
from ui.lab import experiment_view as view_module
from ui.lab.experiment_form import _places

OpenPage = Callable[..., Any]
AddExperiment = Callable[..., str]
Stored = Callable[..., Experiment]

TOKEN, OTHER_TOKEN = "1" * 64, "2" * 64


def pack(document: str) -> str:
    """A link's text around any document, ours or not."""
    return base64.urlsafe_b64encode(zlib.compress(document.encode(), 9)).decode().rstrip("=")


def said(page: Any) -> str:
    """What the page says, without the marks that keep a name from being read as Markdown."""
    return str(page.shown).replace("\\", "")


def dataset_fields(page: Any) -> dict[str, Any]:
    data = page.app.tabs[1]
    return {field.label: field.value for fields in (data.number_input, data.slider) for field in fields}


def test_the_first_visit_shows_the_recorded_example_and_trains_nothing(open_page: OpenPage, store: Store) -> None:
    page, example = open_page(), presets()[FIRST_VISIT]
    assert [heading.value for heading in page.app.subheader] == [example.name]
    assert text.RECORDED in page.shown
    assert "Over 10 seeds: " in page.shown.replace("\\", "")
    chart, names = page.curves, [variant.name for variant in example.variants]
    lines = [trace.get("name", "") for trace in chart["figure"]["data"]]
    assert all(f"{name}: validation" in lines and f"{name}: training" in lines for name in names)
    assert all(name in chart["alt"] for name in names)
    assert sorted(row[0] for row in page.tables[0][1:]) == sorted(names)
    assert [card.split()[0] for card in page.cards] == [name.split()[0] for name in names[1:]]
    assert page.app.query_params == {}
    assert store.experiments() == []


def test_what_one_came_for_is_drawn_before_the_form_and_what_one_edits_after_it(
    open_page: OpenPage, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def note(name: str, draw: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments: (drawn.append(name), draw(*arguments))[1]

    for module, name in (
        (form_module, "experiment_form"),
        (view_module, "recorded_view"),
        (view_module, "experiment_view"),
    ):
        monkeypatch.setattr(module, name, note(name, getattr(module, name)))
    page = open_page()
    assert drawn[:2] == ["recorded_view", "experiment_form"]
    drawn.clear()
    page.fill("number_input", "Epochs", 20)
    assert drawn == ["experiment_form", "recorded_view"]
    drawn.clear()
    page.press(text.TRAIN)
    # The run that was pressed in, and the one that shows what is trained now.
    assert drawn == ["experiment_form", "experiment_view", "experiment_form"]


@pytest.mark.parametrize("preset", presets())
def test_a_preset_fills_the_form_and_trains_what_it_says(
    open_page: OpenPage, stored: Stored, store: Store, preset: str
) -> None:
    page = open_page()
    page.app.pills[0].set_value(preset).run()
    page.check()
    assert page.variants == [variant.name for variant in presets()[preset].variants]
    assert store.experiments() == []
    page.press(text.TRAIN)
    assert stored() == presets()[preset]


def test_train_stores_what_the_form_says_and_shows_it(open_page: OpenPage, stored: Stored, store: Store) -> None:
    page = open_page()
    page.fill("text_input", text.EXPERIMENT_NAME, "my own")
    page.fill("selectbox", text.DATASET, "moons")
    page.fill("number_input", "Training rows", 100)
    page.fill("number_input", "Samples", 400)
    page.fill("slider", "Label noise", 0.25)
    page.fill("selectbox", text.ARCHITECTURE, "resnet_mlp")
    page.fill("number_input", "Width", 16)
    page.fill("number_input", "Epochs", 7)
    page.fill("number_input", "Learning rate", 0.02)
    page.fill("text_input", text.SEEDS, "3 5;8")
    page.fill("slider", "Rate", 0.45)
    page.press(text.TRAIN)
    experiment = stored()
    assert experiment.name == "my own"
    assert experiment.dataset.model_dump() == {
        "name": "moons",
        "samples": 400,
        "noise": DATASETS["moons"].model_fields["noise"].default,
        "label_noise": 0.25,
        "train_size": 100,
    }
    assert (experiment.architecture.name, experiment.architecture.model_dump()["width"]) == ("resnet_mlp", 16)
    assert (experiment.training.epochs, experiment.training.learning_rate) == (7, 0.02)
    assert experiment.seeds == (3, 5, 8)
    assert experiment.variant("dropout").techniques[0].model_dump() == {"name": "dropout", "rate": 0.45}
    (summary,) = store.experiments("local")
    assert page.app.query_params == {"experiment": summary.id}
    assert {run.status for run in store.runs(summary.id)} == {"queued"}
    assert text.WAITING_FOR_FIRST_EPOCH in page.shown
    assert text.WARMING_UP in page.shown


def test_another_data_set_keeps_what_it_allows_and_never_begins_with_a_mistake(open_page: OpenPage) -> None:
    page = open_page()
    page.fill("slider", "Label noise", 0.3)
    for name in (*(name for name, d in DATASETS.items() if d.origin != "upload"), "wine", "digits"):
        page.fill("selectbox", text.DATASET, name)
        assert page.mistakes == []
        assert dataset_fields(page)["Label noise"] == 0.3
    page.fill("number_input", "Training rows", 250)
    page.fill("selectbox", text.DATASET, "breast_cancer")
    assert dataset_fields(page)["Training rows"] == 250
    page.fill("selectbox", text.DATASET, "wine")  # has 106 rows to train on
    assert dataset_fields(page)["Training rows"] is None


def test_an_optional_number_can_be_emptied(open_page: OpenPage, stored: Stored) -> None:
    page = open_page()
    page.fill("number_input", "Training rows", None)
    assert "1,079 rows to train on" in page.shown
    page.press(text.TRAIN)
    assert stored().dataset.train_size is None


def test_each_technique_brings_its_parameters_and_takes_them_away(open_page: OpenPage, stored: Stored) -> None:
    page = open_page()
    page.fill("multiselect", text.TECHNIQUES, list(TECHNIQUES))  # of the baseline
    explained = {latex.value.strip("$\n ") for latex in page.app.latex}
    for technique in TECHNIQUES.values():
        assert technique.label in page.popovers
        assert technique.formula.strip() in explained
        assert technique.summary in page.shown
        for parameter in parameters(technique):
            kinds = ("number_input", "slider", "select_slider", "selectbox", "toggle", "text_input")
            names = (parameter.label, f"{technique.label}: {parameter.label}")
            assert any(name in page.labels(kind) for kind in kinds for name in names), parameter.key
    assert "it skips residual branches" in page.codes[0], "what makes no sense here is refused with the reason"
    sensible = ["l2", "dropout", "augmentation", "ensemble", "early_stopping"]
    page.fill("multiselect", text.TECHNIQUES, sensible)
    assert page.mistakes == []
    page.press(text.TRAIN)
    assert [technique.name for technique in stored().variants[0].techniques] == sensible
    page.fill("multiselect", text.TECHNIQUES, [])
    assert page.cards_of_form[0] == []


def test_the_size_of_the_network_and_the_time_are_foreseen(open_page: OpenPage) -> None:
    page = open_page()
    assert re.search(r"perhaps \d+ (s|min).* · up to [\d,]+ parameters", page.shown), "nothing was measured yet"


def test_fields_stand_on_the_card_and_what_is_rarely_changed_behind_a_button(open_page: OpenPage) -> None:
    page = open_page()
    assert page.cards_of_form == [[], ["Dropout"], ["L2"], ["Dropout", "L2", "Early stopping"]]
    assert page.widget("number_input", "Early stopping: Patience, exactly").value == 20
    page.fill("number_input", "Start after", 5)
    assert "Start after: 5" in said(page), "what acts is not hidden"


def test_slider_and_field_of_a_number_hold_one_value(open_page: OpenPage, stored: Stored) -> None:
    page = open_page()
    page.fill("select_slider", "Strength", 0.01)
    assert page.widget("number_input", "Strength, exactly").value == 0.01
    page.fill("number_input", "Strength, exactly", 0.0042)
    assert page.widget("select_slider", "Strength").value == 0.0042
    page.fill("slider", "Early stopping: Patience", 33)
    page.press(text.TRAIN)
    l2, last = stored().variants[2:]
    assert l2.techniques[0].model_dump() == {"name": "l2", "l2": 0.0042}
    assert last.techniques[2].model_dump()["patience"] == 33


def test_a_change_says_what_the_shown_results_had_and_goes_back(open_page: OpenPage) -> None:
    page = open_page()
    assert text.MISMATCH not in page.shown
    page.fill("number_input", "Strength, exactly", 0.0042)
    assert "was: L2: Strength 0.003" in said(page)
    assert f"{text.MISMATCH}** “L2”: L2: Strength 0.003 → 0.0042." in said(page)
    page.press(text.BACK_TO_SHOWN)
    assert text.MISMATCH not in page.shown
    assert page.widget("number_input", "Strength, exactly").value == 0.003


def test_form_and_results_that_differ_are_said_with_both_ways_out(
    open_page: OpenPage, add_experiment: AddExperiment, store: Store, stored: Stored
) -> None:
    identifier = add_experiment(name="shared", training={"epochs": 11})
    page = open_page(experiment=identifier)
    assert page.widget("number_input", "Epochs").value == 11, "a new session begins with what its link shows"
    assert text.MISMATCH not in page.shown
    page.fill("text_input", text.EXPERIMENT_NAME, "renamed")
    assert text.MISMATCH not in page.shown, "a name changes no result"
    page.fill("number_input", "Epochs", 7)
    assert "Epochs 11 → 7" in page.shown
    page.press(text.BACK_TO_FORM)
    assert page.widget("number_input", "Epochs").value == 11 and text.MISMATCH not in page.shown
    page.press(text.UNDO)
    assert page.widget("number_input", "Epochs").value == 7
    page.press(text.TRAIN_CHANGES)
    (new,) = {summary.id for summary in store.experiments()} - {identifier}
    assert stored(new).training.epochs == 7
    assert text.MISMATCH not in page.shown


def test_the_chart_takes_every_view_and_axis(open_page: OpenPage) -> None:
    page = open_page()
    assert text.VIEWS["memorization"] not in page.widget("segmented_control", text.VIEW).options, (
        "only with label noise"
    )
    titles = set()
    for view in ("loss", "accuracy", "difference", "gap", "objective"):
        page.fill("segmented_control", text.VIEW, view)
        titles.add(page.curves["figure"]["layout"]["yaxis"]["title"]["text"])
    assert len(titles) == 5
    page.fill("selectbox", text.X_AXIS, "steps")
    page.fill("toggle", text.LOG_X, True)
    page.fill("toggle", text.LOG_Y, True)
    layout = page.curves["figure"]["layout"]
    assert (layout["xaxis"]["type"], layout["yaxis"]["type"]) == ("log", "log")
    assert layout["xaxis"]["range"][1] == pytest.approx(math.log10(150 * 10))
    page.fill("segmented_control", text.MEAN_OR_SEEDS, True)
    assert len([trace for trace in page.curves["figure"]["data"] if trace["uid"].endswith("_seeds")]) == 4
    page.app.pills[0].set_value("noisy_labels").run()
    page.fill("segmented_control", text.VIEW, "memorization")
    assert "changed labels" in page.curves["figure"]["layout"]["yaxis"]["title"]["text"]
    page.fill("segmented_control", text.JUDGED, "accuracy")
    page.fill("segmented_control", text.VIEW, "difference")
    assert "accuracy" in page.curves["figure"]["layout"]["yaxis"]["title"]["text"]


def test_of_many_variants_those_with_a_claim_come_first(
    open_page: OpenPage, add_experiment: AddExperiment, store: Store
) -> None:
    names = ["baseline", *(f"v{index}" for index in range(6))]
    identifier = add_experiment(variants=[{"name": name} for name in names], seeds=[*range(5)], training={"epochs": 3})
    for run in store.runs(identifier):
        store.start(run.id, 1, {}, 1e9)
        loss = (0.1 if run.variant == "v5" else 0.5) + 0.001 * ((run.seed * 7 + run.id) % 5)
        store.append_epochs(run.id, 1, [EpochRecord(e, 0.1, loss, 0.9, 0.9, 0.1, 0.1, e, 0.1) for e in (1, 2, 3)], 1e9)
        store.finish(run.id, 1, "finished", ended_by="epochs", now=1e9)
    page = open_page(experiment=identifier)
    assert len(page.cards) == 4 and page.cards[0].startswith("v5 ✓ Better")
    page.fill("toggle", text.ALL_CARDS.format(count=6), True)
    assert len(page.cards) == 6


def test_a_form_with_a_mistake_beside_results_is_said_too(open_page: OpenPage) -> None:
    page = open_page()
    page.fill("text_input", text.SEEDS, "none")
    assert text.MISMATCH in page.shown
    assert page.widget("button", text.TRAIN_CHANGES).disabled


def test_every_data_set_and_architecture_is_offered_and_explained(open_page: OpenPage) -> None:
    page = open_page()
    for label, registry in ((text.DATASET, DATASETS), (text.ARCHITECTURE, ARCHITECTURES)):
        assert page.widget("selectbox", label).options == [entry.label for entry in registry.values()]
        for name, entry in registry.items():
            page.fill("selectbox", label, name)
            assert entry.summary in page.shown
            for parameter in parameters(entry):
                kinds = ("number_input", "slider", "selectbox", "toggle", "text_input")
                assert any(parameter.label in page.labels(kind) for kind in kinds), parameter.key


@pytest.mark.parametrize(
    ("label", "typed", "key"),
    [
        ("Widths", "128, abc", "architecture.widths[1]"),
        ("Widths", "", "architecture.widths"),
        ("Widths", "0", "architecture.widths[0]"),
        ("Widths", "128.5", "architecture.widths[0]"),
        ("Widths", "9" * 400, "architecture.widths[0]"),
        ("Widths", "²", "architecture.widths[0]"),
        (text.SEEDS, "0, -1", "seeds[1]"),
        (text.SEEDS, "1, 1", "seeds"),
        (text.SEEDS, "", "seeds"),
        (text.SEEDS, "99999999999", "seeds[0]"),
        (text.VARIANT_NAME, "", "variants[0].name"),
        (text.VARIANT_NAME, "dropout", "variants"),
    ],
)
def test_a_mistake_is_named_and_nothing_else_is_lost(
    open_page: OpenPage, stored: Stored, store: Store, label: str, typed: str, key: str
) -> None:
    page = open_page()
    page.fill("text_input", text.EXPERIMENT_NAME, "kept")
    page.fill("number_input", "Epochs", 9)
    right = page.widget("text_input", label).value
    page.fill("text_input", label, typed)
    assert page.mistakes == [text.FIX_FIRST]
    assert page.codes[0].startswith(f"{key}:")
    assert page.widget("button", text.TRAIN).disabled
    assert page.widget("text_input", label).value == typed
    assert (page.widget("text_input", text.EXPERIMENT_NAME).value, page.widget("number_input", "Epochs").value) == (
        "kept",
        9,
    )
    page.fill("number_input", "Batch size", 16)  # goes on working elsewhere
    assert page.mistakes == [text.FIX_FIRST]

    page.fill("text_input", label, right)
    assert (page.mistakes, page.codes) == ([], [])
    page.press(text.TRAIN)
    expected = presets()[FIRST_VISIT].model_dump(mode="json")
    expected |= {"name": "kept", "training": expected["training"] | {"epochs": 9, "batch_size": 16}}
    assert stored() == parse_experiment(json.dumps(expected))


def test_all_mistakes_are_listed_at_once(open_page: OpenPage) -> None:
    page = open_page()
    page.fill("text_input", "Widths", "x")
    page.fill("text_input", text.SEEDS, "y")
    assert [line.split(":")[0] for line in page.codes[0].splitlines()] == ["architecture.widths[0]", "seeds[0]"]


def test_variants_are_added_copied_removed_and_brought_back(open_page: OpenPage, stored: Stored) -> None:
    page = open_page()
    names = page.variants
    page.press(text.ADD_VARIANT)
    page.press(text.ADD_VARIANT)
    assert page.variants == [*names, "variant", "variant 2"]
    page.press(text.COPY_VARIANT, index=1)
    assert page.variants == [names[0], "dropout", "dropout 2", *names[2:], "variant", "variant 2"]
    page.fill("text_input", text.VARIANT_NAME, "my dropout", index=1)
    page.press(text.REMOVE_VARIANT, index=0)
    assert page.variants[:3] == ["my dropout", "dropout 2", "L2"]
    page.press(text.UNDO)
    assert page.variants[:3] == ["baseline", "my dropout", "dropout 2"]
    page.press(text.TRAIN)
    experiment = stored()
    assert experiment.variant("my dropout").techniques == experiment.variant("dropout 2").techniques
    assert [variant.name for variant in experiment.variants] == page.variants


def test_a_copy_does_not_follow_what_it_was_copied_from(open_page: OpenPage, stored: Stored) -> None:
    page = open_page()
    page.press(text.COPY_VARIANT, index=1)
    page.fill("multiselect", text.TECHNIQUES, [], index=1)
    page.press(text.TRAIN)
    assert stored().variant("dropout").techniques == ()
    assert [technique.name for technique in stored().variant("dropout 2").techniques] == ["dropout"]


def test_removing_all_variants_is_a_mistake_with_a_way_back(open_page: OpenPage) -> None:
    page = open_page()
    for _ in page.variants:
        page.press(text.REMOVE_VARIANT)
    assert page.codes[0].startswith("variants:")
    page.press(text.UNDO)
    assert len(page.variants) == 1
    assert page.mistakes == []


def test_undo_brings_back_what_a_preset_replaced(open_page: OpenPage) -> None:
    page = open_page()
    assert text.UNDO not in page.labels("button")
    page.fill("text_input", text.EXPERIMENT_NAME, "mine")
    page.fill("text_input", "Widths", "7, 7")
    page.app.pills[0].set_value("too_big_a_net").run()
    assert page.widget("text_input", "Widths").value != "7, 7"
    page.press(text.UNDO)
    assert page.widget("text_input", text.EXPERIMENT_NAME).value == "mine"
    assert page.widget("text_input", "Widths").value == "7, 7"


def test_the_form_keeps_its_content_while_another_page_is_looked_at(open_page: OpenPage) -> None:
    page = open_page()
    page.fill("text_input", "Widths", "5, oops")
    page.fill("multiselect", text.TECHNIQUES, ["l1"])
    page.press(text.ADD_VARIANT)
    page.go("runs")
    page.go("lab")
    assert page.widget("text_input", "Widths").value == "5, oops"
    assert page.widget("multiselect", text.TECHNIQUES).value == ["l1"]
    assert page.variants[-1] == "variant"


def test_a_configuration_link_fills_the_form_once_and_trains_nothing(
    open_page: OpenPage, stored: Stored, store: Store
) -> None:
    shared = presets()["noisy_labels"]
    page = open_page(configuration=encode_link(shared))
    assert text.LOADED_FROM_LINK in page.shown
    assert page.variants == [variant.name for variant in shared.variants]
    assert store.experiments() == []
    page.fill("text_input", text.EXPERIMENT_NAME, "changed after the link")
    assert text.LOADED_FROM_LINK not in page.shown
    page.press(text.TRAIN)
    assert stored() == shared.model_copy(update={"name": "changed after the link"})
    assert list(page.app.query_params) == ["experiment"]


@pytest.mark.parametrize(
    ("packed", "told"),
    [
        ("xyz", "The link is broken"),
        ("", "The link is broken"),
        ("ä💥<script>", "The link is broken"),
        (encode_link(presets()[FIRST_VISIT])[:-9], "broken"),  # type: ignore[index]
        ("A" * (MAX_LINK_CHARACTERS + 1), f"allowed: up to {MAX_LINK_CHARACTERS:,}"),
        (pack('{"name": "' + "x" * 200_000 + '"}'), "64,000 bytes"),
        (pack("[" * 30_000), "not an experiment"),
        (pack('{"version": 2}'), "version: 2 is refused"),
        (pack('{"seeds": [0], "cmd": "rm"}'), "cmd: unknown key"),
        (pack('{"name": "a\\u0000b"}'), "name:"),
        (pack('{"dataset": {"name": "/etc/passwd"}}'), "dataset.name:"),
        (pack('{"training": {"learning_rate": 1e999}}'), "training.learning_rate"),
        (base64.urlsafe_b64encode(b"\x80\x04cos\nsystem\n").decode(), "The link is broken"),
    ],
)
def test_a_bad_link_says_what_is_wrong_and_changes_nothing_else(
    open_page: OpenPage, store: Store, packed: str, told: str
) -> None:
    page = open_page(configuration=packed)
    assert page.mistakes == [text.REFUSED]
    assert told in page.codes[0]
    assert page.variants == [variant.name for variant in presets()[FIRST_VISIT].variants]
    assert not page.widget("button", text.TRAIN).disabled
    assert store.experiments() == []
    page.app.run()
    assert page.mistakes == [], "said once"


def test_visitors_text_is_shown_as_it_was_typed(open_page: OpenPage, add_experiment: AddExperiment) -> None:
    hostile = "<b>x</b> ![i](http://e.x/i.png) $a$ :red[b] **c**"
    identifier = add_experiment(name=hostile, variants=[{"name": hostile[:60]}])
    page = open_page(experiment=identifier)
    shown = page.app.subheader[0].value
    assert "![" not in shown.replace("\\!\\[", "") and "<b>" not in shown.replace("\\<b\\>", "")
    assert shown.replace("\\", "") == hostile


@pytest.mark.parametrize("identifier", ["unknown", "", "'; DROP TABLE runs; --", "\x00", "x" * 5000, "💥"])
def test_an_unknown_experiment_is_told_with_a_way_on(open_page: OpenPage, identifier: str) -> None:
    page = open_page(experiment=identifier)
    assert [warning.value for warning in page.app.warning] == [text.NOT_FOUND]
    page.press(text.BACK_TO_LAB)
    assert page.app.query_params == {}
    assert text.RECORDED in page.shown


def test_an_experiment_is_shown_by_its_link_and_again_after_a_look_at_runs(
    open_page: OpenPage, add_experiment: AddExperiment
) -> None:
    identifier = add_experiment(name="shared")
    page = open_page(experiment=identifier)
    assert page.app.subheader[0].value == "shared"
    page.go("runs")
    page.app.query_params.clear()  # as a browser does when the page changes
    page.go("lab")
    assert page.app.subheader[0].value == "shared"
    assert page.app.query_params == {"experiment": identifier}


def test_cancel_ends_all_runs_or_one(open_page: OpenPage, add_experiment: AddExperiment, store: Store) -> None:
    identifier = add_experiment(seeds=[0, 1, 2])
    page = open_page(experiment=identifier)
    assert page.labels("button").count(text.CANCEL) == 1
    page.look_deeper(text.RUN_PROGRESS)
    page.press(text.CANCEL, index=2)
    assert [run.status for run in store.runs(identifier)] == ["queued", "cancelled", "queued"]
    page.press(text.CANCEL)
    assert {run.status for run in store.runs(identifier)} == {"cancelled"}
    assert text.CANCEL not in page.labels("button")


def test_share_links_lead_to_the_experiment_and_to_its_configuration(
    open_page: OpenPage, add_experiment: AddExperiment
) -> None:
    identifier = add_experiment(name="to share", training={"epochs": 11})
    page = open_page(experiment=identifier)
    page.look_deeper(text.SHARE)
    run_link, _, configuration_link = page.codes
    assert run_link.endswith(f"?experiment={identifier}")
    page = open_page(configuration=configuration_link.split("?configuration=")[1])
    assert page.widget("number_input", "Epochs").value == 11


@pytest.mark.parametrize(
    ("limit", "value", "told"),
    [
        ("LIMIT_ACTIVE_RUNS", "39", "queued and running runs for one visitor: 40 asked for; this host allows 39"),
        ("LIMIT_PARAMETERS", "1000", "parameters in a network: 26,122 asked for; this host allows 1,000"),
        ("LIMIT_EXPERIMENT_SECONDS", "3", "together, on one worker"),
    ],
)
def test_a_host_refuses_what_is_over_a_limit_and_the_form_keeps_it(
    open_page: OpenPage, store: Store, monkeypatch: pytest.MonkeyPatch, limit: str, value: str, told: str
) -> None:
    monkeypatch.setenv("HOSTED", "1")
    monkeypatch.setenv(limit, value)
    page = open_page(token=TOKEN)
    page.fill("text_input", text.EXPERIMENT_NAME, "too much")
    page.press(text.TRAIN)
    assert page.mistakes == [text.REFUSED]
    assert told in page.codes[0]
    assert page.widget("text_input", text.EXPERIMENT_NAME).value == "too much"
    assert len(page.variants) == 4
    assert store.experiments() == []
    page.fill("text_input", text.EXPERIMENT_NAME, "less")
    assert page.mistakes == [], "said once"


def test_queued_runs_count_for_their_visitor_alone(
    open_page: OpenPage, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOSTED", "1")
    monkeypatch.setenv("LIMIT_ACTIVE_RUNS", "40")
    page = open_page(token=TOKEN)
    page.press(text.TRAIN)
    page.press(text.TRAIN)
    assert "80 asked for" in page.codes[0]
    open_page(token=OTHER_TOKEN).press(text.TRAIN)
    assert {hashlib.sha256(token.encode()).hexdigest() for token in (TOKEN, OTHER_TOKEN)} == {
        summary.visitor for summary in store.experiments()
    }


def test_on_a_host_a_link_gives_reading_only(
    open_page: OpenPage, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOSTED", "1")
    owner = open_page(token=TOKEN)
    owner.press(text.TRAIN)
    assert text.CANCEL in owner.labels("button")
    (summary,) = store.experiments()
    for token in (OTHER_TOKEN, None):
        page = open_page(token=token, experiment=summary.id)
        assert page.app.subheader[0].value == presets()[FIRST_VISIT].name
        page.look_deeper(text.RUN_PROGRESS)
        assert text.CANCEL not in page.labels("button")
    again = open_page(token=TOKEN, experiment=summary.id)
    assert text.CANCEL in again.labels("button")


@pytest.mark.parametrize("token", [OTHER_TOKEN, None])
@pytest.mark.parametrize("key", ["cancel_experiment", "cancel_run", "open_envelope", "add_up_to_20"])
def test_a_button_counts_for_whoever_presses_it_now(
    open_page: OpenPage, store: Store, monkeypatch: pytest.MonkeyPatch, token: str | None, key: str
) -> None:
    monkeypatch.setenv("HOSTED", "1")
    page = open_page(token=TOKEN)
    page.press(text.TRAIN)
    (summary,) = store.experiments()
    runs = store.runs(summary.id)
    if key == "cancel_run":
        page.look_deeper(text.RUN_PROGRESS)
        key = f"cancel_{runs[0].id}"
    elif key != "cancel_experiment":
        for run in runs:
            store.start(run.id, 1, {}, 1e9)
            store.append_epochs(run.id, 1, [EpochRecord(1, 0.1, 0.2, 0.9, 0.8, 0.2, 0.001, 10, 0.01)], 1e9)
            store.finish(run.id, 1, "finished", ended_by="epochs", test_metrics=[(1, 0.1, 0.9)], now=1e9)
        page.app.run()
        page.app.checkbox(key=f"sure_{summary.id}").check().run()
    before, stored = store.runs(summary.id), store.experiment(summary.id)
    page.app.session_state[state.VISITOR] = token  # another person at the same browser
    page.app.button(key=key).click().run()
    page.check()
    assert (store.runs(summary.id), store.experiment(summary.id)) == (before, stored)
    assert opened_at(store, summary.id) is None


@pytest.mark.parametrize("token", ["", "none", "Z" * 64, "1" * 63, "1" * 65, "' OR 1=1"])
def test_without_a_proper_token_nothing_is_trained(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("HOSTED", "1")
    page = open_page(token=token)
    assert page.widget("button", text.TRAIN).disabled
    assert page.charts, "the recorded example is there for everyone"


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("WORKERS", "many", 'WORKERS is "many"'),
        ("WORKERS", "0", 'WORKERS is "0"'),
        ("LIMIT_PARAMETERS", "-3", 'LIMIT_PARAMETERS is "-3"'),
        ("DATABASE_URL", "nonsense://user:secret@host", "database"),
    ],
)
def test_a_wrong_setting_is_named_on_the_page(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    with monkeypatch.context() as changed:
        changed.setenv("HOSTED", "1")
        changed.setenv(variable, value)
        page = open_page()
    st.cache_resource.clear()
    assert len(page.mistakes) == 1
    assert told in page.mistakes[0]
    assert "secret" not in page.mistakes[0]
    assert page.labels("button") == []


def test_an_experiment_is_named_after_what_it_compares_until_a_person_names_it(open_page: OpenPage) -> None:
    page = open_page()
    field = ("text_input", text.EXPERIMENT_NAME)
    assert page.widget(*field).value == presets()[FIRST_VISIT].name, "as long as it is this example"
    page.fill("selectbox", text.DATASET, "wine")
    assert page.widget(*field).value == "Wine: dropout, L2, dropout + L2 + stop"
    page.press(text.REMOVE_VARIANT, index=3)
    assert page.widget(*field).value == "Wine: dropout, L2"
    page.fill(*field, "mine")
    page.press(text.REMOVE_VARIANT, index=2)
    assert page.widget(*field).value == "mine"
    page.fill(*field, "")
    assert page.widget(*field).value == "Wine: dropout"
    page.press(text.REMOVE_VARIANT, index=1)
    assert page.widget(*field).value == f"Wine: {ARCHITECTURES['mlp'].label}"


def test_the_form_follows_what_is_shown_unless_it_holds_changes(
    open_page: OpenPage, add_experiment: AddExperiment
) -> None:
    first, second = (add_experiment(name=f"of {epochs}", training={"epochs": epochs}) for epochs in (11, 12))
    page = open_page(experiment=first)
    page.app.query_params["experiment"] = second
    page.app.run()
    page.check()
    assert page.widget("number_input", "Epochs").value == 12
    page.fill("number_input", "Epochs", 13)
    page.app.query_params["experiment"] = first
    page.app.run()
    assert page.widget("number_input", "Epochs").value == 13
    assert "Epochs 11 → 13" in page.shown


def test_runs_that_failed_for_one_reason_share_a_box(
    open_page: OpenPage, add_experiment: AddExperiment, store: Store
) -> None:
    identifier = add_experiment(variants=[{"name": "a*"}, {"name": "b"}], seeds=[0, 1, 2], training={"epochs": 3})
    for run in store.runs(identifier):
        store.start(run.id, 1, {}, 1e9)
        reason = (
            "no <b>memory</b>"
            if (run.variant, run.seed) == ("b", 2)
            else f"The loss became NaN in epoch {run.seed + 2}."
        )
        store.finish(run.id, 1, "failed", message=reason, now=1e9)
    boxes = [box.replace("\\", "") for box in open_page(experiment=identifier).mistakes]
    assert boxes == [
        "**a***, seeds 0, 1, 2; **b**, seeds 0, 1: The loss became NaN.",
        "**b**, seeds 2: no <b>memory</b>",
    ]


def test_settings_that_cannot_work_are_said_before_training(open_page: OpenPage) -> None:
    page = open_page()
    page.fill("number_input", "Epochs", 20)
    assert "“dropout + L2 + stop”: early stopping waits 20 epochs, but there are 20 epochs: it never fires." in said(
        page
    )
    assert not page.widget("button", text.TRAIN).disabled


def test_undo_keeps_the_name_that_a_person_gave(open_page: OpenPage) -> None:
    page = open_page()
    page.fill("text_input", text.EXPERIMENT_NAME, "mine")
    page.press(text.COPY_VARIANT, index=1)
    page.press(text.UNDO)
    assert page.widget("text_input", text.EXPERIMENT_NAME).value == "mine"


def test_a_marked_rule_a_new_name_and_other_seeds_are_told_for_what_they_are(open_page: OpenPage) -> None:
    page = open_page()
    page.fill("slider", "Patience", 17)  # of What if: the curves stay what they are
    assert text.MISMATCH not in page.shown
    page.fill("text_input", text.VARIANT_NAME, "weights", index=2)
    assert "“L2” is called “weights”." in said(page)
    page.press(text.BACK_TO_FORM)
    page.fill("text_input", text.SEEDS, "20, 21, 22, 23, 24, 25, 26, 27, 28, 29")
    assert "other seeds." in said(page)


def test_a_card_keeps_the_colour_of_its_line_when_others_are_removed(open_page: OpenPage) -> None:
    page = open_page()
    page.press(text.REMOVE_VARIANT, index=1)
    style = next(html for html in (block.proto.body for block in page.app.get("html")) if "variant_card_0" in html)
    assert "variant_card_2" in style and "variant_card_1 " not in style


def test_places_of_variants_are_those_of_the_shown_ones_and_each_is_taken_once() -> None:
    assert _places(["a", "c"], ["a", "b", "c"]) == [0, 2]
    assert _places(["new", "a", "a", "other"], ["a", "b"]) == [2, 0, 3, 4]


def test_momentum_is_asked_for_with_sgd_alone(open_page: OpenPage, stored: Stored) -> None:
    page = open_page()
    assert "Momentum" not in page.labels("number_input")
    page.fill("selectbox", "Optimizer", "sgd")
    page.fill("number_input", "Momentum", 0.9)
    page.fill("selectbox", "Optimizer", "rmsprop")
    assert "Momentum" not in page.labels("number_input")
    assert text.FIX_FIRST not in page.shown
    page.fill("selectbox", "Optimizer", "sgd")
    page.fill("number_input", "Momentum", 0.8)
    page.press(text.TRAIN)
    assert stored().training.momentum == 0.8
