"""Curves by their own road, in a real browser: on a real server, with epochs that the test itself writes."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, Route, expect

from experiment.spec import parse_experiment
from results.records import EpochRecord
from results.store import Store
from ui import text

ROOT = Path(__file__).parents[2]
OpenTab = Callable[..., AbstractContextManager[Page]]
Serve = Callable[..., AbstractContextManager[str]]
EXPERIMENT = parse_experiment('{"training": {"epochs": 500}, "seeds": [0], "variants": [{"name": "a"}, {"name": "b"}]}')
PLOT = "document.querySelector('.st-key-chart_panel .live-chart-plot')"
LENGTH = f"Math.max(0, ...({PLOT}?._fullData ?? []).map(trace => trace._length ?? 0))"


@dataclass
class Trained:
    """An experiment whose runs train as fast as the test writes."""

    url: str
    store: Store
    identifier: str
    epochs: int = 0

    @property
    def link(self) -> str:
        return f"{self.url}?experiment={self.identifier}"

    def add_epochs(self, count: int) -> None:
        now = time.time() + 9999  # no heartbeat is missed, so the server leaves the runs alone
        for run in self.store.runs(self.identifier):
            new = range(self.epochs + 1, self.epochs + count + 1)
            records = [EpochRecord(e, 1 / e, 1 / e, 0.9, 0.8, 1 / e, 0.1, e, 0.1) for e in new]
            self.store.append_epochs(run.id, 1, records, now)
        self.epochs += count

    def end(self) -> None:
        for run in self.store.runs(self.identifier):
            self.store.finish(run.id, 1, "finished", now=time.time())


@contextmanager
def trained(serve: Serve, folder: Path, base_path: str = "") -> Iterator[Trained]:
    database = f"sqlite:///{folder / 'results.db'}"
    with Store(database) as store:
        now = time.time() + 9999
        spec = EXPERIMENT.model_dump_json()
        identifier = store.add_experiment(spec, "grows", EXPERIMENT.runs(), visitor="local", owner="test", now=now)
        for run in store.runs(identifier):
            store.start(run.id, 1, {}, now)
        places = {f"XDG_{name}_HOME": str(folder) for name in ("DATA", "STATE", "CACHE")}
        with serve(ROOT, base_path=base_path, DATABASE_URL=database, WORKERS="1", **places) as url:
            yield Trained(url, store, identifier)


def wait_for_length(page: Page, length: int) -> None:
    page.wait_for_function(f"{LENGTH} >= {length}", timeout=30_000)


def settle(page: Page) -> None:
    """Wait until Streamlit has nothing to do."""
    page.wait_for_selector("[data-test-script-state='notRunning']", timeout=60_000)


def test_the_chart_grows_by_the_route_without_a_run_of_the_page(
    open_tab: OpenTab, serve: Serve, tmp_path: Path
) -> None:
    with trained(serve, tmp_path) as experiment, open_tab(experiment.link) as page:
        runs: list[float] = []
        page.on("websocket", lambda socket: socket.on("framereceived", lambda _: runs.append(time.monotonic())))
        page.reload()
        expect(page.get_by_text(text.WAITING_FOR_FIRST_EPOCH)).to_be_visible(timeout=60_000)
        experiment.add_epochs(3)
        wait_for_length(page, 3)
        settle(page)
        page.wait_for_timeout(4_000)  # a worker that became ready meanwhile is another stage
        runs.clear()
        experiment.add_epochs(10)
        wait_for_length(page, 13)
        expect(page.locator(".live-part").first).to_contain_text("epoch 26 of 1,000")
        chart = page.get_by_role("img", name=re.compile("^Cross-entropy"))
        expect(chart).to_have_attribute("aria-label", re.compile(r"\b13\b"))
        assert runs == [], "the page's script did not run"
        experiment.end()
        expect(page.get_by_text(text.ENVELOPE_SURE)).to_be_visible(timeout=15_000)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.wait_for_timeout(2_500)
        assert not [url for url in asked if "/live/" in url], "what has ended is not followed"


def test_where_the_route_is_blocked_the_page_goes_back_to_its_timer_and_returns(
    browser: Browser, serve: Serve, tmp_path: Path
) -> None:
    with trained(serve, tmp_path) as experiment:
        page = browser.new_page(viewport={"width": 1000, "height": 800})  # its console may complain here

        def block(route: Route) -> None:
            route.abort()

        page.route("**/live/*", block)
        experiment.add_epochs(3)
        page.goto(experiment.link)
        wait_for_length(page, 3)
        page.wait_for_timeout(6_000)  # three looks fail
        experiment.add_epochs(10)
        wait_for_length(page, 13)
        asked: list[str] = []
        page.unroute("**/live/*", block)
        page.on("response", lambda response: asked.append(response.url) if "/live/" in response.url else None)
        page.wait_for_timeout(15_000)
        experiment.add_epochs(10)
        wait_for_length(page, 23)
        assert len(asked) > 2, "the browser looks each second again"
        page.close()


def test_the_route_is_found_behind_a_base_path(open_tab: OpenTab, serve: Serve, tmp_path: Path) -> None:
    with trained(serve, tmp_path, "lab/of/mine") as experiment:
        experiment.add_epochs(3)
        with open_tab(experiment.link) as page:
            wait_for_length(page, 3)
            answers: list[tuple[int, str]] = []
            page.on("response", lambda response: answers.append((response.status, response.url)))
            experiment.add_epochs(5)
            wait_for_length(page, 8)
            assert {status for status, url in answers if "/lab/of/mine/live/" in url} <= {200, 204}
            assert [status for status, url in answers if "/live/" in url]
