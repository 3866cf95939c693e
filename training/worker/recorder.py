"""How a worker writes its run to the store, and how it learns that the run is no longer its own."""

import threading
import time

from results.records import EpochRecord
from results.store import Store

SECONDS_BETWEEN_WRITES = 0.3
SECONDS_BETWEEN_HEARTBEATS = 2.0


class RunLostError(Exception):
    """The run is no longer this worker's: cancelled, deleted or taken over."""


class Recorder:
    """Writes a run's epochs to the store in small batches, and beats while a long call keeps them back."""

    def __init__(self, store: Store, run_id: int, attempt: int) -> None:
        self.store, self.run_id, self.attempt = store, run_id, attempt
        self._waiting: list[EpochRecord] = []
        self._written = time.monotonic()
        self._closed = threading.Event()

    def start_heartbeat(self) -> None:
        """Keeps the run's heartbeat fresh until `close`, however long tracing takes."""
        threading.Thread(target=self._beat_on, daemon=True).start()

    def _beat_on(self) -> None:
        while not self._closed.wait(SECONDS_BETWEEN_HEARTBEATS):
            self.store.append_epochs(self.run_id, self.attempt, [], time.time())

    def add(self, record: EpochRecord) -> None:
        """Keeps a record for the next write."""
        self._waiting.append(record)

    def write_when_due(self) -> None:
        """Writes what is waiting if the last write is long enough ago; also finds out about a cancel."""
        if time.monotonic() - self._written >= SECONDS_BETWEEN_WRITES:
            self.write()

    def write(self) -> None:
        """Writes what is waiting.

        Raises:
            RunLostError: the run was cancelled, deleted or taken over; nothing is written.
        """
        if not self.store.append_epochs(self.run_id, self.attempt, self._waiting, time.time()):
            raise RunLostError
        self._waiting = []
        self._written = time.monotonic()

    def write_artifact(self, name: str, epoch: int, content: bytes) -> None:
        """Writes an artifact in place of the last one of its name, after the epochs that led to it.

        Raises:
            RunLostError: the run was cancelled, deleted or taken over; nothing is written.
        """
        self.write()
        if not self.store.put_artifact(self.run_id, self.attempt, name, epoch, content, time.time()):
            raise RunLostError

    def fail(self, message: str) -> None:
        """Ends the run as failed, with the epochs so far."""
        self.store.append_epochs(self.run_id, self.attempt, self._waiting, time.time())
        self.store.finish(self.run_id, self.attempt, "failed", message=message, now=time.time())

    def close(self) -> None:
        """Ends the heartbeat."""
        self._closed.set()
