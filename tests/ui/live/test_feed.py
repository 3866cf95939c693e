"""Messages are made once for all who look, and sent as what changed."""

import asyncio
import gzip
import json
import threading
import time
from typing import Any

import pytest

from tests.ui.live.test_patches import patched
from ui.live.feed import KEPT_FEEDS, KEPT_MESSAGES, KEPT_VIEWS, Answer, Feeds


class Clock:
    """Monotonic seconds that a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("ui.live.feed.time.monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


class Source:
    """Makes a message with a growing curve for each call, and counts the calls."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def __call__(self, view: str) -> dict[str, Any]:
        self.made.append(view)
        return {"phase": "training", "stage": "s", "parts": {"curve": "0123456789" * 10 + "x" * len(self.made)}}


def read(feeds: Feeds[str], view: str, after: str = "") -> Answer | None:
    feed = feeds.find(feeds.register(view))
    assert feed
    return asyncio.run(feed.read(after, feeds.limiter))


def opened(answer: Answer | None) -> dict[str, Any]:
    assert answer
    content: dict[str, Any] = json.loads(gzip.decompress(answer.body))
    assert content["version"] == answer.version
    return content


def test_whoever_looks_at_the_same_is_answered_from_one_message(clock: Clock) -> None:
    source = Source()
    feeds = Feeds(source)
    first, second = read(feeds, "view"), read(feeds, "view")
    assert first == second
    assert source.made == ["view"]


def test_nothing_new_is_no_answer_and_a_new_epoch_is_what_changed(clock: Clock) -> None:
    feeds = Feeds(Source())
    first = opened(read(feeds, "view"))
    assert read(feeds, "view", first["version"]) is None
    clock.now += 1
    second = opened(read(feeds, "view", first["version"]))
    assert second["from"] == first["version"]
    assert "message" not in second
    whole = opened(read(feeds, "view"))
    assert patched(first["message"], second["patch"]) == whole["message"]
    assert len(json.dumps(second["patch"])) < len(json.dumps(whole["message"]))


def test_a_version_that_is_no_longer_kept_is_answered_in_full(clock: Clock) -> None:
    feeds = Feeds(Source())
    first = opened(read(feeds, "view"))["version"]
    for _ in range(KEPT_MESSAGES):
        clock.now += 1
        read(feeds, "view")
    assert "message" in opened(read(feeds, "view", first))


def test_a_message_that_comes_back_is_the_newest_again(clock: Clock) -> None:
    messages = iter([{"a": 2}, {"a": 3}, {"a": 2}])
    feeds: Feeds[str] = Feeds(lambda _: next(messages))
    first = opened(read(feeds, "view"))["version"]
    clock.now += 1
    second = opened(read(feeds, "view", first))["version"]
    clock.now += 1
    third = opened(read(feeds, "view", second))
    assert (third["version"], third["from"], third["patch"]) == (first, second, {"~": {"a": {"=": 2}}})


def test_before_the_first_epoch_a_message_is_young_for_a_shorter_time(clock: Clock) -> None:
    made: list[str] = []

    def make(view: str) -> dict[str, Any]:
        made.append(view)
        return {"phase": "waiting"}

    feeds: Feeds[str] = Feeds(make)
    read(feeds, "view")
    clock.now += 0.25
    read(feeds, "view")
    assert len(made) == 2


def test_who_has_just_begun_to_train_is_told_more_often_at_first(clock: Clock) -> None:
    source = Source()
    feeds = Feeds(source)
    read(feeds, "view")
    clock.now += 0.25
    read(feeds, "view")
    assert len(source.made) == 2
    clock.now += 3
    read(feeds, "view")
    clock.now += 0.25
    read(feeds, "view")
    assert len(source.made) == 3, "later each second will do"


def test_it_is_said_how_many_look_so_that_they_do_not_all_ask_the_page_at_once(clock: Clock) -> None:
    feeds = Feeds(Source())
    assert opened(read(feeds, "view"))["viewers"] == 1
    clock.now += 4
    for _ in range(4):
        clock.now += 0.25
        read(feeds, "view", "a version")
    clock.now += 0.25
    assert opened(read(feeds, "view"))["viewers"] == 4


def test_what_is_gone_is_an_empty_version() -> None:
    feeds: Feeds[str] = Feeds(lambda _: None)
    assert read(feeds, "view") == Answer("", b"")


def test_an_error_is_everybodys_and_the_next_look_tries_again() -> None:
    results: list[Any] = [ValueError("broken"), {"a": 2}]

    def make(_: str) -> dict[str, Any]:
        result = results.pop(0)
        if isinstance(result, Exception):
            raise result
        return dict(result)

    feeds: Feeds[str] = Feeds(make)
    with pytest.raises(ValueError, match="broken"):
        read(feeds, "view")
    assert opened(read(feeds, "view"))["message"] == {"a": 2}


def test_all_who_come_meanwhile_wait_for_one_message_and_one_who_leaves_stops_nobody() -> None:
    begun, may_end, made = threading.Event(), threading.Event(), []

    def make(view: str) -> dict[str, Any]:
        begun.set()
        assert may_end.wait(5)
        made.append(view)
        return {"a": 2}

    async def look() -> list[Answer | None]:
        feeds: Feeds[str] = Feeds(make)
        feed = feeds.find(feeds.register("view"))
        assert feed
        looks = [asyncio.create_task(feed.read("", feeds.limiter)) for _ in range(20)]
        while not begun.is_set():
            await asyncio.sleep(0.01)
        looks[0].cancel()
        began = time.monotonic()
        await asyncio.sleep(0)
        assert time.monotonic() - began < 1, "the event loop goes on"
        may_end.set()
        return [await one for one in looks[1:]]

    answers = asyncio.run(look())
    assert made == ["view"]
    assert len(answers) == 19
    assert len({answer.version for answer in answers if answer}) == 1


def test_only_what_a_page_has_drawn_can_be_followed_and_memory_is_bounded() -> None:
    feeds = Feeds(Source())
    assert feeds.find("anything") is None
    names = [feeds.register(f"view {number}") for number in range(KEPT_VIEWS + 1)]
    assert len(set(names)) == KEPT_VIEWS + 1
    assert feeds.find(names[0]) is None
    last = feeds.find(names[-1])
    for name in names[1 : KEPT_FEEDS + 1]:
        assert feeds.find(name)
    assert feeds.find(names[-1]) is not last, "its messages were forgotten, the view was not"


def test_the_name_follows_from_the_view_alone() -> None:
    assert Feeds(Source()).register("view") == Feeds(Source()).register("view")
