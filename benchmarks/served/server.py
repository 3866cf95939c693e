"""The real page server in a folder of its own, and the processes that belong to it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError

import psutil

ROOT = Path(__file__).parents[2]
MARK = "REGULARIZER_LAB_TRIAL"
"""Environment variable that all processes of a trial inherit: so they are found again when their parent is gone."""

SECONDS_TO_START = 90.0
SECONDS_TO_END = 30.0
ROLES = ("server", "scheduler", "nanny", "worker")


class LabServer:
    """`streamlit run app.py` on loopback, with everything that it writes below one folder.

    Args:
        folder: for temporary files, logs and caches.
        database: file of the SQLite database.
        settings: further environment variables.
    """

    def __init__(self, folder: Path, database: Path, **settings: str) -> None:
        self.folder, self.temporary = folder, folder / "temporary"
        self.temporary.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.url = f"sqlite:///{database}"
        own = {"DATABASE_URL": self.url, "TMPDIR": str(self.temporary), MARK: str(folder)}
        places = {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("STATE", "DATA", "CACHE")}
        self._environment = os.environ | own | places | settings
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the process and returns at once."""
        options = [f"--server.port={self.port}", "--server.address=127.0.0.1", "--server.headless=true"]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app.py", *options],
                cwd=ROOT, env=self._environment, stdout=log, stderr=log,
            )  # fmt: skip

    def wait_until_ready(self) -> None:
        """Waits until a worker can take a run."""
        deadline = time.monotonic() + SECONDS_TO_START
        while not self._answers():
            if time.monotonic() > deadline:
                raise TimeoutError(f"the server was not ready after {SECONDS_TO_START:.0f} s: {self.folder}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ready", timeout=5):
                return True
        except (URLError, OSError):
            return False

    def kill(self) -> None:
        """SIGKILL to the page server alone, as when a machine has no memory left."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Tells the server to end; whatever is still there afterwards is killed."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=SECONDS_TO_END)

    def kill_everything(self) -> None:
        """Leaves no process of this trial behind, however it went."""
        if self._process is not None and self._process.poll() is None:
            self.kill()
        for process in self.strangers():
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def tree(self) -> list[psutil.Process]:
        """The server and its descendants; empty while it does not run."""
        if self._process is None or self._process.poll() is not None:
            return []
        with suppress(psutil.NoSuchProcess):
            server = psutil.Process(self._process.pid)
            return [server, *server.children(recursive=True)]
        return []

    def strangers(self) -> list[psutil.Process]:
        """Living processes that this trial started and that no running server answers for."""
        known = {process.pid for process in self.tree()}
        return [process for process in psutil.process_iter() if process.pid not in known and self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return bool(process.environ().get(MARK) == str(self.folder))
        except (psutil.Error, OSError):  # gone meanwhile, dead and not reaped, or another user's
            return False

    def by_role(self) -> dict[str, list[psutil.Process]]:
        """The processes of each of `ROLES`."""
        found: dict[str, list[psutil.Process]] = {role: [] for role in ROLES}
        for index, process in enumerate(self.tree()):
            with suppress(psutil.NoSuchProcess):
                role = "server" if index == 0 else _role(process.cmdline())
                if role is not None:
                    found[role].append(process)
        return found


def _role(command: list[str]) -> str | None:
    """What a descendant of the server does; None for Python's own (its resource tracker)."""
    if "dask" in command:
        return "scheduler" if "scheduler" in command else "nanny"
    return "worker" if any("spawn_main" in part for part in command) else None
