"""What visitors wait for, in a real browser: a fresh server's page and chart, the second visitor's, and training."""

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.served.server import LabServer
from experiment.link import encode_link
from experiment.presets import FIRST_VISIT, presets
from experiment.spec import Experiment
from ui import text

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
TITLE = "[data-testid='stMain'] h1"
CHART = ".st-key-chart_panel .live-chart-plot .scatterlayer path.js-line"
TIMES = 3
LONGEST = 120_000
STILL = "[data-testid='stApp'][data-test-script-state='notRunning']"
RATES = (0.41, 0.42, 0.43, 0.44)
"""Rates that nobody has trained."""
SECONDS_UNTIL_FREE = 3.0
"""A worker hears of a cancel between two compiled calls."""


@dataclass(frozen=True)
class Waits:
    """Seconds, each the median of some tries.

    Attributes:
        fresh_title: from the start of the server's process to the title in a browser that waits for it.
        fresh_chart: to the painted curves.
        second_title: the same for a browser that comes to a warm server for the first time.
        second_chart: to the painted curves.
        first_point: from the press of Train to the first point, with workers that have trained the same before.
        forty_runs: from the press of Train to the end of the 40 runs of the first visit's experiment, once, with
            workers that are ready and have trained nothing.
        slider_point: in Live, from a change of a rate to the first point of the new curve.
        slider_seeds: to the mean of three finished seeds.
    """

    fresh_title: float
    fresh_chart: float
    second_title: float
    second_chart: float
    first_point: float
    forty_runs: float
    slider_point: float
    slider_seeds: float


def measure_waits() -> Waits:
    """Starts servers and a browser one after the other; each server has a folder of its own."""
    fresh, second = [], []
    with _browser() as browser:
        for _ in range(TIMES):
            with _server() as server:
                began = time.monotonic()
                server.start()
                _wait_for_port(server.port)
                fresh.append(_open(browser, server.port, began))
                server.wait_until_ready()
                time.sleep(2)
                second.append(_open(browser, server.port, time.monotonic()))
        with _server() as server:
            server.start()
            server.wait_until_ready()
            first_visit = presets()[FIRST_VISIT]  # 40 runs
            forty = _train(browser, server.port, first_visit, ended=True)
            point = [_train(browser, server.port, first_visit, ended=False, cancelled=True) for _ in range(TIMES)]
            slider = [_slide(browser, server.port, first_visit, rate) for rate in RATES]
    title, chart = (median(column) for column in zip(*fresh, strict=True))
    other_title, other_chart = (median(column) for column in zip(*second, strict=True))
    sliders = [median(column) for column in zip(*slider, strict=True)]
    return Waits(title, chart, other_title, other_chart, median(point), forty, *sliders)


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def _server() -> Iterator[LabServer]:
    with tempfile.TemporaryDirectory(prefix="regularizer-lab-waits-", ignore_cleanup_errors=True) as folder:
        server = LabServer(Path(folder), Path(folder) / "results.db", WORKERS=str(min(2, os.cpu_count() or 1)))
        try:
            yield server
        finally:
            server.end()
            server.kill_everything()


def _wait_for_port(port: int) -> None:
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)


def _open(browser: Browser, port: int, began: float) -> tuple[float, float]:
    """Seconds since `began` until title and curves are painted, in a browser without cookies and cache."""
    with _tab(browser) as page:
        page.goto(f"http://127.0.0.1:{port}/", wait_until="commit")
        page.wait_for_selector(TITLE, timeout=LONGEST)
        title = time.monotonic() - began
        page.wait_for_selector(CHART, state="attached", timeout=LONGEST)
        page.evaluate("() => new Promise(requestAnimationFrame)")
        return title, time.monotonic() - began


def _train(browser: Browser, port: int, experiment: Experiment, *, ended: bool, cancelled: bool = False) -> float:
    """Seconds from the press of Train until a point is drawn, or until the last run has `ended`; then `cancelled`."""
    with _tab(browser) as page:
        page.goto(f"http://127.0.0.1:{port}/?configuration={encode_link(experiment)}")
        page.wait_for_selector(CHART, state="attached", timeout=LONGEST)  # the recorded one
        page.wait_for_selector(STILL, timeout=LONGEST)
        anew = page.get_by_role("button", name=text.TRAIN_ANEW, exact=True)
        button = anew if anew.count() else page.get_by_role("button", name=text.TRAIN, exact=True)
        began = time.monotonic()
        button.click()
        page.wait_for_function(_FIRST_POINT % len(experiment.seeds), timeout=LONGEST)
        if ended:
            page.get_by_text(text.ENVELOPE_SURE).wait_for(timeout=LONGEST)
        seconds = time.monotonic() - began
        if cancelled:
            cancel = page.get_by_role("button", name=text.CANCEL, exact=True).first
            cancel.click()
            cancel.wait_for(state="hidden", timeout=LONGEST)
            time.sleep(SECONDS_UNTIL_FREE)
        return seconds


def _slide(browser: Browser, port: int, experiment: Experiment, rate: float) -> tuple[float, float]:
    """Seconds from a change of dropout's rate in Live to the first point of the new curve, and to three seeds' mean."""
    with _tab(browser) as page:
        page.goto(f"http://127.0.0.1:{port}/?configuration={encode_link(experiment)}")
        page.wait_for_selector(CHART, state="attached", timeout=LONGEST)
        page.get_by_role("button", name=text.TRAIN, exact=True).click()  # all of it is known
        page.wait_for_url("**experiment=**", timeout=LONGEST)
        page.get_by_text(text.ENVELOPE_SURE).wait_for(timeout=LONGEST)
        page.get_by_text(text.LIVE, exact=True).click()
        page.wait_for_selector(STILL, timeout=LONGEST)
        field = page.get_by_role("spinbutton", name=text.EXACTLY.format(label="Rate")).first
        field.fill(str(rate))
        began, waits = time.monotonic(), []
        field.press("Enter")
        for drawn in (_NEW_POINT, _THREE_SEEDS):
            page.wait_for_function(drawn, timeout=LONGEST)
            waits.append(time.monotonic() - began)
        return waits[0], waits[1]


_OF_PLOT = """() => {
  const traces = document.querySelector(".st-key-chart_panel .live-chart-plot")?._fullData ?? [];
  const find = (uid) => traces.find((trace) => trace.uid === uid);
  return find("v1_ghost") && %s;
}"""
_NEW_POINT = _OF_PLOT % 'Boolean(find("v1_mean") || find("v1_running"))'
_THREE_SEEDS = _OF_PLOT % '/mean of ([3-9]|10) seeds/.test(find("v1_mean")?.hovertemplate ?? "")'

_FIRST_POINT = """() => (document.querySelector(".st-key-chart_panel .live-chart-plot")?._fullData ?? [])
  .some((trace) => trace.uid.endsWith("_mean") && !trace.hovertemplate.includes("mean of %d seeds"))"""
"""What was drawn before is the mean of all seeds."""


@contextmanager
def _tab(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        yield context.new_page()
    finally:
        context.close()


def main() -> None:
    """Measures and prints."""
    for name, seconds in vars(measure_waits()).items():
        print(f"{name}: {seconds:.2f} s")


if __name__ == "__main__":
    main()
