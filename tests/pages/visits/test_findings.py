"""What lies below the results, with what workers would have stored."""

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from experiment.spec import parse_experiment
from results.findings.boundary import BOUNDARY, grid_points, lay_grid, pack_boundary
from results.findings.calibration import CALIBRATION, pack_confidences
from results.findings.mistakes import MISTAKES, pack_mistakes
from results.findings.reference_scores import pack_reference_scores
from results.findings.weights import WEIGHTS, describe_weights
from results.records import EpochRecord, Run
from results.store import Store
from training.dispatch.questions import Asked, Question, Questions
from training.dispatch.tasks import augment_samples
from ui import text

OpenPage = Callable[..., Any]
AddExperiment = Callable[..., str]

NASTY = "<b>*bold*</b>"
VARIANTS = [{"name": "baseline"}, {"name": NASTY, "techniques": [{"name": "l1"}]}]


def described(scale: float) -> dict[str, Any]:
    weights = np.random.default_rng(0).normal(0, scale, 2000).astype(np.float32)
    found = describe_weights([weights], members=1)
    assert found is not None
    return found


def record(epoch: int, series: dict[str, Any] | None = None) -> EpochRecord:
    return EpochRecord(epoch, 0.5, 0.6, 0.9, 0.8, 0.5, 0.001, epoch * 10, 0.01, series)


def begin(store: Store, identifier: str, now: float = 4e9) -> list[Run]:
    """The experiment's runs, each with four epochs whose weights are described at two of them."""
    runs = store.runs(identifier)
    for place, run in enumerate(runs):
        store.start(run.id, 1, {}, now)
        looks = {1: {WEIGHTS: described(0.1)}, 3: {WEIGHTS: described(0.2 * (place + 1))}}
        store.append_epochs(run.id, 1, [record(epoch, looks.get(epoch)) for epoch in range(1, 5)], now)
    return runs


def boundary_bytes() -> bytes:
    x, y = lay_grid(np.array([[-1, 0], [2, 1]], np.float32))
    right = (grid_points(x, y)[:, 0] > 0.5).astype(np.float32)
    return pack_boundary(x, y, np.stack([1 - right, right], axis=1))


def mistakes_bytes(images: bool) -> bytes:
    probabilities = np.full((8, 10), 0.01, np.float32)
    probabilities[np.arange(8), [0, 1, 2, 3, 4, 5, 7, 9]] = [0.91, 0.91, 0.91, 0.91, 0.91, 0.91, 0.75, 0.85]
    pictures = np.random.default_rng(0).random((100, 8, 8, 1), np.float32) if images else None
    names = ("<i>0</i>", *map(str, range(1, 10)))
    return pack_mistakes(names, np.array([0, 1, 2, 3, 4, 5, 1, 1]), probabilities, np.arange(50, 58), pictures)


@pytest.fixture
def points(store: Store, add_experiment: AddExperiment) -> tuple[str, list[Run]]:
    """An experiment on moons whose runs are training."""
    identifier = add_experiment(
        dataset={"name": "moons", "samples": 100}, training={"epochs": 9}, variants=VARIANTS, seeds=[3, 5]
    )
    return identifier, begin(store, identifier)


def panels(page: Any) -> list[dict[str, Any]]:
    return [chart for chart in page.charts if chart["alt"].startswith("Decision boundary")]


