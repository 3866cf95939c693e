"""The queue: hands runs from the store to workers, one to each, fairly, and settles what became of them.

The store is the queue's memory. Dask only ever holds the runs that are being trained, so that a cancelled run is
never dispatched, a small experiment does not wait behind a large one, and a restart finds everything in the store.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from distributed import Client, Future, KilledWorker

from datasets.uploads import NOT_HERE
from experiment.limits import Limits
from experiment.spec import Experiment, ExperimentError
from results.records import Run, StoredExperiment
from results.store import Store, StoreError
from results.uploads import purge_uploads, upload_name
from training.dispatch.cluster import BYTES_PER_WORKER, RESOURCE, ClusterError, LocalCluster
from training.dispatch.downloads import Downloads
from training.dispatch.questions import Questions
from training.dispatch.tasks import train_run

SECONDS_BETWEEN_ROUNDS = 0.5
SECONDS_BETWEEN_HEARTBEATS = 3.0
SECONDS_UNTIL_ADOPTED = 15.0
"""A run without heartbeat for so long may be taken over by another process."""

SECONDS_UNUSED_UPLOADS_ARE_KEPT = 86_400.0
MAX_ATTEMPTS = 2
MOST_SEEDS_AT_ONCE = 20
"""That are added to an experiment by one press."""
NO_WORKER = "No worker is ready yet; try again in a moment."
WORKER_FAILED = "A worker could not take this run: {reason}"
WORKER_LOST = (
    "The worker process ended in the middle of this run, twice; most likely it had too little memory. "
    "Try a smaller network or fewer rows, or fewer workers (WORKERS)."
)

logger = logging.getLogger(__name__)

VariantKey = tuple[str, str]
"""Experiment and variant: what a worker traces once."""


@dataclass(frozen=True)
class QueueState:
    """What pages say about the workers; `expected_workers` is None on a cluster of others."""

    ready_workers: int
    expected_workers: int | None
    error: str | None = None


def choose(
    queued: Sequence[Run], served: Mapping[str, int], own: set[VariantKey], others: set[VariantKey]
) -> Run | None:
    """The run that a free worker takes next, or None.

    The experiment that was served longest ago comes first (a new one at once), so that a small one need not wait
    for a large one to end. In it, a variant that this worker has traced or nobody has, then the order of positions.

    Args:
        queued: runs in the order of submission.
        served: for each experiment, a number that grows each time it is served.
        own: variants traced by this worker.
        others: variants traced by the other workers.
    """
    if not queued:
        return None
    experiment = min((run.experiment_id for run in queued), key=lambda id_: served.get(id_, 0))

    def price(run: Run) -> tuple[bool, int]:
        key = (run.experiment_id, run.variant)
        return key in others - own, run.position

    return min((run for run in queued if run.experiment_id == experiment), key=price)


class Queue:
    """Dispatches this process's runs until `close`.

    Args:
        store: where experiments and runs are.
        adopts: whether runs that other processes left behind are taken over.
        address: of a Dask scheduler whose workers hold the resource `training`; None starts local workers.
        workers: how many local workers.
        limits: what visitors may ask for.
    """

    def __init__(
        self,
        store: Store,
        *,
        adopts: bool,
        address: str | None,
        workers: int,
        limits: Limits = Limits(),  # noqa: B008
    ) -> None:
        self.store, self.limits, self.owner = store, limits, uuid4().hex
        self.downloads, self.questions = Downloads(), Questions(self.ask)
        self._adopts, self._address, self._workers = adopts, address, workers
        self._client: Client | None = None
        self._cluster: LocalCluster | None = None
        self._busy: dict[str, tuple[Run, Future]] = {}
        self._retired: set[str] = set()
        self._traced: defaultdict[str, set[VariantKey]] = defaultdict(set)
        self._served: dict[str, int] = {}
        self._wake, self._closing = threading.Event(), threading.Event()
        self._state = QueueState(0, None if address else workers)
        self._threads = [threading.Thread(target=f, daemon=True) for f in (self._serve, self._beat_and_purge)]

    def start(self) -> None:
        """Returns at once; workers warm up in the background, and runs wait in the store until then."""
        for thread in self._threads:
            thread.start()

    @property
    def workers(self) -> int:
        """How many runs are trained at once: the workers that are ready, or those that will be."""
        return self._state.ready_workers or self._state.expected_workers or 1

    @property
    def state(self) -> QueueState:
        """How many workers are ready, and what is wrong if none can be."""
        return self._state

    @property
    def problem(self) -> str | None:
        """Why no run could start now; None while workers are ready."""
        state = self._state
        return state.error or (None if state.ready_workers else NO_WORKER)

    def submit(self, experiment: Experiment, visitor: str) -> str:
        """Stores the experiment with all its runs queued, and returns its identifier.

        Raises:
            ExperimentError: it is over a limit of this host, or its uploaded data were deleted.
        """
        self.limits.check(experiment, self.store.active_count(visitor) + len(experiment.runs()))
        uploads = experiment.dataset.uploads
        if any(upload_name(self.store, sha256) is None for sha256 in uploads):
            raise ExperimentError(f"dataset: {NOT_HERE}")
        spec = experiment.stored_json()
        identifier = self.store.add_experiment(
            spec,
            experiment.name,
            experiment.runs(),
            visitor=visitor,
            owner=self.owner,
            now=time.time(),
            uploads=uploads,
        )
        self._wake.set()
        return identifier

    def extend(self, stored: StoredExperiment, experiment: Experiment, count: int, visitor: str) -> None:
        """Gives all variants of a visitor's own experiment so many more seeds, so that everything stays paired.

        Args:
            stored: the experiment as it is in the store.
            experiment: the same, read.
            count: of new seeds.
            visitor: who asks.

        Raises:
            ExperimentError: it is not theirs, has changed meanwhile, or would be over a limit.
        """
        if not 1 <= count <= MOST_SEEDS_AT_ONCE:
            raise ExperimentError(f"seeds: {count} more asked for; allowed: 1 to {MOST_SEEDS_AT_ONCE} at once")
        longer = experiment.with_more_seeds(count)
        added = longer.runs()[len(experiment.runs()) :]
        self.limits.check(longer, self.store.active_count(visitor) + len(added))
        spec = longer.stored_json()
        if not self.store.extend_experiment(stored, spec, added, visitor=visitor, owner=self.owner, now=time.time()):
            raise ExperimentError("Seeds can be added to an experiment of one's own, as it is now: reload the page.")
        self._wake.set()

    def cancel(self, experiment_id: str, run_id: int | None = None, *, visitor: str) -> int:
        """Cancels the active runs of a visitor's own experiment, or one of them; how many.

        Workers notice between two compiled calls.
        """
        return self.store.cancel(experiment_id, run_id, visitor=visitor, now=time.time())

    def ask(self, function: Callable[..., Any], *arguments: str | int) -> Future:
        """Has a worker compute what is no run (a summary, a preview, a file) on its second thread, beside any run.

        The function belongs in `training/dispatch/tasks.py`: the scheduler imports its module, too. The caller keeps
        the future for as long as it wants the answer; what pages look for again goes through `questions`.

        Raises:
            ClusterError: no worker is ready.
        """
        client = self._client
        ready = [] if client is None else _workers(client)
        if client is None or not ready:
            raise ClusterError(NO_WORKER)
        return client.submit(function, *arguments, workers=ready, pure=False)

    def close(self) -> None:
        """Ends dispatching and the local workers; runs in the middle stay in the store to be taken up again."""
        self._closing.set()
        self._wake.set()
        for thread in self._threads:
            thread.join()

    def _beat_and_purge(self) -> None:
        """Heartbeats for waiting runs, runs that others left behind, and what is older than the host keeps."""
        while True:
            try:
                now = time.time()
                self.store.beat(self.owner, now)
                if self._adopts and self.store.adopt(self.owner, now - SECONDS_UNTIL_ADOPTED, now):
                    self._wake.set()
                if self.limits.days_kept is not None:
                    self.store.purge(now - self.limits.days_kept * 86_400)
                purge_uploads(self.store, now - SECONDS_UNUSED_UPLOADS_ARE_KEPT)
            except StoreError:
                logger.exception("the store failed; trying again")
            if self._closing.wait(SECONDS_BETWEEN_HEARTBEATS):
                return

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                self._dispatch_until_closed()
            except Exception as error:  # whatever it was, visitors' runs must go on once it has passed
                logger.exception("lost the workers; starting again")
                self._state = QueueState(0, self._state.expected_workers, str(error))
                self._closing.wait(1.0)

    def _dispatch_until_closed(self) -> None:
        try:
            self._connect()
            while not self._closing.is_set():
                self._round()
                self._wake.wait(SECONDS_BETWEEN_ROUNDS)
                self._wake.clear()
        finally:
            self._disconnect()

    def _connect(self) -> None:
        address = self._address
        if address is None:
            self._cluster = LocalCluster(self._workers)
            address = self._cluster.start()
        self._client = Client(address, set_as_default=False, timeout="10s")
        self.downloads.connect(self._client)

    def _disconnect(self) -> None:
        if self._client is not None:
            self._client.close(timeout=2)
        if self._cluster is not None:
            self._cluster.close()
        self._client = self._cluster = None
        for run, _ in self._busy.values():
            self._settle(run)
        self._busy, self._traced = {}, defaultdict(set)
        self.downloads.disconnect()

    def _round(self) -> None:
        """Settles what has ended and gives every free worker a run."""
        if self._client is None or (self._cluster is not None and not self._cluster.alive()):
            raise ClusterError("The workers ended unexpectedly and are started again.")
        workers = self._client.scheduler_info()["workers"]
        for address, (run, future) in list(self._busy.items()):
            if future.done() or address not in workers:  # a task bound to a worker that left would wait for ever
                del self._busy[address]
                self._retire_if_large(address, future)
                self._settle(run, _why_lost(future))
        ready = [address for address in _workers(self._client) if address not in self._retired]
        self._state = QueueState(len(ready), self._state.expected_workers)
        self.downloads.serve(self._client, ready)
        for address in self._traced.keys() - workers.keys():  # else its variants would be left to a lost worker
            del self._traced[address]
        for address in ready:
            if address not in self._busy:
                self._dispatch(address)

    def _dispatch(self, address: str) -> None:
        """Gives the worker at this address its next run, if one is queued."""
        assert self._client is not None
        taken = {run.id for run, _ in self._busy.values()}
        queued = [run for run in self.store.queued(self.owner) if run.id not in taken]
        others = set().union(*(keys for a, keys in self._traced.items() if a != address))
        run = choose(queued, self._served, self._traced[address], others)
        if run is None:
            return
        future = self._client.submit(
            train_run, run.id, run.attempt, self.store.url,
            workers=[address], resources={RESOURCE: 1}, pure=False, key=f"run-{run.id}-{run.attempt}-{uuid4().hex}",
        )  # fmt: skip
        future.add_done_callback(lambda _: self._wake.set())
        self._busy[address] = run, future
        self._traced[address].add((run.experiment_id, run.variant))
        self._served[run.experiment_id] = 1 + max(self._served.values(), default=0)

    def _settle(self, run: Run, message: str = WORKER_LOST) -> None:
        """Tries a run again whose worker is gone; it is failed when that happened too often."""
        current = self.store.run(run.id)
        if current is None or not current.active or current.attempt != run.attempt or current.owner != self.owner:
            return
        if run.attempt < MAX_ATTEMPTS:
            self.store.retry(run.id, run.attempt, now=time.time())
        else:
            self.store.finish(run.id, run.attempt, "failed", message=message, now=time.time())

    def _retire_if_large(self, address: str, future: Future) -> None:
        """Restarts a worker between runs once it has grown over the bound; it returns under a new address."""
        if future.status == "finished" and future.result() > BYTES_PER_WORKER and self._client is not None:
            self._retired.add(address)
            self._traced.pop(address, None)
            options: dict[str, Any] = {"raise_for_error": False}
            threading.Thread(
                target=self._client.restart_workers, args=([address],), kwargs=options, daemon=True
            ).start()


def _workers(client: Client) -> list[str]:
    """The addresses of the workers that train; a cluster may have others."""
    return [a for a, info in client.scheduler_info()["workers"].items() if RESOURCE in info["resources"]]


def _why_lost(future: Future) -> str:
    """What a run says whose task ended without an end of the run."""
    error = future.exception() if future.status == "error" else None
    if error is None or isinstance(error, KilledWorker):
        return WORKER_LOST
    return WORKER_FAILED.format(reason=f"{type(error).__name__}: {error}")
