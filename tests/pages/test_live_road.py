"""Curves by their own road: the route answers what the page draws, and nothing else."""

import asyncio
import base64
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import streamlit
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Route

from results.records import EpochRecord
from results.store import Store, StoreError
from tests.examples import examples
from tests.ui.server.asking import Answer, ask, get
from ui import state, text
from ui.server.live_route import LIVE_PATH, answer_live
from ui.services import services

OpenPage = Callable[..., Any]
AddExperiment = Callable[..., str]
VARIANTS = [{"name": "baseline"}, {"name": "L2 😀 <b>", "techniques": [{"name": "l2"}]}]
SECRET = 7.125
"""What every run scores on the test rows."""
APP = Starlette(routes=[Route(LIVE_PATH, answer_live)])


def train(store: Store, identifier: str, epochs: int, *, ends: int = 0) -> None:
    """All runs get these epochs, beginning with 1; so many of them finish."""
    for place, run in enumerate(store.runs(identifier)):
        if run.status == "queued":
            assert store.start(run.id, run.attempt, {}, 1e9)
        known = len(store.epochs([run.id]))
        losses = {epoch: math.exp(-epoch / 5) + 0.01 * epoch + place / 50 for epoch in range(known + 1, epochs + 1)}
        records = [EpochRecord(e, loss / 2, loss, 0.9, 0.8, loss, 0.1, e, 0.1) for e, loss in losses.items()]
        store.append_epochs(run.id, 1, records, 1e9)
        if place < ends:
            scores = [(epoch, SECRET, SECRET) for epoch in range(1, epochs + 1)]
            store.finish(run.id, 1, "finished", test_metrics=scores, now=1e9)


@pytest.fixture
def training(store: Store, add_experiment: AddExperiment) -> str:
    identifier = add_experiment(name="trains", seeds=[0, 1], variants=VARIANTS)
    train(store, identifier, 12)
    return identifier


def road_of(page: Any) -> dict[str, Any]:
    """What the page gave to the live road."""
    sent = [json.loads(component.proto.json) for component in page.app.get("bidi_component")]
    (found,) = (data for data in sent if "road" in data)
    return dict(found)


def look(page: Any, after: str = "") -> Answer:
    return get(APP, f"/live/{road_of(page)['view']}?after={after}")


