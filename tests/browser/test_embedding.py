"""A result in a frame of another site's page: a real browser, two servers of different origins."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Frame, Page, expect

from tests.browser.test_journeys import LONG, SECONDS, Charts, Lab, OpenTab, Serve, press, start_lab, train
from ui import text


class OtherSite(BaseHTTPRequestHandler):
    """Gives whatever HTML is set."""

    html = ""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(f'<!doctype html><link rel="icon" href="data:,"><h1>A lesson</h1>{self.html}'.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def other_site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), OtherSite) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"  # a different site than 127.0.0.1, where the Lab is
        server.shutdown()


@pytest.fixture(scope="module")
def lab(serve: Serve, other_site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Behind a base path, on a host that lets the other site show it."""
    allowed = {"FRAME_ANCESTORS": f"'self' {other_site}"}
    yield from start_lab(serve, tmp_path_factory.mktemp("lab"), WORKERS="1", HOSTED="1", base_path="lab", **allowed)


def frame_of(page: Page) -> Frame:
    page.wait_for_function("document.querySelector('iframe')")
    (frame,) = page.main_frame.child_frames
    return frame


def test_the_code_of_share_shows_an_experiment_elsewhere_while_it_trains(
    open_tab: OpenTab, lab: Lab, other_site: str
) -> None:
    with open_tab(lab.configuration(LONG), width=1300) as page:
        identifier = train(page)
        Charts(page).wait_until_drawn()
        page.get_by_role("radio", name=text.SHARE).click()
        code = page.locator("code", has_text="<iframe")
        expect(code).to_be_visible(timeout=SECONDS * 1000)
        OtherSite.html = code.inner_text()
    with open_tab(other_site) as page:
        frame = frame_of(page)
        charts = Charts(frame)
        charts.wait_until_drawn()
        charts.wait_for_epochs(5)
        expect(frame.get_by_role("heading", name="long")).to_be_visible()
        assert page.locator("iframe").get_attribute("title") == "long · Regularizer Lab"
        assert frame.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        for label in (text.TRAIN, text.CANCEL, text.RUNS):
            expect(press(frame, label)).to_have_count(0)
        with page.expect_popup() as popup:
            frame.get_by_role("link", name=text.OPEN_WHOLE_PAGE).click()
        popup.value.wait_for_url(lab.link(identifier))
        expect(press(popup.value, text.TRAIN)).to_be_visible(timeout=SECONDS * 1000)
    stored = lab.store.experiment(identifier)
    assert stored is not None
    lab.store.cancel(identifier, visitor=stored.visitor, now=time.time())


def test_without_an_experiment_the_recorded_example_is_embedded(open_tab: OpenTab, lab: Lab, other_site: str) -> None:
    OtherSite.html = f'<iframe src="{lab.url}?embed=true" width="700" height="900"></iframe>'
    with open_tab(other_site) as page:
        Charts(frame_of(page)).wait_until_drawn()
