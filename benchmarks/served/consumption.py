"""Memory and processor time of the server's processes while it runs."""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

from benchmarks.served.server import ROLES, LabServer

SECONDS_BETWEEN_SAMPLES = 2.0


@dataclass(frozen=True)
class Sample:
    """All processes of a role at one moment; `cores` since the sample before.

    PSS counts a page of memory that several processes share in equal parts, RSS in each of them.
    """

    pss: int
    rss: int
    cores: float


class Meter:
    """Samples in the background, from `start` to `stop`."""

    def __init__(self, server: LabServer) -> None:
        self._server, self._ended = server, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._used: dict[int, float] = {}
        self._measured = time.monotonic()
        self.samples: dict[str, list[Sample]] = {role: [] for role in ROLES}

    def start(self) -> None:
        """Begins to sample."""
        self.measure()
        self._thread.start()

    def stop(self) -> None:
        """Ends sampling; the first sample has no time to compare with and goes."""
        self._ended.set()
        self._thread.join()
        self.samples = {role: samples[1:] for role, samples in self.samples.items()}

    def _run(self) -> None:
        while not self._ended.wait(SECONDS_BETWEEN_SAMPLES):
            for role, sample in self.measure().items():
                self.samples[role].append(sample)

    def measure(self) -> dict[str, Sample]:
        """One sample of each role, now."""
        now = time.monotonic()
        seconds, self._measured = now - self._measured, now
        return {role: self._sum(processes, seconds) for role, processes in self._server.by_role().items()}

    def _sum(self, processes: list[psutil.Process], seconds: float) -> Sample:
        pss, rss, used = 0, 0, 0.0
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                memory, times = process.memory_full_info(), process.cpu_times()
                pss, rss = pss + memory.pss, rss + memory.rss
                total = times.user + times.system
                used += total - self._used.get(process.pid, total)
                self._used[process.pid] = total
        return Sample(pss, rss, used / max(seconds, 1e-9))
