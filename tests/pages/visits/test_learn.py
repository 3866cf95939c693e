"""Learn: six steps, and everything there is; nothing on it is out of step with the registry or the recordings."""

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st

from analysis.early_stopping import StoppingRule
from charts.technique_pictures import PICTURES
from experiment.lesson_recordings import lesson_curves, lesson_experiments
from experiment.lessons import lesson
from experiment.presets import FIRST_VISIT
from experiment.spec import Experiment
from models.architectures import ARCHITECTURES
from models.parameters import parameters
from models.techniques import TECHNIQUES
from results.store import Store
from ui import state, text
from ui.layout import LAB_PAGE
from ui.learn import learn_text
from ui.learn.families import EXPLAINED, FAMILIES, find_entries, name_entry
from ui.learn.path import STEPS
from ui.learn.questions import questions, sheet
from ui.learn.recorded import baseline_runs, experiment_of
from ui.learn.sections import keras_lines
from ui.learn.steps import by_heart, luck, predict, stopping, weights
from wording.evidence import say_onset
from wording.verdict import say_comparison

OpenPage = Callable[..., Any]

SENTENCE_END = re.compile(r"[.!?](?=\s|$)")
ENTRIES = [entry for family in FAMILIES for entry in family.entries]
STEP_NUMBERS = range(1, len(STEPS) + 1)


def open_step(open_page: OpenPage, step: object) -> Any:
    """The page as somebody finds it who follows a link to a step."""
    page = open_page("learn")
    page.app.query_params[state.STEP_PARAMETER] = str(step)
    page.app.run()
    page.check()
    return page


def open_entry(open_page: OpenPage, entry: str) -> Any:
    """The page with this open below the steps."""
    page = open_page("learn")
    page.press(name_entry(entry))
    return page


def chart(page: Any, key: str) -> Any:
    """The figure of the chart with this key."""
    return next(chart["figure"] for chart in page.charts if chart["live"] == key)


def shown_step(page: Any) -> str:
    """The heading of the step that is shown."""
    return str(page.app.subheader[0].value)


@pytest.mark.parametrize("step", STEP_NUMBERS)
def test_a_link_leads_to_each_step(open_page: OpenPage, step: int) -> None:
    page = open_step(open_page, step)
    assert shown_step(page) == f"{step}. {STEPS[step - 1].name()}"
    ways = [label for label in page.labels("button") if label == "Back" or label.startswith("Next")]
    assert ways == [
        *(["Back"] if step > 1 else []),
        *([f"Next: {STEPS[step].name()}"] if step < len(STEPS) else []),
    ]


@pytest.mark.parametrize("asked", ["0", "7", "-1", "x", "", "1.5", "٣", "1" * 5000, "<script>"])
def test_a_step_that_there_is_not_is_the_first(open_page: OpenPage, asked: str) -> None:
    assert shown_step(open_step(open_page, asked)).startswith("1.")


def test_next_and_back_and_the_row_of_steps_change_the_address(open_page: OpenPage) -> None:
    page = open_page("learn")
    page.press(f"Next: {STEPS[1].name()}")
    assert shown_step(page).startswith("2.") and page.app.query_params[state.STEP_PARAMETER] == "2"
    page.press("Back")
    assert shown_step(page).startswith("1.") and page.app.query_params[state.STEP_PARAMETER] == "1"
    page.fill("segmented_control", "Step", 4)
    assert shown_step(page).startswith("4.") and page.app.query_params[state.STEP_PARAMETER] == "4"


def test_the_onset_is_shown_only_after_the_person_has_said_where(open_page: OpenPage) -> None:
    page, run = open_page("learn"), by_heart.shown_run()
    assert run.onset is not None, "a recording without an onset teaches nothing here: choose another"
    evidence = say_onset(run.onset)
    page.fill("slider", "Epoch", run.epochs)
    assert evidence not in page.shown and "v0_onset" not in str(page.charts)
    page.fill("slider", "Epoch", 40)
    page.press("Here it stops getting better")
    assert f"You said epoch 40. **Overfitting begins at epoch {run.onset.epoch}**: {evidence}." in page.shown
    (mark,) = (trace for trace in chart(page, "learn_by_heart")["data"] if trace["uid"] == "v0_onset")
    assert mark["text"][0].startswith(f"Overfitting begins at epoch {run.onset.epoch}")
    page.press("Say it again")
    assert evidence not in page.shown


