"""Networks on the page: one of a variant's own, pictures of what is built, and recordings of presets."""

from collections.abc import Callable
from typing import Any

import pytest

from experiment.presets import EXAMPLES, presets, recorded_curves
from experiment.spec import Experiment
from models.architectures import ARCHITECTURES
from training.dispatch.questions import Asked
from ui import text
from ui.components.network_view import network_html
from ui.services import services

OpenPage = Callable[..., Any]
RECORDED = list(presets())
"""Each has a recording: what a preset shows is on screen as soon as it is chosen."""


def html_of(page: Any) -> str:
    return "\n".join(html.proto.body for html in page.app.get("html"))


def own_network(page: Any, variant: int, name: str | None) -> None:
    page.fill("selectbox", text.OWN_NETWORK, name, index=variant)


def test_a_variant_takes_a_network_of_its_own_and_gives_it_back(
    open_page: OpenPage, stored: Callable[..., Experiment]
) -> None:
    page = open_page()
    residual = ARCHITECTURES["resnet_mlp"].label
    assert page.networks == [text.CHANGE_NETWORK] * 4
    own_network(page, 1, "resnet_mlp")
    page.fill("number_input", "Blocks", 2)
    assert page.networks[1] == residual
    page.press(text.UNDO)
    assert page.networks[1] == text.CHANGE_NETWORK
    own_network(page, 1, "resnet_mlp")
    page.fill("number_input", "Blocks", 2)
    page.press(text.TRAIN)
    experiment = stored()
    own = experiment.variants[1].architecture
    assert own is not None and (own.name, own.model_dump()["blocks"]) == ("resnet_mlp", 2)
    assert [v.architecture for v in experiment.variants if v.name != "dropout"] == [None] * 3
    own_network(page, 1, None)
    assert page.mistakes == []
    assert page.networks[1] == text.CHANGE_NETWORK


def test_a_network_that_the_data_do_not_fit_is_refused_with_the_reason(open_page: OpenPage) -> None:
    page = open_page()
    page.fill("selectbox", text.DATASET, "moons")
    own_network(page, 0, "resnet_conv")
    assert page.mistakes
    assert any("takes images" in code for code in page.codes)


def test_the_network_tab_shows_what_is_built(open_page: OpenPage) -> None:
    page = open_page()
    assert "Dense 128" in html_of(page)
    page.app.pills[0].set_value("deep_nets").run()
    page.check()
    shown = html_of(page)
    assert "25 ×" in shown and text.NETWORK_SHORTCUT in shown
    page.fill("selectbox", text.NETWORK_OF, "plain, 50 layers")
    assert "50 ×" in html_of(page)


def test_the_picture_renders_no_markup_and_says_shapes_and_weights() -> None:
    experiment = presets()["small_images"]
    html = network_html(experiment.plan(experiment.variants[0]))
    assert html.count('class="shortcut"') == 2
    assert "Conv 1×1, 32, stride 2" in html
    assert "8 × 8 × 1" in html and "4 × 4 × 32" in html
    assert "<script" not in html


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_preset_shows_its_recording(open_page: OpenPage, name: str) -> None:
    page = open_page()
    page.app.pills[0].set_value(name).run()
    page.check()
    experiment = presets()[name]
    assert [heading.value for heading in page.app.subheader] == [experiment.name]
    assert text.RECORDED in page.shown
    assert sorted(row[0] for row in page.tables[0][1:]) == sorted(variant.name for variant in experiment.variants)
    own = [variant.name for variant in experiment.variants if variant.architecture]
    assert (text.OWN_NETWORK_OF[:20] in page.shown) == bool(own)


@pytest.mark.parametrize("name", RECORDED)
def test_a_recording_is_of_its_preset_and_small(name: str) -> None:
    runs = recorded_curves(name)
    experiment = presets()[name]
    assert sorted((run.variant, run.seed) for run in runs) == sorted(experiment.runs())
    assert {run.status for run in runs} == {"finished"}
    assert all(len(run.curves["val_loss"]) <= experiment.training.epochs for run in runs)
    assert (EXAMPLES / f"{name}.result.json").stat().st_size < 1_600_000


def test_kerass_summary_waits_for_a_worker_and_comes_by_itself(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page()
    (key,) = {
        expander.proto.id.rsplit("-", 1)[-1] for expander in page.app.expander if expander.label == text.KERAS_SUMMARY
    }
    page.app.session_state[key] = True
    page.app.run()
    assert text.SUMMARY_WARMING_UP in page.shown

    class Answer:
        status = "finished"

        def done(self) -> bool:
            return True

        def result(self) -> str:
            return 'Model: "functional"'

    monkeypatch.setattr(services().queue.questions, "_ask", lambda *question: Asked(set(), future=Answer()))
    page.app.run()
    assert 'Model: "functional"' in page.codes


def test_a_stored_experiment_shows_the_network_of_each_variant(
    open_page: OpenPage, add_experiment: Callable[..., str]
) -> None:
    variants = [{"name": "plain"}, {"name": "residual *net*", "architecture": {"name": "resnet_mlp", "blocks": 7}}]
    page = open_page(experiment=add_experiment(variants=variants, seeds=[0]))
    page.look_deeper(text.NETWORKS)
    assert "7 ×" not in html_of(page)
    page.fill("selectbox", text.NETWORK_OF, "residual *net*", index=-1)
    assert "7 ×" in html_of(page)
