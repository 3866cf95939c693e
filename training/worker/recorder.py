"""How a worker writes its run to the store, and how it learns that the run is no longer its own."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from results.records import EpochRecord
from results.store import Store, StoreError

SECONDS_BETWEEN_WRITES = 0.3
SECONDS_BETWEEN_HEARTBEATS = 2.0

logger = logging.getLogger(__name__)


class RunLostError(Exception):
    """The run is no longer this worker's: cancelled, deleted or taken over."""


class Recorder:
    """Writes a run's epochs to the store in small batches, and beats while a long call keeps them back.

    A store that does not answer holds nothing up: training goes on, what waits is written once it answers again, and
    the end of a run waits for it.
    """

    def __init__(self, store: Store, run_id: int, attempt: int) -> None:
        self.store, self.run_id, self.attempt = store, run_id, attempt
        self._waiting: list[EpochRecord] = []
        self._due = time.monotonic() + SECONDS_BETWEEN_WRITES
        self._unsure = self._added = False
        self._closed = threading.Event()

    def start_heartbeat(self) -> None:
        """Keeps the run's heartbeat fresh until `close`, however long tracing takes."""
        threading.Thread(target=self._beat_on, daemon=True).start()

    def _beat_on(self) -> None:
        while not self._closed.wait(SECONDS_BETWEEN_HEARTBEATS):
            try:
                self.store.append_epochs(self.run_id, self.attempt, [], time.time())
            except StoreError as error:
                logger.warning("no heartbeat for run %s: %s", self.run_id, error)

    def add(self, record: EpochRecord) -> None:
        """Keeps a record for the next write. The first one does not wait: somebody may have pressed Train just now."""
        if not self._added:
            self._due, self._added = time.monotonic(), True
        self._waiting.append(record)

    def write_when_due(self) -> None:
        """Writes what is waiting if the last write is long enough ago; also finds out about a cancel.

        Raises:
            RunLostError: the run was cancelled, deleted or taken over; nothing is written.
        """
        if time.monotonic() < self._due:
            return
        try:
            self.write()
        except StoreError as error:
            logger.warning("epochs of run %s wait: %s", self.run_id, error)
            self._due = time.monotonic() + SECONDS_BETWEEN_WRITES

    def write(self) -> None:
        """Writes what is waiting.

        Raises:
            RunLostError: the run was cancelled, deleted or taken over; nothing is written.
            StoreError: the store does not answer; everything waits for the next write.
        """
        if self._unsure:  # a write that failed may have been done all the same
            known = self.store.last_epoch(self.run_id, self.attempt)
            self._waiting = [record for record in self._waiting if record.epoch > known]
        self._unsure = True
        if not self.store.append_epochs(self.run_id, self.attempt, self._waiting, time.time()):
            raise RunLostError
        self._waiting, self._unsure = [], False
        self._due = time.monotonic() + SECONDS_BETWEEN_WRITES

    def write_artifact(self, name: str, epoch: int, content: bytes) -> None:
        """Writes an artifact in place of the last one of its name, after the epochs that led to it.

        Left out while the store does not answer: the next one takes its place.

        Raises:
            RunLostError: the run was cancelled, deleted or taken over; nothing is written.
        """
        try:
            self.write()
            if not self.store.put_artifact(self.run_id, self.attempt, name, epoch, content, time.time()):
                raise RunLostError
        except StoreError as error:
            logger.warning("%s of run %s is left out: %s", name, self.run_id, error)

    def finish(self, **end: Any) -> None:
        """Writes what is waiting and ends the run as finished, see `Store.finish`.

        Raises:
            RunLostError: the run was cancelled, deleted or taken over; nothing is written.
        """
        self._insist(self.write)
        self._insist(lambda: self.store.finish(self.run_id, self.attempt, "finished", **end, now=time.time()))

    def fail(self, message: str) -> None:
        """Ends the run as failed, with the epochs so far, also one that has not begun."""
        with suppress(RunLostError):
            self._insist(self.write)
        now = time.time()
        self._insist(lambda: self.store.finish(self.run_id, self.attempt, "failed", message=message, now=now))

    def _insist(self, action: Callable[[], object]) -> None:
        """Does it as soon as the store answers."""
        while True:
            try:
                action()
                return
            except StoreError as error:
                logger.warning("the end of run %s waits: %s", self.run_id, error)
                time.sleep(SECONDS_BETWEEN_HEARTBEATS)

    def close(self) -> None:
        """Ends the heartbeat."""
        self._closed.set()