def test_a_boundary_is_drawn_as_soon_as_a_worker_has_one(
    open_page: OpenPage, store: Store, points: tuple[str, list[Run]]
) -> None:
    identifier, runs = points
    page = open_page(experiment=identifier)
    assert text.BOUNDARY_LATER in page.shown
    assert panels(page) == []
    store.put_artifact(runs[0].id, 1, BOUNDARY, 2, boundary_bytes(), 4e9)
    page.app.run()
    page.check()
    (panel,) = panels(page)
    assert "baseline, seed 3, epoch 2" in panel["alt"]
    assert "class 0 50%, class 1 50%" in panel["alt"]
    assert "accuracy: 80.0%" in panel["alt"]
    symbols = {trace["marker"]["symbol"] for trace in panel["figure"]["data"]}
    assert len(symbols) == 2, "training and validation points differ in shape"
    for run in runs:
        store.put_artifact(run.id, 1, BOUNDARY, 4, boundary_bytes(), 4e9)
    page.app.run()
    assert len(panels(page)) == 2, "one for each variant, of one seed"
    page.fill("selectbox", text.SHOWN_SEED, 5)
    assert all("seed 5" in panel["alt"] for panel in panels(page))
    assert "\\<b\\>" in page.shown, "names are text"


def test_other_data_have_no_boundary(open_page: OpenPage, store: Store, add_experiment: AddExperiment) -> None:
    identifier = add_experiment(dataset={"name": "wine"}, training={"epochs": 4}, seeds=[0])
    begin(store, identifier)
    page = open_page(experiment=identifier)
    assert text.BOUNDARY_LATER not in page.shown
    assert text.INSIDE in page.widget("segmented_control", text.DEEPER).options


def test_nothing_is_read_for_a_panel_that_is_not_chosen(open_page: OpenPage, points: tuple[str, list[Run]]) -> None:
    page = open_page(experiment=points[0])
    assert text.INSIDE_HELP not in page.shown
    assert text.MISTAKES_LATER not in page.shown


def test_weights_are_shown_at_the_epoch_that_is_asked_for(
    open_page: OpenPage, store: Store, points: tuple[str, list[Run]]
) -> None:
    identifier, runs = points
    page = open_page(experiment=identifier)
    page.look_deeper(text.INSIDE)
    table = page.app.dataframe[-1].value
    assert list(table["Variant"]) == ["baseline", NASTY]
    assert list(table[text.WEIGHTS_EPOCH]) == [3, 3]
    assert table[text.NORM][1] == pytest.approx(2 * table[text.NORM][0], rel=1e-3)
    histogram = next(chart for chart in page.charts if chart["alt"].startswith("Histogram"))
    names = [trace["name"] for trace in histogram["figure"]["data"]]
    assert names == ["baseline", "&lt;b&gt;*bold*&lt;/b&gt;"]
    assert text.WEIGHTS_EPOCH not in page.labels("select_slider"), "the latest, while epochs arrive"
    for run in runs:
        handed_over = json.dumps(described(0.4)).encode()
        store.finish(run.id, 1, "finished", artifacts={WEIGHTS: (4, handed_over)}, now=5e9)
    page.app.run()
    assert list(page.app.dataframe[-1].value[text.WEIGHTS_EPOCH]) == [4, 4]
    page.fill("select_slider", text.WEIGHTS_EPOCH, 1)
    table = page.app.dataframe[-1].value
    assert list(table[text.WEIGHTS_EPOCH]) == [1, 1]
    assert table[text.NORM][0] == pytest.approx(described(0.1)["norm"])


