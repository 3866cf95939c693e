"""Learn: nothing on it is out of step with the registry."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from charts.technique_pictures import PICTURES
from experiment.lessons import lesson
from experiment.spec import Experiment
from models.architectures import ARCHITECTURES
from models.parameters import parameters
from models.techniques import TECHNIQUES
from results.store import Store
from ui import text
from ui.layout import LAB_PAGE
from ui.learn import learn_text
from ui.learn.sections import keras_lines

OpenPage = Callable[..., Any]

SENTENCE_END = re.compile(r"[.!?](?=\s|$)")


def open_learn(open_page: OpenPage, *sections: str) -> Any:
    """The page with these sections open."""
    page = open_page("learn")
    for section in sections:
        page.app.session_state[f"open_{section}"] = True
    page.app.run()
    page.check()
    return page


@pytest.mark.parametrize("name", TECHNIQUES)
def test_every_technique_has_three_sentences_and_says_when_it_hurts(name: str) -> None:
    technique = TECHNIQUES[name]
    assert len(SENTENCE_END.findall(technique.idea)) == 3 and technique.idea.endswith(".")
    assert len(technique.hurts) > 20 and technique.hurts.endswith(".")
    assert technique.source.startswith("https://")


@pytest.mark.parametrize("name", TECHNIQUES)
def test_a_section_shows_all_that_the_registry_says_and_a_picture(open_page: OpenPage, name: str) -> None:
    page, technique = open_learn(open_page, name), TECHNIQUES[name]
    for words in (technique.idea, technique.hurts, technique.acts, technique.source):
        assert words in page.shown
    assert [latex.value.strip("$\n ") for latex in page.app.latex] == [technique.formula.strip()]
    assert page.codes == [keras_lines(technique)]
    chart = page.charts[-1]
    assert chart["alt"] in page.shown and len(chart["figure"]["data"]) > 0
    known = {parameter.key: parameter.label for parameter in parameters(technique)}
    assert page.labels("slider") == [known[key] for key in PICTURES[name].controls]
    assert (learn_text.DRAW_ANEW in page.labels("button")) == PICTURES[name].random


def test_closed_sections_cost_nothing_and_their_order_is_the_registrys(open_page: OpenPage) -> None:
    page = open_page("learn")
    titles = [expander.label for expander in page.app.expander]
    assert [title.split("**")[1] for title in titles if "**" in title] == [t.label for t in TECHNIQUES.values()]
    assert len(page.charts) == 1, "the recorded curve alone"
    assert learn_text.OVERFITTING_TEXT.strip() in page.shown
    assert "Overfitting begins at epoch" in page.charts[0]["alt"]


def test_labels_and_names_are_shown(open_page: OpenPage) -> None:
    page = open_learn(open_page, "labels", "names")
    assert learn_text.LABELS_CODE.strip() in page.codes[0]
    tables = [table.value for table in page.app.table]
    assert list(tables[0].iloc[:, -1]) == ["−ln 0.7 = 0.357", "−ln 0.5 = 0.693"]
    assert "`tf.keras.losses.SparseCategoricalCrossentropy`" in list(tables[2].iloc[:, -1])
    assert learn_text.NAMES_MORE.strip() in page.shown


def test_every_network_is_drawn(open_page: OpenPage) -> None:
    page = open_learn(open_page, "networks")
    for architecture in ARCHITECTURES.values():
        assert architecture.summary in page.shown and architecture.diagram in page.shown
    drawn = [
        html.proto.body.split("</style>")[1] for html in page.app.get("html") if 'class="network"' in html.proto.body
    ]
    assert len(drawn) == len(ARCHITECTURES)
    assert page.codes == [learn_text.RESIDUAL_CODE.strip()]
    assert list(page.app.table[0].value.iloc[:, 0]) == [name for name, _ in learn_text.DEEP_ROWS]
    assert [text.NETWORK_SHORTCUT in picture for picture in drawn] == [a.residual for a in ARCHITECTURES.values()]


def test_a_slider_and_the_button_change_the_picture(open_page: OpenPage) -> None:
    page = open_learn(open_page, "dropout")
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
    page = open_learn(open_page, name)
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
