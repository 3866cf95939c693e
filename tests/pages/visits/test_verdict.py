"""The verdict on the page, the seeds that are added to it, what if, and the envelope."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from experiment.link import encode_link
from experiment.spec import Experiment, parse_experiment
from results.records import EpochRecord
from results.store import Store
from ui import text
from wording.claims import say_claim

OpenPage = Callable[..., Any]
AddExperiment = Callable[..., str]
Stored = Callable[..., Experiment]

TOKEN, OTHER_TOKEN = "1" * 64, "2" * 64
VARIANTS = [{"name": "baseline"}, {"name": "L*2"}]
EPOCHS = 40


def curve(last: float) -> list[float]:
    """Falls to 0.2 at epoch 10, then rises to its last value."""
    return [*np.linspace(1.0, 0.2, 10), *np.linspace(0.2, last, EPOCHS - 9)[1:]]


def said(page: Any) -> str:
    """What the page says, without the marks that keep a name from being read as Markdown."""
    return str(page.shown).replace("\\", "")


def finish(store: Store, identifier: str, lasts: Mapping[str, Sequence[float]]) -> None:
    """Ends all queued runs with such curves, one for each seed."""
    for run in store.runs(identifier):
        if not run.active:
            continue
        store.start(run.id, run.attempt, {}, 1e9)
        series = {"val_balanced_accuracy": 0.7}
        records = [
            EpochRecord(epoch, 1 / epoch, loss, 0.9, 1 - loss, 0.2, 0.001, 10 * epoch, 0.01, series)
            for epoch, loss in enumerate(curve(lasts[run.variant][run.seed]), start=1)
        ]
        store.append_epochs(run.id, run.attempt, records, 1e9)
        tested = [(record.epoch, record.val_loss + 0.1, 0.5) for record in records]
        store.finish(run.id, run.attempt, "finished", ended_by="epochs", test_metrics=tested, now=1e9)


def outcomes(page: Any) -> list[list[str]]:
    """The rows of what a rule would have done."""
    table: list[list[str]] = next(table for table in page.tables if table[0] == list(text.WHAT_IF_COLUMNS))
    return table[1:]


NOISE = [0.001, -0.001, 0.0005, -0.0005, 0.0002]
BETTER = {"baseline": [0.5] * 25, "L*2": [0.4 + noise for noise in NOISE * 5]}
OPEN = {"baseline": [0.5] * 25, "L*2": [0.4, 0.55, 0.45, 0.5, 0.43] * 5}


@pytest.fixture
def finished(add_experiment: AddExperiment, store: Store) -> Callable[..., str]:
    """A function that stores a finished experiment."""

    def make(lasts: Mapping[str, Sequence[float]], seeds: int = 5, **parts: Any) -> str:
        parts = {"variants": VARIANTS, "training": {"epochs": EPOCHS}, "seeds": list(range(seeds)), **parts}
        identifier = add_experiment(**parts)
        finish(store, identifier, lasts)
        return identifier

    return make


def test_the_answer_and_a_sentence_for_each_variant_with_names_as_they_were_typed(
    open_page: OpenPage, finished: Callable[..., str]
) -> None:
    page = open_page(experiment=finished(BETTER))
    assert "**Over 5 seeds: “L*2” (20% lower) is better than “baseline”.**" in said(page)
    (card,) = page.cards
    assert card.startswith("L*2 ✓ Better −20% [−20, −19]") or card.startswith("L*2 ✓ Better −20% [−20, −20]"), card
    assert card.endswith("lower in 5 of 5 seeds")
    assert "“L*2” is better than “baseline”: 0.1 (20%) lower" in said(page)
    assert "For new data of the same kind: −" in said(page)
    assert say_claim() in said(page)
    (_heads, best, reference) = page.tables[0]
    assert (
        best[0] == "L*2"
        and best[2].startswith("−20% [")
        and reference[:3] == ["baseline", "0.500 ± 0.000", "the reference"]
    )
    page.fill("toggle", text.ALL_COLUMNS, True)
    table = page.app.dataframe[-1].value
    assert table["Difference"].tolist() == pytest.approx([np.nan, -0.09996], nan_ok=True, abs=1e-4)
    assert table["Paired sd"][1] == pytest.approx(np.std(NOISE, ddof=1), rel=1e-3)


def test_another_quantity_is_exploratory_and_claims_nothing(open_page: OpenPage, finished: Callable[..., str]) -> None:
    page = open_page(experiment=finished(BETTER))
    page.fill("segmented_control", text.JUDGED, "accuracy")
    assert text.EXPLORATORY in said(page)
    assert "” is better" not in said(page)
    assert "“L*2” against “baseline”: 10 percentage points higher on average" in said(page)
    assert "(20% lower) is better" in page.curves["status"], "what is read aloud is the verdict, whatever is looked at"
    page.fill("segmented_control", text.JUDGED, "best_epoch")
    assert "exactly the same" in said(page)


def test_the_experiment_says_what_is_judged(open_page: OpenPage, finished: Callable[..., str]) -> None:
    page = open_page(experiment=finished(BETTER, judging={"what": "best_epoch", "reference": "L*2"}))
    assert page.widget("segmented_control", text.JUDGED).value == "best_epoch"
    assert "“baseline” gave the same numbers as “L*2” in all 5 seeds: identical runs." in said(page)


def test_few_seeds_show_their_points(open_page: OpenPage, finished: Callable[..., str]) -> None:
    page = open_page(experiment=finished(BETTER, seeds=3))
    assert "3 seeds can show at most that nothing changes" in said(page)
    assert "seed 0: −0.099" in said(page) and "” is better" not in said(page)


def test_seeds_are_added_by_a_press_and_the_verdict_follows(
    open_page: OpenPage, finished: Callable[..., str], store: Store, stored: Stored
) -> None:
    identifier = finished(OPEN)
    page = open_page(experiment=identifier)
    assert "cannot be told apart from “baseline” yet" in said(page)
    (label,) = [label for label in page.labels("button") if re.fullmatch(r"Add \d+ seeds", label)]
    more = int(label.split()[1])
    page.press(label)
    assert stored(identifier).seeds == tuple(range(5 + more))
    queued = [run for run in store.runs(identifier) if run.active]
    assert {run.variant for run in queued} == {"baseline", "L*2"} and len(queued) == 2 * more
    assert label not in page.labels("button"), "while runs are active, nothing is added"
    finish(store, identifier, OPEN)
    page = open_page(experiment=identifier)
    assert f"Over {5 + more} seeds" in said(page)


def test_an_experiment_is_filled_up_to_round_numbers(
    open_page: OpenPage, finished: Callable[..., str], stored: Stored
) -> None:
    identifier = finished(BETTER, seeds=3)
    page = open_page(experiment=identifier)
    page.press(text.ADD_UP_TO.format(number=20))
    assert stored(identifier).seeds == tuple(range(20))


def test_only_the_owner_adds_seeds_and_a_limit_is_told(
    open_page: OpenPage, finished: Callable[..., str], monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    monkeypatch.setenv("HOSTED", "1")
    monkeypatch.setenv("LIMIT_ACTIVE_RUNS", "9")
    identifier = finished(BETTER, visitor=hashlib.sha256(TOKEN.encode()).hexdigest())
    label = text.ADD_UP_TO.format(number=10)
    assert label not in open_page(token=OTHER_TOKEN, experiment=identifier).labels("button")
    page = open_page(token=TOKEN, experiment=identifier)
    page.press(label)
    assert "10 asked for; this host allows 9" in page.codes[0]
    assert len(store.runs(identifier)) == 10


def test_a_recorded_example_has_a_verdict_and_no_buttons(open_page: OpenPage) -> None:
    page = open_page()
    assert "**Over 10 seeds: " in said(page)
    assert not [label for label in page.labels("button") if "seed" in label]


def test_what_if_moves_the_marks_and_goes_into_the_form(
    open_page: OpenPage, finished: Callable[..., str], stored: Stored, store: Store
) -> None:
    identifier = finished(BETTER)
    page = open_page(experiment=identifier)
    assert [row[1:3] for row in outcomes(page)] == [["20 5 of 5", "10"]] * 2
    before = page.curves["figure"]
    page.fill("slider", "Patience", 3)
    assert [row[1] for row in outcomes(page)] == ["13 5 of 5"] * 2
    assert outcomes(page)[0][3] == "0.200 80.0%"
    assert [row[6] for row in outcomes(page)] == ["68%"] * 2
    assert page.curves["figure"] != before
    assert text.OTHER_RULE in page.shown
    assert "is better than “baseline”" in said(page), "the model handed over is what training handed over"
    page.press(text.TRAIN)
    (new,) = {summary.id for summary in store.experiments()} - {identifier}
    assert stored(new).early_stopping.patience == 3
    assert stored(identifier).early_stopping.patience == 10


@pytest.mark.parametrize(("rule", "threshold", "stop"), [("GL", 20.0, 14), ("UP", 2.0, 20), ("PQ", 0.1, 15)])
def test_what_if_knows_the_criteria_of_prechelt(
    open_page: OpenPage, finished: Callable[..., str], rule: str, threshold: float, stop: int
) -> None:
    page = open_page(experiment=finished(BETTER))
    page.fill("segmented_control", text.RULE, rule)
    page.fill("slider", text.THRESHOLD, threshold)
    assert int(outcomes(page)[0][1].split()[0]) == pytest.approx(stop, abs=2)
    assert text.RULES_HELP[rule] in said(page)


def test_the_envelope_is_opened_by_its_owner_and_then_shown_to_everybody(
    open_page: OpenPage, finished: Callable[..., str], store: Store
) -> None:
    identifier = finished(BETTER)

    def opened() -> Any:
        page = open_page(experiment=identifier)
        page.check()
        return page

    page = opened()
    assert text.ENVELOPE_CLOSED in said(page)
    assert text.OPEN_ENVELOPE not in page.labels("button")
    page.fill("checkbox", text.ENVELOPE_SURE, True)
    page.press(text.OPEN_ENVELOPE)
    lines = page.tables[-1][1:]
    assert [line[1] for line in lines] == ["handed over 5", "best epoch 5"] * 2
    assert [float(line[3]) for line in lines] == pytest.approx([0.6, 0.3, 0.5, 0.3], abs=0.001)
    assert [line[4] for line in lines] == ["+0.1000 ± 0.0000"] * 4
    assert [line[5].lstrip("+-") for line in lines] == ["–", "0.0000 ± 0.0000", "–", "0.0000 ± 0.0000"]
    page.press(text.ADD_UP_TO.format(number=10))
    finish(store, identifier, BETTER)
    assert text.ENVELOPE_LATE.format(seeds="5, 6, 7, 8, 9") in said(opened())


def test_a_form_starts_new_techniques_where_they_act(open_page: OpenPage) -> None:
    page = open_page()
    page.fill("multiselect", text.TECHNIQUES, ["weight_decay"])
    assert page.widget("number_input", "Strength, exactly").value == 0.5


def test_where_nothing_was_trained_nothing_is_waited_for_or_opened(
    open_page: OpenPage, add_experiment: AddExperiment, store: Store
) -> None:
    identifier = add_experiment(variants=VARIANTS)
    store.cancel(identifier, visitor="local", now=1e9)
    page = open_page(experiment=identifier)
    assert text.NO_EPOCH in said(page)
    assert text.WAITING_FOR_FIRST_EPOCH not in said(page)
    assert text.ENVELOPE_EMPTY in said(page)
    assert text.ENVELOPE_SURE not in page.labels("checkbox")
    for panel in (text.INSIDE, text.MISTAKES, text.CALIBRATION):
        page.look_deeper(panel)
        assert text.NOTHING_FOUND in said(page)
    embedded = open_page(experiment=identifier, embedded=True)
    assert text.NO_EPOCH in embedded.shown


def test_a_cancelled_seed_is_said_and_no_seeds_are_offered(
    open_page: OpenPage, add_experiment: AddExperiment, store: Store
) -> None:
    identifier = add_experiment(variants=VARIANTS, training={"epochs": EPOCHS}, seeds=list(range(5)))
    gone = next(run for run in store.runs(identifier) if (run.variant, run.seed) == ("L*2", 3))
    store.cancel(identifier, gone.id, visitor="local", now=1e9)
    finish(store, identifier, OPEN)
    page = open_page(experiment=identifier)
    assert "“L*2” failed or was cancelled in 1 of 5 seeds; only the seeds before seed 3 count." in said(page)
    assert not [label for label in page.labels("button") if "seeds" in label]


def test_another_experiment_is_not_looked_at_by_the_quantity_of_the_last_one(
    open_page: OpenPage, finished: Callable[..., str]
) -> None:
    first, second = finished(BETTER), finished(BETTER, name="second")
    page = open_page(experiment=first)
    page.fill("segmented_control", text.JUDGED, "accuracy")
    page.app.query_params["experiment"] = second
    page.app.run()
    page.check()
    assert page.widget("segmented_control", text.JUDGED).value == "handed_over"


def test_the_reference_keeps_its_variant_when_that_is_renamed_or_removed(open_page: OpenPage, stored: Stored) -> None:
    asked = {"variants": [{"name": "a"}, {"name": "b"}], "judging": {"reference": "b", "what": "accuracy"}}
    page = open_page(configuration=encode_link(parse_experiment(json.dumps(asked))))
    assert "against b" in said(page)
    page.fill("text_input", text.VARIANT_NAME, "b2", index=1)
    assert page.mistakes == [] and "against b2" in said(page)
    page.press(text.REMOVE_VARIANT, index=1)
    assert page.mistakes == []
    page.press(text.TRAIN)
    assert stored().judging.model_dump() == {"what": "accuracy", "margin": None, "reference": None}


def test_the_rule_of_keras_comes_back_as_it_was_set(open_page: OpenPage, finished: Callable[..., str]) -> None:
    page = open_page(experiment=finished(BETTER))
    page.fill("slider", "Patience", 3)
    page.fill("segmented_control", text.RULE, "GL")
    page.fill("segmented_control", text.RULE, "patience")
    assert page.widget("slider", "Patience").value == 3
    assert [row[1] for row in outcomes(page)] == ["13 5 of 5"] * 2
