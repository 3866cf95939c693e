"""Downloads that pages asked for: a task on a worker's second thread, beside training, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from training.dispatch.tasks import DOWNLOADS, download_data

if TYPE_CHECKING:
    from distributed import Client, Future

MAX_LOSSES = 3
WORKER_LOST = "The worker ended while it downloaded, {losses} times: {reason}"


@dataclass(frozen=True)
class DownloadState:
    """`bytes_so_far` of a download under way; `done`: it is on a worker's machine; `error`: why it ended without.

    `losses` counts workers that ended meanwhile: one that grew too large is restarted between runs.
    """

    bytes_so_far: int = 0
    losses: int = 0
    done: bool = False
    error: str | None = None


class Downloads:
    """Asked by pages, which never wait, and served by the queue's thread whenever workers are there."""

    def __init__(self) -> None:
        self._states: dict[str, DownloadState] = {}
        self._futures: dict[str, Future] = {}
        self._lock = Lock()

    def start(self, name: str) -> DownloadState:
        """Asks for a data set, once, and says how far it is; one that failed is asked for again only by `forget`."""
        with self._lock:
            return self._states.setdefault(name, DownloadState())

    def forget(self, name: str) -> None:
        """Lets a download that ended be asked for again."""
        with self._lock:
            self._states.pop(name, None)

    def connect(self, client: Client) -> None:
        """Listens to what workers report."""
        client.subscribe_topic(DOWNLOADS, self._hear)

    def disconnect(self) -> None:
        """The workers are gone; what is under way begins again with the next ones."""
        self._futures = {}

    def serve(self, client: Client, workers: list[str]) -> None:
        """Settles what has ended and hands out what was asked for."""
        for name, future in list(self._futures.items()):
            if future.done():
                del self._futures[name]
                self._settle(name, future)
        with self._lock:
            waiting = [name for name, s in self._states.items() if not (s.done or s.error)]
        for name in waiting if workers else ():
            if name not in self._futures:
                self._futures[name] = client.submit(download_data, name, workers=workers, pure=False)

    def _settle(self, name: str, future: Future) -> None:
        """The end of a download; it begins again where a worker was lost, but not for ever."""
        if future.status == "finished":
            error = future.result()
            self._change(name, done=error is None, error=error)
            return
        losses = self.start(name).losses + 1
        error = WORKER_LOST.format(losses=losses, reason=future.exception()) if losses >= MAX_LOSSES else None
        self._change(name, losses=losses, error=error)

    def _hear(self, event: tuple[float, Any]) -> None:
        _, report = event
        self._change(report["name"], bytes_so_far=report["bytes"])

    def _change(self, name: str, **changes: Any) -> None:
        with self._lock:
            if state := self._states.get(name):
                self._states[name] = replace(state, **changes)