def test_mistakes_of_a_variant_with_its_images(
    open_page: OpenPage, store: Store, add_experiment: AddExperiment
) -> None:
    identifier = add_experiment(
        dataset={"name": "digits"}, training={"epochs": 4}, variants=[{"name": "a"}, {"name": "b"}], seeds=[0]
    )
    first, second = begin(store, identifier)
    page = open_page(experiment=identifier)
    page.look_deeper(text.MISTAKES)
    assert text.MISTAKES_LATER in page.shown
    store.finish(second.id, 1, "finished", artifacts={MISTAKES: (2, mistakes_bytes(images=True))}, now=5e9)
    page.app.run()
    page.check()
    assert page.widget("selectbox", text.SHOWN_VARIANT).options == ["b"]
    assert "2 of 8 validation rows are wrong, judged with the weights of epoch 2." in page.shown
    chart = next(chart for chart in page.charts if chart["alt"].startswith("Confusion"))
    assert "1 taken for 9: 1." in chart["alt"]
    recalls = page.app.dataframe[-1].value
    assert recalls[text.CLASS_ROWS].sum() == 8
    assert (recalls["b"] * recalls[text.CLASS_ROWS]).sum() == 6, "two are wrong"
    page.fill("toggle", text.NORMALIZED, True)
    assert next(c for c in page.charts if c["alt"].startswith("Confusion"))["figure"] != chart["figure"]
    (pictures,) = (html.proto.body for html in page.app.get("html") if "<img" in html.proto.body)
    assert pictures.count("<img") == 2
    assert pictures.index("1 → 9<br>85.0% sure<br>row 57") < pictures.index("1 → 7<br>75.0% sure<br>row 56")
    assert "<i>0</i>" not in json.dumps(chart["figure"])
    store.finish(first.id, 1, "finished", now=5e9)
    page.app.run()
    page.fill("selectbox", text.SHOWN_VARIANT, "a")
    assert text.MISTAKES_MISSING in page.shown


def confidences_bytes(seed: int, sure: float) -> bytes:
    """100 rows of which 80 are right, all with the same confidence."""
    truth = np.where(np.arange(100) % 5 == seed % 5, 1, 0)
    return pack_confidences(truth, np.tile(np.array([[sure, 1 - sure]], np.float32), (100, 1)))


def test_calibration_is_a_table_over_the_seeds_and_a_diagram_of_each_variant(
    open_page: OpenPage, store: Store, add_experiment: AddExperiment
) -> None:
    identifier = add_experiment(dataset={"name": "digits"}, training={"epochs": 4}, variants=VARIANTS, seeds=[3, 5])
    runs = begin(store, identifier)
    page = open_page(experiment=identifier)
    page.fill("segmented_control", text.DEEPER, text.CALIBRATION)
    assert text.CALIBRATION_HELP in page.shown and text.CALIBRATION_LATER in page.shown
    for run in runs:
        sure = 0.99 if run.variant == "baseline" else 0.8
        kept = {CALIBRATION: (4, confidences_bytes(run.seed, sure))}
        store.finish(run.id, 1, "finished", artifacts=kept, now=5e9)
    page.app.run()
    page.check()
    table = page.app.dataframe[-1].value
    name, low, _, chance, share, right = text.CALIBRATION_COLUMNS
    assert table[name].tolist() == pytest.approx([0.19, 0.0], abs=1e-6)
    assert table[right].tolist() == pytest.approx([0.8, 0.8]) and table[share].tolist() == pytest.approx([0.99, 0.8])
    assert table[name][0] > table[chance][0] and table[low][1] == 0
    assert table[text.CALIBRATION_SEEDS].tolist() == ["19.0%, 19.0%", "0.0%, 0.0%"]
    drawn = [chart for chart in page.charts if chart["alt"].startswith("Reliability")]
    assert len(drawn) == 2 and "ECE 19.0%" in drawn[0]["alt"] and "200 rows" in drawn[0]["alt"]
    assert "\\<b\\>" in page.shown, "names are text"
    page.fill("selectbox", text.SHOWN_SEED, 5)
    drawn = [chart for chart in page.charts if chart["alt"].startswith("Reliability")]
    assert len(drawn) == 2 and all("100 rows" in chart["alt"] for chart in drawn)


