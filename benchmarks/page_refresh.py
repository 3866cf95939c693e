"""What a live refresh costs the page server: CPU of a real server with a real viewer, 24 curves of 150 epochs."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil

from experiment.spec import parse_experiment
from results.records import EpochRecord
from results.store import Store

ROOT = Path(__file__).parent.parent
VARIANTS, SEEDS, EPOCHS, REFRESHES = 8, 3, 150, 30
BUSY_PERCENT = 15
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def measure_refresh() -> float:
    """Milliseconds of CPU a refresh, the server's idle cost taken off; every refresh has a new epoch in each curve."""
    with TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as probe:
        port, url = probe.getsockname()[1], f"sqlite:///{Path(folder) / 'results.db'}"
        probe.close()
        with Store(url) as store:
            identifier = _fill(store)
            server = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
                cwd=ROOT,
                env=os.environ | {"DATABASE_URL": url, "WORKERS": "1"},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                return _watch(store, identifier, server, f"http://127.0.0.1:{port}")
            finally:
                server.kill()
                server.wait()


def _fill(store: Store) -> str:
    names = ", ".join(f'{{"name": "variant {i}"}}' for i in range(VARIANTS))
    experiment = parse_experiment(f'{{"training": {{"epochs": 1000}}, "variants": [{names}]}}')
    now = time.time() + 9999  # no heartbeat is missed: the server's own workers leave the runs alone
    identifier = store.add_experiment(
        experiment.model_dump_json(), "bench", experiment.runs(), visitor="local", owner="bench", now=now
    )
    for run in store.runs(identifier):
        store.start(run.id, 1, {}, now)
        store.append_epochs(run.id, 1, [_record(epoch, run.id) for epoch in range(1, EPOCHS + 1)], now)
    return identifier


def _record(epoch: int, salt: int) -> EpochRecord:
    noise = np.random.default_rng([salt, epoch]).normal(0, 0.01)
    loss = 2 * np.exp(-epoch / 10) + 0.2 + 0.001 * epoch + noise
    return EpochRecord(epoch, loss / 2, loss, 0.9, 0.8 + noise, loss, 0.001, epoch * 10, 0.005)


def _watch(store: Store, identifier: str, server: "subprocess.Popen[bytes]", url: str) -> float:
    from playwright.sync_api import sync_playwright

    process, epoch = psutil.Process(server.pid), EPOCHS
    while True:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=2)  # noqa: S310
            break
        except OSError:
            time.sleep(0.2)
    with sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page()
        page.goto(f"{url}/?experiment={identifier}")
        page.wait_for_selector(".live-chart svg.main-svg", timeout=60_000)
        while process.cpu_percent(1.0) > BUSY_PERCENT:
            pass  # starting: the viewer's own refreshes, with nothing new, take a few percent
        began, cpu = time.monotonic(), sum(process.cpu_times()[:2])
        while time.monotonic() - began < REFRESHES:
            epoch += 1
            for run in store.runs(identifier):
                store.append_epochs(run.id, 1, [_record(epoch, run.id)], time.time() + 9999)
            time.sleep(max(0.0, epoch - EPOCHS - (time.monotonic() - began)))
        with_viewer = sum(process.cpu_times()[:2]) - cpu
        browser.close()
    time.sleep(3)  # the session ends
    cpu, began = sum(process.cpu_times()[:2]), time.monotonic()
    time.sleep(10)
    idle = (sum(process.cpu_times()[:2]) - cpu) / (time.monotonic() - began)
    return float(1000 * (with_viewer / REFRESHES - idle))
