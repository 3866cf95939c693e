"""The Lab in a frame of another page: a result, and nothing that changes anything."""

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from experiment.presets import FIRST_VISIT, presets
from results.records import EpochRecord
from results.store import Store
from ui import text

OpenPage = Callable[..., Any]
AddExperiment = Callable[..., str]
VARIANTS = [{"name": "baseline"}, {"name": "L2", "techniques": [{"name": "l2"}]}]


@pytest.fixture
def finished(store: Store, add_experiment: AddExperiment) -> str:
    """A visitor's own experiment with two seeds, which could be extended and its envelope opened."""
    identifier = add_experiment(name="an experiment", seeds=[0, 1], variants=VARIANTS)
    for run in store.runs(identifier):
        assert store.start(run.id, run.attempt, {}, 1e9)
        records = [EpochRecord(e, 0.1, 0.1 * e, 0.9, 0.9, 0.1, 0.1, e, 0.1) for e in (1, 2, 3)]
        store.append_epochs(run.id, 1, records, 1e9)
        store.finish(run.id, 1, "finished", now=1e9)
    return identifier


class Tags(HTMLParser):
    """All tags of a piece of HTML, with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def link_of(page: Any) -> dict[str, str | None]:
    """The attributes of the only link on the page."""
    html = "".join(str(block.proto.body) for block in page.app.get("html"))
    (link,) = (attributes for tag, attributes in Tags(html).found if tag == "a")
    return link


def assert_nothing_can_be_changed(page: Any) -> None:
    app = page.app
    assert app.button == app.text_input == app.number_input == app.pills == app.get("download_button") == []
    assert text.DEEPER not in page.labels("segmented_control")
    assert app.title == []


def test_a_finished_experiment_is_shown_alone_with_a_link_to_its_page(open_page: OpenPage, finished: str) -> None:
    page = open_page(embedded=True, url="https://host.example/lab/?embed=true", experiment=finished)
    assert_nothing_can_be_changed(page)
    assert "an experiment" in page.shown
    assert len(page.cards) == 1
    assert page.curves["figure"]["data"]
    link = link_of(page)
    assert (link["href"], link["target"]) == (f"https://host.example/lab/?experiment={finished}", "_blank")


def test_an_experiment_that_trains_is_followed(
    open_page: OpenPage, store: Store, add_experiment: AddExperiment
) -> None:
    identifier = add_experiment(seeds=[0, 1], variants=VARIANTS)
    page = open_page(embedded=True, experiment=identifier)
    assert text.WAITING_FOR_FIRST_EPOCH in page.shown
    assert_nothing_can_be_changed(page)
    (run, *_) = store.runs(identifier)
    store.start(run.id, run.attempt, {}, 1e9)
    store.append_epochs(run.id, 1, [EpochRecord(1, 0.1, 0.2, 0.9, 0.9, 0.1, 0.1, 1, 0.1)], 1e9)
    page.app.run()
    page.check()
    assert page.curves["figure"]["data"]


def test_without_an_experiment_the_recorded_example_is_shown(open_page: OpenPage) -> None:
    page = open_page(embedded=True, url="https://host.example")
    assert_nothing_can_be_changed(page)
    assert presets()[FIRST_VISIT].name in page.shown
    assert page.curves["figure"]["data"]
    assert link_of(page)["href"] == "https://host.example"


def test_an_experiment_that_is_gone_says_so(open_page: OpenPage) -> None:
    page = open_page(embedded=True, experiment="unknown")
    assert text.NOT_FOUND in page.shown
    assert_nothing_can_be_changed(page)


def test_share_offers_the_code_with_the_hosts_address_and_a_name_as_text(
    open_page: OpenPage, add_experiment: AddExperiment
) -> None:
    identifier = add_experiment(name='"><script>alert(1)</script>')
    page = open_page(url="https://host.example/lab/?experiment=other", experiment=identifier)
    page.look_deeper(text.SHARE)
    (code,) = (code for code in page.codes if "<iframe" in code)
    ((tag, attributes),) = Tags(code).found
    assert tag == "iframe"
    assert attributes["src"] == f"https://host.example/lab/?embed=true&experiment={identifier}"
    assert str(attributes["title"]).startswith('"><script>alert(1)</script>')
