"""A cluster that speaks TLS, as docs/hosting.md says: what it trains, and whom it refuses."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dask.config
import distributed  # noqa: F401 - its defaults must be there before a test sets some of them for a while
import pytest

from results.store import Store
from tests.journeys.test_command_line import ROOT
from tests.journeys.test_command_line import dask as run_dask
from tests.journeys.test_queue import ended, small, wait_for
from training.dispatch.queue import Queue

WORKER = ("--nthreads", "2", "--resources", "training=1", "--preload", "training.worker.preload")
ROLES = ("SCHEDULER", "WORKER", "CLIENT")
PREFIX = "DASK_DISTRIBUTED__COMM__"


def make_certificates(folder: Path) -> dict[str, str]:
    """An authority and a certificate by the commands of docs/hosting.md; gives the environment that names them."""
    folder.mkdir()
    commands = re.findall(r"^openssl .*$", (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        subprocess.run(["sh", "-c", command], cwd=folder, check=True, capture_output=True)
    files = {"CERT": folder / "lab.pem", "KEY": folder / "lab.key"}
    pairs = {f"{PREFIX}TLS__{role}__{part}": str(file) for role in ROLES for part, file in files.items()}
    return {f"{PREFIX}REQUIRE_ENCRYPTION": "true", f"{PREFIX}TLS__CA_FILE": str(folder / "ca.pem"), **pairs}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl command on this machine")
    return make_certificates(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def address(certificates: dict[str, str]) -> Iterator[str]:
    """Of a scheduler with one worker."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    address = f"tls://127.0.0.1:{port}"
    with (
        run_dask("scheduler", "--port", str(port), "--protocol", "tls", **certificates),
        run_dask("worker", address, *WORKER, **certificates),
    ):
        yield address


@contextmanager
def open_queue(folder: Path, address: str, environment: dict[str, str]) -> Iterator[Queue]:
    """A queue of a process that was started in this environment."""
    settings = {name.removeprefix("DASK_").replace("__", ".").lower(): value for name, value in environment.items()}
    with dask.config.set(settings), Store(f"sqlite:///{folder / 'results.db'}") as store:
        queue = Queue(store, adopts=False, address=address, workers=1)
        queue.start()
        try:
            yield queue
        finally:
            queue.close()


def test_a_run_is_trained_by_a_worker_behind_tls(tmp_path: Path, address: str, certificates: dict[str, str]) -> None:
    with open_queue(tmp_path, address, certificates) as queue:
        identifier = queue.submit(small(), "local")
        wait_for(lambda: ended(queue.store, identifier))
        assert [run.status for run in queue.store.runs(identifier)] == ["finished"]


def refusal(folder: Path, address: str, environment: dict[str, str]) -> str:
    """What the state of a queue says that cannot connect."""
    with open_queue(folder, address, environment) as queue:
        wait_for(lambda: queue.state.error is not None)
        assert queue.state.error is not None
        assert "\n" not in queue.state.error
        assert queue.problem == queue.state.error
        return queue.state.error


def test_who_has_no_certificates_is_told_what_to_set(tmp_path: Path, address: str) -> None:
    said = refusal(tmp_path, address, {})
    assert said.startswith(f"The Dask scheduler at {address} wants TLS")
    assert "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT" in said


def test_certificates_of_another_authority_are_refused(tmp_path: Path, address: str) -> None:
    said = refusal(tmp_path, address, make_certificates(tmp_path / "others"))
    assert said.startswith(f"No connection to the Dask scheduler at {address}: ")
    assert "certificates of the same authority" in said


def test_an_address_without_tls_is_refused(tmp_path: Path, address: str) -> None:
    plain = address.replace("tls", "tcp")
    said = refusal(tmp_path, plain, {})
    assert said.startswith(f"No connection to the Dask scheduler at {plain}: ")
    assert "begins with tls://" in said
