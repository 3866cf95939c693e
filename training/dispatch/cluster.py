"""Where runs are executed: a local Dask scheduler with worker processes, or a cluster at an address."""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import psutil

from training.dispatch.worker_log import keep_log, log_path
from training.worker.parent import PARENT, identify
from training.worker.preload import FOLDER, MEMORY

if TYPE_CHECKING:
    from distributed import Client

RESOURCE = "training"
"""Dask resource that a run holds while it trains; each worker has one."""

THREADS = 3
"""Of a worker: a run, a question and a download."""

MEMORY_RULES = {
    "DASK_DISTRIBUTED__WORKER__MEMORY__TARGET": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__SPILL": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__PAUSE": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "0.95",
}
"""The nanny ends a worker that takes more than its bound, and nothing else: workers hold no results to be spilled."""

MOST_MESSAGES_KEPT = 20
"""Of those that Dask keeps of each connection, and of changes of state, for whoever looks for faults. By itself it
keeps 1,000, with all that runs were submitted with."""

ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(2**25), "MALLOC_TRIM_THRESHOLD_": str(2**26)}
"""What glibc comes to by itself in a process that computes: memory of a compiled call is kept for the next one. Dask's
nanny has every piece of 128 KB and more given back at once, which makes an epoch of a small network a sixth longer."""

BYTES_FOR_PAGES = 1_000_000_000
BYTES_PER_WORKER = 1_500_000_000
"""What a worker with TensorFlow and some traced plans takes. A larger one is replaced between runs."""

MOST_BYTES = 4_000_000_000
"""A worker that takes more is ended, in the middle of a run too, however much the machine has."""


SECONDS_FOR_A_WORKER_TO_START = "600"
"""TensorFlow may load slowly on a busy machine, and a nanny whose worker has not come up by then is gone for good."""

NO_CERTIFICATES = (
    "The Dask scheduler at {address} wants TLS, for which this process has no certificates: set "
    "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT and "
    "DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY before it starts."
)
REFUSED = "Both must have certificates of the same authority (DASK_DISTRIBUTED__COMM__TLS__CA_FILE)."
PERHAPS_TLS = "If it uses TLS, its address begins with tls://."

ROOT = Path(__file__).parents[2]


class ClusterError(Exception):
    """The scheduler or its workers cannot be started or reached."""


def connect(address: str) -> "Client":
    """A client of the scheduler there; with TLS by Dask's own settings, where the address begins with `tls://`.

    Raises:
        ClusterError: it does not answer, or one of the two wants certificates that the other has not.
    """
    import dask.config
    from distributed import Client  # a quarter of a second that no first page should wait for
    from distributed.security import Security

    encrypted = address.startswith("tls://")
    try:
        if encrypted and Security().get_connection_args("client")["ssl_context"] is None:
            raise ClusterError(NO_CERTIFICATES.format(address=address))
        with dask.config.set({"distributed.admin.low-level-log-length": MOST_MESSAGES_KEPT}):
            return Client(address, set_as_default=False, timeout="10s")
    except OSError as error:
        hint = REFUSED if encrypted else PERHAPS_TLS
        raise ClusterError(f"No connection to the Dask scheduler at {address}: {error}. {hint}") from error


def worker_count() -> int:
    """How many local workers: `WORKERS`, else min(cores, (memory - 1 GB) / 1.5 GB), at least 1.

    Raises:
        ClusterError: `WORKERS` is not a whole number from 1 to 64.
    """
    text = os.environ.get("WORKERS", "")
    if not text:
        memory = int(psutil.virtual_memory().total)
        return max(1, min(os.cpu_count() or 1, (memory - BYTES_FOR_PAGES) // BYTES_PER_WORKER))
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise ClusterError(f'WORKERS is "{text}"; allowed: a whole number from 1 to 64')
    return int(text)


def worker_bytes(workers: int) -> int:
    """How much memory each local worker may take: `WORKER_BYTES`, else its share of the machine, 1.5 to 4 GB.

    Raises:
        ClusterError: `WORKER_BYTES` is no whole number from 1 GB.
    """
    text = os.environ.get("WORKER_BYTES", "")
    if not text:
        share = (int(psutil.virtual_memory().total) - BYTES_FOR_PAGES) // workers
        return max(BYTES_PER_WORKER, min(MOST_BYTES, share))
    if not text.isdecimal() or int(text) < 10**9:
        raise ClusterError(f'WORKER_BYTES is "{text}"; allowed: a whole number from 1000000000')
    return int(text)


class LocalCluster:
    """A scheduler and its workers as subprocesses of this process, bound to loopback, without dashboard.

    The `dask` commands rather than Dask's SubprocessCluster: that leaves the scheduler's stderr in a pipe nobody
    reads (it hangs after 200 KiB) and outlives a killed parent.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._bytes = worker_bytes(workers)
        self._folder = Path(mkdtemp(prefix="regularizer-lab-"))
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, timeout_seconds: float = 30.0) -> str:
        """Starts all processes and returns the scheduler's address; the workers are still warming up then."""
        scheduler_file = self._folder / "scheduler.json"
        self._open("scheduler", "--port", "0", "--scheduler-file", str(scheduler_file))
        address = self._wait_for_address(scheduler_file, timeout_seconds)
        self._open(
            "worker", address, "--nworkers", str(self.workers), "--nthreads", str(THREADS),
            "--memory-limit", str(self._bytes), "--resources", f"{RESOURCE}=1",
            "--preload-nanny", "training.worker.preload", "--death-timeout", SECONDS_FOR_A_WORKER_TO_START,
            "--local-directory", str(self._folder),
        )  # fmt: skip
        return address

    def _open(self, command: str, *arguments: str) -> None:
        environment = (
            ALLOCATOR
            | os.environ
            | MEMORY_RULES
            | {
                PARENT: identify(psutil.Process()),
                MEMORY: str(self._bytes),
                FOLDER: str(self._folder),
                "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
                # A run whose worker died is tried again by the queue, which also counts; not by Dask.
                "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
                # Nor does Dask end workers that are not heard: the queue does.
                "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "None",
                "DASK_DISTRIBUTED__ADMIN__LOW_LEVEL_LOG_LENGTH": str(MOST_MESSAGES_KEPT),
                # What a process leaves behind that is killed while it writes goes with the folder.
                "TMPDIR": str(self._folder),
            }
        )
        line = [sys.executable, "-m", "dask", command, *arguments, "--host", "127.0.0.1", "--no-dashboard"]
        line += ["--preload", "training.worker.preload"]
        # In a session of its own: Ctrl-C on a terminal is for us alone, and we end it.
        options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "start_new_session": True}
        process = subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, **options)
        self._processes.append(process)
        threading.Thread(target=keep_log, args=(process.stdout,), daemon=True).start()

    def _wait_for_address(self, scheduler_file: Path, timeout_seconds: float) -> str:
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline and self._processes[0].poll() is None:
            with suppress(FileNotFoundError, json.JSONDecodeError):  # not there yet, or half written
                return str(json.loads(scheduler_file.read_text())["address"])
            time.sleep(0.02)
        raise ClusterError(f"The scheduler did not start; its log: {log_path()}")

    def alive(self) -> bool:
        """Whether scheduler and nannies still run."""
        return all(process.poll() is None for process in self._processes)

    def close(self) -> None:
        """Ends all processes, children first told, then killed."""
        children = [c for p in self._processes if p.poll() is None for c in psutil.Process(p.pid).children(True)]
        for process in (*self._processes, *children):
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                process.kill()
        for process in self._processes:
            process.wait()
        self._processes = []
        rmtree(self._folder, ignore_errors=True)