def test_runs_from_before_calibration_was_kept_are_named(
    open_page: OpenPage, store: Store, add_experiment: AddExperiment
) -> None:
    identifier = add_experiment(dataset={"name": "wine"}, training={"epochs": 4}, variants=VARIANTS, seeds=[0])
    old, new = begin(store, identifier)
    store.finish(old.id, 1, "finished", now=5e9)
    page = open_page(experiment=identifier)
    page.fill("segmented_control", text.DEEPER, text.CALIBRATION)
    assert text.CALIBRATION_MISSING.format(variants="baseline") in page.shown
    assert not [chart for chart in page.charts if chart["alt"].startswith("Reliability")]
    store.finish(new.id, 1, "finished", artifacts={CALIBRATION: (4, confidences_bytes(0, 0.9))}, now=5e9)
    page.app.run()
    page.check()
    assert text.CALIBRATION_MISSING.format(variants="baseline") in page.shown
    assert text.SHOWN_SEED not in page.labels("selectbox")
    assert text.CALIBRATION_SEEDS not in page.app.dataframe[-1].value


class Answer:
    """A future as Dask would give it."""

    def __init__(self, content: bytes) -> None:
        self.content, self.ended, self.status = content, False, "finished"

    def exception(self) -> Exception:
        return ValueError("no kernel for this")

    def done(self) -> bool:
        return self.ended

    def result(self) -> bytes:
        return self.content


def packed_samples() -> bytes:
    labels = np.zeros((4, 6, 10), np.float32)
    labels[..., 3] = 1
    labels[1, 0, 3], labels[1, 0, 7] = 0.25, 0.75
    file = io.BytesIO()
    names = np.array(["<b>0</b>", *map(str, range(1, 10))])
    np.savez_compressed(file, class_names=names, images=np.zeros((4, 6, 8, 8, 1), np.uint8), labels=labels)
    return file.getvalue()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the queue was asked, each of which answers when it is told to."""
    questions: list[tuple[Any, ...]] = []

    def submit(question: Question, address: str) -> Answer:
        if question.task is not augment_samples:
            answer = Answer(pack_reference_scores(None))
            answer.ended = True
            return answer
        questions.append((question.task, *question.arguments, answer := Answer(packed_samples())))
        return answer

    ask = Questions._ask

    def ask_and_serve(self: Questions, question: Question, visitor: str) -> Asked:
        asked = ask(self, question, visitor)
        self.serve(submit, ["worker"], 0.0)
        return asked

    monkeypatch.setattr(Questions, "_ask", ask_and_serve)
    return questions


def test_augmented_images_come_from_a_worker_and_are_asked_for_once(
    open_page: OpenPage, asked: list[tuple[Any, ...]]
) -> None:
    page = open_page()
    assert text.AUGMENTED not in [expander.label for expander in page.app.expander], "nothing changes the images"
    page.fill("multiselect", text.TECHNIQUES, ["dropout", "augmentation"])
    assert text.AUGMENTED in [expander.label for expander in page.app.expander]
    assert asked == [], "before it is opened"
    page.app.session_state["augmented"] = True
    page.app.run()
    page.check()
    ((function, spec, _, answer),) = asked
    assert function is augment_samples
    (variant,) = parse_experiment(spec).variants
    assert [technique.name for technique in variant.techniques] == ["augmentation"]
    page.app.run()
    assert text.UNCHANGED not in page.shown
    answer.ended = True
    page.app.run()
    page.check()
    assert len(asked) == 1
    assert text.UNCHANGED in page.shown
    assert text.CHANGED_IN_EPOCH.format(epoch=3) in page.shown
    pictures = [html.proto.body for html in page.app.get("html") if "<img" in html.proto.body]
    assert [body.count("<img") for body in pictures] == [6] * 4
    assert "75% 7<br>25% 3" in pictures[1]


def test_a_preview_that_fails_says_so_and_is_asked_for_again(open_page: OpenPage, asked: list[tuple[Any, ...]]) -> None:
    page = open_page()
    page.fill("multiselect", text.TECHNIQUES, ["mixup"])
    page.app.session_state["augmented"] = True
    page.app.run()
    asked[0][-1].status, asked[0][-1].ended = "error", True
    page.app.run()
    page.check()
    assert text.NO_PREVIEW in [warning.value for warning in page.app.warning]
    page.app.run()
    assert len(asked) == 2