def message(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    return dict(json.loads(answer.body)["message"])


def decode(array: dict[str, str]) -> list[float]:
    """The numbers of a typed array."""
    values = np.frombuffer(base64.b64decode(array["bdata"]), np.dtype(array["dtype"]).newbyteorder("<"))
    return [float(value) for value in values]


def html_of(page: Any, key: str) -> str:
    sent = [json.loads(component.proto.json) for component in page.app.get("bidi_component")]
    return next(str(data["html"]) for data in sent if data.get("live") == key and "html" in data)


def test_by_both_roads_the_same_is_shown(open_page: OpenPage, training: str) -> None:
    page = open_page(experiment=training)
    told, road = message(look(page)), road_of(page)
    assert (told["phase"], told["stage"]) == (road["phase"], road["stage"])
    assert told["parts"]["chart"] == {name: page.curves[name] for name in ("figure", "alt", "height", "legend")}
    for key in ("progress", "numbers", "outcomes"):
        assert told["parts"][key] == html_of(page, key)


def test_what_a_person_chooses_is_another_view(open_page: OpenPage, training: str) -> None:
    page = open_page(experiment=training)
    before = road_of(page)["view"]
    page.fill("segmented_control", text.VIEW, "accuracy")
    assert road_of(page)["view"] != before
    assert message(look(page))["parts"]["chart"]["figure"] == page.curves["figure"]
    page.fill("segmented_control", text.MEAN_OR_SEEDS, True)
    page.fill("toggle", text.LOG_X, True)
    assert message(look(page))["parts"]["chart"]["figure"] == page.curves["figure"]
    page.fill("slider", "Patience", 2)
    assert message(look(page))["parts"]["outcomes"] == html_of(page, "outcomes")


def test_two_viewers_of_the_same_follow_one_view(open_page: OpenPage, training: str) -> None:
    views = {road_of(open_page(experiment=training))["view"] for _ in range(2)}
    assert len(views) == 1


def test_before_the_first_epoch_only_the_progress_is_told(
    open_page: OpenPage, store: Store, add_experiment: AddExperiment
) -> None:
    identifier = add_experiment(seeds=[0], variants=VARIANTS)
    page = open_page(experiment=identifier)
    told = message(look(page))
    assert (told["phase"], list(told["parts"])) == ("waiting", ["progress"])
    train(store, identifier, 1)
    assert text.WAITING_FOR_FIRST_EPOCH in page.shown
    page.app.run()  # as the browser asks for once another phase has come
    assert road_of(page)["phase"] == "training"
    assert "chart" in message(look(page))["parts"]


def test_a_change_of_state_is_another_stage_and_an_epoch_is_not(
    open_page: OpenPage, store: Store, training: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("feed.SECONDS_A_MESSAGE_IS_NEW", "feed.SECONDS_SOMEBODY_WAITS", "message.SECONDS_WHILE_WAITING"):
        monkeypatch.setattr(f"ui.live.{name}", 0.0)
    page = open_page(experiment=training)
    road = road_of(page)
    train(store, training, 13)
    assert message(look(page))["stage"] == road["stage"]
    train(store, training, 13, ends=1)
    told = message(look(page))
    assert told["stage"] != road["stage"]
    assert told["phase"] == "training"
    train(store, training, 13, ends=4)
    assert message(look(page))["phase"] == "ended"


def test_what_a_worker_answers_is_drawn_by_the_page(
    open_page: OpenPage, training: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines of predictors without a network: they come once, some time after the first epoch."""
    for name in ("SECONDS_A_MESSAGE_IS_NEW", "SECONDS_SOMEBODY_WAITS"):
        monkeypatch.setattr(f"ui.live.feed.{name}", 0.0)
    page = open_page(experiment=training)
    questions = services().queue.questions
    assert message(look(page))["stage"] == road_of(page)["stage"]
    (asked,) = questions._asked.values()
    asked.future = Answered()
    assert message(look(page))["stage"] != road_of(page)["stage"]
    asked.reason = "it took too long"
    assert message(look(page))["stage"] == road_of(page)["stage"], "no answer will come"


class Answered:
    """A future with an answer."""

    def done(self) -> bool:
        return True


def test_an_ended_experiment_is_not_followed(open_page: OpenPage, store: Store, training: str) -> None:
    train(store, training, 12, ends=4)
    page = open_page(experiment=training)
    with pytest.raises(ValueError, match="not enough values"):
        road_of(page)


def test_a_frame_follows_likewise(open_page: OpenPage, training: str) -> None:
    page = open_page(embedded=True, experiment=training)
    assert message(look(page))["parts"]["chart"]["figure"] == page.curves["figure"]


def test_no_test_metrics_travel(open_page: OpenPage, store: Store, training: str) -> None:
    page = open_page(experiment=training)
    train(store, training, 12, ends=3)
    told = message(look(page))
    assert told["phase"] == "training"
    assert "test" not in json.dumps(told).lower()
    arrays = [array for trace in told["parts"]["chart"]["figure"]["data"] for array in (trace.get("x"), trace.get("y"))]
    numbers = [number for array in arrays if isinstance(array, dict) for number in decode(array)]
    assert len(numbers) > 40
    assert not any(math.isclose(number, SECRET, rel_tol=1e-3) for number in numbers)
    assert str(SECRET) not in json.dumps(told)


def test_whoever_has_no_view_gets_nothing(open_page: OpenPage, training: str) -> None:
    open_page(experiment=training)
    for name in (training, "0" * 32, "x", "..%2f..%2fready"):
        answer = get(APP, f"/live/{name}")
        assert answer.status in (404, 410)
        assert answer.body in (b"Not Found", b'{"gone":true}')


@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(after=st.text(st.characters(codec="ascii", exclude_characters="#&+%"), max_size=40))
def test_a_version_that_nobody_gave_is_answered_in_full(open_page: OpenPage, training: str, after: str) -> None:
    view = _view_of(open_page, training)
    told = asyncio.run(ask(APP, f"/live/{view}?after={after}"))
    assert "parts" in message(told)


_views: dict[str, str] = {}


def _view_of(open_page: OpenPage, training: str) -> str:
    """The page is drawn once for all examples."""
    if training not in _views:
        _views[training] = road_of(open_page(experiment=training))["view"]
    return _views[training]


@pytest.mark.parametrize("query", ["after", "after=&after=x", "after=%00", "after=" + "f" * 5000, "x=1&y", "%", "=="])
def test_odd_queries_are_answered_in_full(open_page: OpenPage, training: str, query: str) -> None:
    answer = get(APP, f"/live/{road_of(open_page(experiment=training))['view']}?{query}")
    assert "parts" in message(answer)


def test_what_is_deleted_is_gone(open_page: OpenPage, store: Store, training: str) -> None:
    page = open_page(experiment=training)
    store.delete_experiment(training, visitor="local")
    assert look(page).status == 410


def test_while_the_database_does_not_answer_nothing_is_told(
    open_page: OpenPage, training: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(experiment=training)

    def fail(*_: Any) -> None:
        raise StoreError("/secret/path does not answer")

    monkeypatch.setattr(Store, "experiment", fail)
    answer = look(page)
    assert (answer.status, answer.body) == (503, b"")
    assert "retry-after" in answer.headers


def test_where_the_route_cannot_be_reached_the_timer_is_back(
    open_page: OpenPage, training: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    timers: list[float | None] = []
    fragment = streamlit.fragment

    def note(draw: Any = None, *, run_every: Any = None) -> Any:
        if getattr(draw, "__name__", "") == "draw_in_turn" or "_live" in getattr(draw, "__qualname__", ""):
            timers.append(run_every)
        return fragment(draw, run_every=run_every)

    monkeypatch.setattr("streamlit.fragment", note)
    page = open_page(experiment=training)
    page.app.session_state[state.ROAD_CLOSED] = True
    page.app.run()
    page.check()
    assert road_of(page)["closed"]
    page.app.session_state[state.ROAD_CLOSED] = False
    page.app.run()
    assert (timers[0], timers[1], timers[-1]) == (None, 1.0, None)


def test_viewers_of_one_experiment_are_told_in_their_own_languages(open_page: OpenPage, training: str) -> None:
    english, korean = open_page(experiment=training), open_page(experiment=training, lang="ko")
    assert road_of(english)["view"] != road_of(korean)["view"]
    charts = [message(look(page))["parts"]["chart"] for page in (english, korean)]
    titles = [chart["figure"]["layout"]["yaxis"]["title"]["text"] for chart in charts]
    assert titles == ["Cross-entropy (clean)", "교차 엔트로피(규제 제외)"]
    assert "실행" in message(look(korean))["parts"]["progress"]