def test_the_curve_is_drawn_up_to_the_slider_alone(open_page: OpenPage) -> None:
    page = open_page("learn")
    page.fill("slider", "Epoch", 17)
    drawn = [trace for trace in chart(page, "learn_by_heart")["data"] if trace["mode"] == "lines"]
    assert [len(decode(trace["y"])) for trace in drawn] == [17, 17]


def decode(values: dict[str, str]) -> list[float]:
    return list(np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"]))


def test_a_curve_grows_until_the_person_stops_it(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("ui.learn.steps.stopping.time.time", lambda: now)
    page = open_step(open_page, 2)
    page.press("Start the training")
    now += 5
    page.app.run()
    epoch = stopping.reached(5, 150)
    assert f"Epoch {epoch}: validation loss" in page.shown
    page.press("Stop here")
    assert f"**You** stopped at epoch {epoch}" in page.shown
    page.fill("slider", "Patience of early stopping, in epochs", 3)
    run = next(run for run in baseline_runs(StoppingRule(patience=3)) if run.seed == drawn_seed(page))
    assert f"stops at epoch {run.stopping.stop_epoch} and takes back epoch {run.best_epoch}" in page.shown
    assert page.tables[-1][0] == list(text.WHAT_IF_COLUMNS)
    page.press("Another seed")
    assert "Start the training" in page.labels("button") and drawn_seed(page) != run.seed


def drawn_seed(page: Any) -> int:
    return int(page.charts[0]["figure"]["layout"]["uirevision"].split()[-1])


def test_a_curve_does_not_grow_unseen(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("ui.learn.steps.stopping.time.time", lambda: now)
    page = open_step(open_page, 2)
    page.press("Start the training")
    page.press("Back")
    now += 1000
    page.fill("segmented_control", "Step", 2)
    assert "Start the training" in page.labels("button")


def test_a_curve_that_nobody_stops_ends_with_its_last_epoch(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("ui.learn.steps.stopping.time.time", lambda: now)
    page = open_step(open_page, 2)
    page.press("Start the training")
    now += 1000
    page.app.run()
    page.check()
    assert f"**You** stopped at epoch {baseline_runs()[0].epochs}" in page.shown


def test_the_same_seeds_are_connected_and_the_interval_closes(open_page: OpenPage) -> None:
    page = open_step(open_page, 3)
    scores = luck.pairs()
    assert luck.say_columns(scores) in page.shown and chart(page, "learn_pairs")["data"][0]["y"] == []
    page.app.toggle[0].set_value(True).run()
    page.fill("slider", "Seeds that are compared", 5)
    assert luck.say_pairs(scores[:5]) in page.shown and len(chart(page, "learn_pairs")["data"][0]["y"]) == 15
    assert len(decode(chart(page, "learn_interval")["data"][0]["y"])) == 4, "after 2, 3, 4 and 5 seeds"
    verdict = luck.verdict_after(5)
    assert say_comparison(luck.compared(verdict), verdict) in page.shown


def test_with_all_seeds_the_verdict_is_that_of_the_first_visit() -> None:
    found = {comparison.variant: comparison for comparison in predict.verdict_on(FIRST_VISIT).comparisons}
    assert luck.compared(luck.verdict_after(len(luck.pairs()))) == found[luck.TECHNIQUE]


@pytest.mark.parametrize("technique", weights.PENALTIES)
def test_a_strength_is_chosen_on_the_valley(open_page: OpenPage, technique: str) -> None:
    page, name = open_step(open_page, 4), weights.PENALTIES[technique]
    page.fill("segmented_control", "Penalty", technique)
    values = sorted(getattr(variant.techniques[0], technique) for variant in lesson_experiments()[name].variants[1:])
    for value in (0.0, values[0], values[-1]):
        page.app.select_slider[0].set_value(value).run()
        page.check()
        assert weights.say_strength(name, technique, value) in page.shown
    assert page.charts[0]["figure"]["layout"]["xaxis"]["ticktext"][0] == "0"
    assert len(page.charts) == 3, "valley, curves, histogram"


def test_each_disturbance_is_drawn_anew_and_has_its_curves(open_page: OpenPage) -> None:
    page = open_step(open_page, 5)
    first = page.charts[0]["figure"]
    page.press(learn_text.DRAW_ANEW)
    assert page.charts[0]["figure"]["data"][1] != first["data"][1]
    for technique in ("augmentation", "mixup", "label_smoothing"):
        page.fill("segmented_control", "Technique", technique)
        assert TECHNIQUES[technique].idea in page.shown
        assert "baseline" in page.curves["alt"] and len(page.curves["figure"]["layout"]["meta"]["words"]) == 2


@pytest.mark.parametrize("name", predict.QUESTIONS)
def test_a_result_is_shown_only_after_a_prediction(
    open_page: OpenPage, stored: Callable[..., Experiment], name: str
) -> None:
    page = open_step(open_page, 6)
    page.fill("segmented_control", "Experiment", name)
    assert page.charts == [] and page.cards == []
    variant, _loss = predict.lowest_of(name)
    page.fill("button_group", "My prediction", variant)
    assert "**As you said.**" in page.shown and len(page.charts) == 1 and page.cards
    with pytest.MonkeyPatch.context() as patch:
        went: list[Path] = []
        patch.setattr(st, "switch_page", went.append)
        page.press("Run it yourself in the Lab")
    assert went == [LAB_PAGE]
    page.go("lab")
    page.press(text.TRAIN)
    assert stored().variants == experiment_of(name).variants


def test_every_lesson_is_recorded_whole() -> None:
    for name, experiment in lesson_experiments().items():
        runs = lesson_curves(name)
        assert [(run.variant, run.seed) for run in runs] == experiment.runs()
        assert {run.status for run in runs} == {"finished"}


def test_questions_have_answers_on_the_page_and_on_the_sheet(open_page: OpenPage) -> None:
    page, printed = open_page("learn"), sheet()
    page.app.session_state["question_1"] = True
    page.app.run()
    page.check()
    for number, question in enumerate(questions(), start=1):
        assert f"{number}. {question.asked}" in printed and question.answer()
        assert any(label.startswith(f"{number}. {question.asked}") for label in page.labels("expander"))
    assert {question.step for question in questions()} == set(STEP_NUMBERS)


def test_every_technique_is_in_one_family() -> None:
    assert sorted(ENTRIES) == sorted([*TECHNIQUES, *EXPLAINED])


@pytest.mark.parametrize("name", TECHNIQUES)
def test_every_technique_has_three_sentences_and_says_when_it_hurts(name: str) -> None:
    technique = TECHNIQUES[name]
    assert len(SENTENCE_END.findall(technique.idea)) == 3 and technique.idea.endswith(".")
    assert len(technique.hurts) > 20 and technique.hurts.endswith(".")
    assert technique.source.startswith("https://")


@pytest.mark.parametrize("name", TECHNIQUES)
def test_an_entry_shows_all_that_the_registry_says_and_a_picture(open_page: OpenPage, name: str) -> None:
    page, technique = open_entry(open_page, name), TECHNIQUES[name]
    for words in (technique.idea, technique.hurts, technique.acts, technique.source):
        assert words in page.shown
    assert [latex.value.strip("$\n ") for latex in page.app.latex] == [technique.formula.strip()]
    assert page.codes == [keras_lines(technique) or learn_text.NO_CALL]
    chart = page.charts[-1]
    assert chart["alt"] in page.shown and len(chart["figure"]["data"]) > 0
    known = {parameter.key: parameter.label for parameter in parameters(technique)}
    assert page.labels("slider") == ["Epoch", *(known[key] for key in PICTURES[name].controls)]
    assert (learn_text.DRAW_ANEW in page.labels("button")) == PICTURES[name].random


def test_a_layer_is_written_as_in_a_network() -> None:
    assert keras_lines(TECHNIQUES["dropout"]).startswith("H = tf.keras.layers.Dropout(")
    assert keras_lines(TECHNIQUES["dropout"]).endswith(")(H)")
    assert "class_weight=" in keras_lines(TECHNIQUES["class_weight"])
    assert keras_lines(TECHNIQUES["early_stopping"]).startswith("tf.keras.callbacks.EarlyStopping(")


def test_nothing_is_open_at_first_and_a_second_press_closes(open_page: OpenPage) -> None:
    page = open_page("learn")
    assert page.codes == []
    page.press("L2")
    assert page.codes == [keras_lines(TECHNIQUES["l2"])]
    page.press("L2")
    assert page.codes == []


def test_the_search_finds_names_words_and_keras_lines(open_page: OpenPage) -> None:
    assert find_entries("  ") == ENTRIES
    assert find_entries("adamw") == ["weight_decay", "names"]
    assert "networks" in find_entries("residual") and "labels" in find_entries("sparse one-hot")
    assert find_entries("no such thing") == []
    page = open_page("learn")
    page.fill("text_input", "Search", "EarlyStopping")
    shown = {name_entry(entry) for entry in ENTRIES} & set(page.labels("button"))
    assert shown == {name_entry(entry) for entry in find_entries("earlystopping")} and "Early stopping" in shown


def test_labels_and_names_are_shown(open_page: OpenPage) -> None:
    page = open_entry(open_page, "labels")
    assert learn_text.LABELS_CODE.strip() in page.codes[0]
    tables = [table.value for table in page.app.table]
    assert list(tables[0].iloc[:, -1]) == ["−ln 0.7 = 0.357", "−ln 0.5 = 0.693"]
    page = open_entry(open_page, "names")
    assert "`tf.keras.losses.SparseCategoricalCrossentropy`" in list(page.app.table[1].value.iloc[:, -1])
    assert learn_text.NAMES_MORE.strip() in page.shown


def test_every_network_is_drawn(open_page: OpenPage) -> None:
    page = open_entry(open_page, "networks")
    for architecture in ARCHITECTURES.values():
        assert architecture.summary in page.shown and architecture.diagram in page.shown
    drawn = [
        html.proto.body.split("</style>")[1] for html in page.app.get("html") if 'class="network"' in html.proto.body
    ]
    shortcuts = [*(architecture.residual for architecture in ARCHITECTURES.values()), True]
    assert [text.NETWORK_SHORTCUT in picture for picture in drawn] == shortcuts, "the last one has a hundred layers"
    assert page.codes == [learn_text.RESIDUAL_CODE.strip()]
    assert list(page.app.table[0].value.iloc[:, 0]) == [name for name, _ in learn_text.DEEP_ROWS]
    assert "50" in drawn[-1] and page.charts


def test_a_slider_and_the_button_change_the_picture(open_page: OpenPage) -> None:
    page = open_entry(open_page, "dropout")
    first = page.charts[-1]["figure"]
    page.press(learn_text.DRAW_ANEW)
    second = page.charts[-1]["figure"]
    assert second["data"][0] == first["data"][0] and second["data"][1] != first["data"][1]
    page.fill("slider", "Rate", 0.0)
    before, after = page.charts[-1]["figure"]["data"]
    assert before["z"] == after["z"]


@pytest.mark.parametrize("name", ["dropout", "stochastic_depth", "cutmix"])
def test_a_techniques_button_fills_the_lab(
    open_page: OpenPage, stored: Callable[..., Experiment], store: Store, name: str
) -> None:
    page = open_entry(open_page, name)
    with pytest.MonkeyPatch.context() as patch:
        went: list[Path] = []
        patch.setattr(st, "switch_page", went.append)
        page.press(learn_text.COMPARE)
    assert went == [LAB_PAGE] and store.experiments() == []
    page.go("lab")
    experiment = lesson(TECHNIQUES[name])
    assert page.variants == [variant.name for variant in experiment.variants]
    assert learn_text.LOADED.format(name=experiment.name) in page.shown
    page.press(text.TRAIN)
    assert stored() == experiment
