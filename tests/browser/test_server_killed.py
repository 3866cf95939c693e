"""The page server is killed in mid-run, as when a machine's memory runs out: nothing is left, nothing is lost."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

from results.store import Store

ROOT = Path(__file__).parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CHROMIUM_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu"]
LONG = (
    '{"training": {"epochs": 1000, "batch_size": 1}, "seeds": [0, 1], "architecture": {"name": "mlp", "widths": [256]}}'
)


def wait_for(condition: Callable[[], bool], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def start_server(folder: Path, port: int) -> subprocess.Popen[bytes]:
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{folder}/results.db", "WORKERS": "1"}
    with (folder / "server.log").open("ab") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"],
            cwd=ROOT, env=environment, stdout=log, stderr=log,
        )  # fmt: skip
    wait_for(lambda: _answers(port))
    return server


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def open_lab(page: Page, port: int, query: str = "") -> None:
    page.goto(f"http://127.0.0.1:{port}/{query}")
    page.get_by_role("button", name="Train", exact=True).wait_for(timeout=60_000)


def test_after_sigkill_no_process_is_left_and_the_next_start_takes_the_runs_up_again(
    tmp_path: Path,
) -> None:
    from experiment.link import encode_link
    from experiment.spec import parse_experiment

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    packed = encode_link(parse_experiment(LONG))
    with sync_playwright() as playwright, Store(f"sqlite:///{tmp_path}/results.db") as store:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        page = browser.new_page()
        server = start_server(tmp_path, port)
        open_lab(page, port, f"?configuration={packed}")
        page.get_by_role("button", name="Train", exact=True).click()
        wait_for(lambda: bool(store.experiments()))
        identifier = store.experiments()[0].id
        first, second = store.runs(identifier)
        wait_for(lambda: bool(store.epochs([first.id])))
        children = psutil.Process(server.pid).children(recursive=True)
        assert len(children) >= 3, "scheduler, nanny and worker"

        server.kill()
        server.wait()
        assert not psutil.wait_procs(children, timeout=30)[1], "a process of ours is left after 30 seconds"
        recorded = store.epochs([first.id])
        assert recorded, "what was recorded is still there"

        server = start_server(tmp_path, port)
        try:
            open_lab(page, port, f"?experiment={identifier}")
            wait_for(lambda: first.owner not in {run.owner for run in store.runs(identifier)})
            # Whichever lost its heartbeat first was taken up first: out of the way with the one that only waited.
            cancelled = store.cancel(identifier, second.id, visitor="local", now=time.time())
            assert cancelled == 1, "a waiting run is taken up, too"
            wait_for(lambda: (run := store.run(first.id)) is not None and run.attempt == 2 and run.status == "running")
            wait_for(lambda: bool(store.epochs([first.id])))
            assert store.epochs([first.id])[0].record.epoch == 1, "from epoch 1"
            page.get_by_role("button", name="Cancel").first.click()
            wait_for(lambda: not any(run.active for run in store.runs(identifier)))
        finally:
            children = psutil.Process(server.pid).children(recursive=True)
            server.terminate()
            server.wait(timeout=30)
            psutil.wait_procs(children, timeout=30)
            browser.close()
