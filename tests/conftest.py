"""A real browser, real page servers and Keras, for the tests that need them."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError

import psutil
import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.examples import QUICK
from training.worker.preload import warm_up
from training.worker.xla_cache import use_xla_cache

use_xla_cache()  # for the servers of all tests, too: each has a cache folder of its own, where XLA would compile anew

# Absolute times would fail on a busy machine.
settings.register_profile("lab", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(QUICK, settings.get_profile("lab"), max_examples=20)  # make check
settings.load_profile("lab")

ROOT = Path(__file__).parents[1]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STREAMLIT_PROBES = re.compile(r"/_stcore/(health|host-config)$")
"""Streamlit looks for its base path beside the page first: a 404 of its own on every page but the first."""

SECONDS_TO_END = 20


@contextmanager
def _serve(folder: Path, *, base_path: str = "", **environment: str) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    options = [f"--server.port={port}", "--server.address=127.0.0.1", f"--server.baseUrlPath={base_path}"]
    address = f"http://127.0.0.1:{port}/" + (f"{base_path}/" if base_path else "")
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_healthy(address)
        yield address
    finally:
        workers = psutil.Process(server.pid).children(recursive=True)
        server.terminate()
        server.wait(timeout=SECONDS_TO_END)
        _, left = psutil.wait_procs(workers, timeout=SECONDS_TO_END)
        for process in left:
            process.kill()
    assert left == [], "a server that was told to end leaves no process behind"


def _wait_until_healthy(address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(address + "_stcore/health", timeout=5):
                return
        except (URLError, ConnectionError, TimeoutError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@pytest.fixture(scope="session")
def serve() -> Callable[..., AbstractContextManager[str]]:
    """Starts `app.py` of a folder as a person would, with these environment variables, and gives its address."""
    return _serve


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium: the one on the PATH, else Playwright's own."""
    with sync_playwright() as playwright:
        path = CHROMIUM or playwright.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("no Chromium on this machine: sh tests/install_chromium.sh PYTHON")
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def open_tab(browser: Browser) -> Callable[..., AbstractContextManager[Page]]:
    """Opens an address in a browser of its own (cookies, storage), and demands a clean console at the end."""

    @contextmanager
    def open_tab(url: str, *, scheme: str = "light", width: int = 1000) -> Iterator[Page]:
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
        page = context.new_page()
        complaints: list[str] = []

        def hear(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning") and not STREAMLIT_PROBES.search(message.location["url"]):
                complaints.append(f"{message.text} {message.location}")

        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", hear)
        page.goto(url)
        try:
            yield page
        finally:
            context.close()
        assert complaints == []

    return open_tab


@pytest.fixture(scope="session")
def keras() -> Any:
    """Keras as a worker has it."""
    warm_up()
    import keras

    return keras


NEEDS = {
    "pages/visits": "time",
    "browser": "browser",
    "journeys": "workers",
    "training/worker": "keras",
    "keras": "keras",
}
"""Folder of the tests -> what they need. `--quick`, as `make check` says it, leaves these folders out."""

ORDER = ("", *dict.fromkeys(NEEDS.values()))
"""Keras last: once it is loaded in a process, Streamlit clears its session after each script run there, and tests of
pages take five times as long."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option of `make check`."""
    parser.addoption("--quick", action="store_true", help="without the folders of tests that need much, or long")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A test file that is imported takes time, too."""
    return True if config.getoption("quick") and need_of(collection_path) else None


def need_of(path: Path) -> str:
    """What a test needs, by the folder it lives in; nothing is marked by hand."""
    place = f"{path.relative_to(Path(__file__).parent).as_posix()}/"
    return next((need for begin, need in NEEDS.items() if place.startswith(f"{begin}/")), "")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Orders tests by what they need."""
    for item in items:
        misplaced = need_of(item.path) != "keras" and "keras" in getattr(item, "fixturenames", ())
        assert not misplaced, f"{item.nodeid} needs Keras and lives elsewhere"
    items.sort(key=lambda item: ORDER.index(need_of(item.path)))
