"""The queue: hands runs from the store to workers, one to each, fairly, and settles what became of them.

The store is the queue's memory. Dask only ever holds the runs that are being trained, so that a cancelled run is
never dispatched, a small experiment does not wait behind a large one, and a restart finds everything in the store.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from distributed import Client, Future, KilledWorker

from datasets.uploads import NOT_HERE
from experiment.estimate import whole_run_seconds
from experiment.limits import Limits
from experiment.spec import Experiment, ExperimentError
from results.bounds import own_upload
from results.records import Run, StoredExperiment, WaitingRun
from results.store import Store, StoreError
from results.uploads import purge_uploads, put_upload, upload_name
from training.dispatch.admission import Admission
from training.dispatch.cluster import BYTES_PER_WORKER, RESOURCE, ClusterError, LocalCluster, connect
from training.dispatch.counters import BUSY, OUTAGES, QUEUED, RUNS, SECONDS, WORKERS
from training.dispatch.downloads import Downloads
from training.dispatch.questions import Question, Questions
from training.dispatch.tasks import train_run
from training.dispatch.turns import Place, Turns, foresee, short_ones

SECONDS_BETWEEN_ROUNDS = 0.5
SECONDS_BETWEEN_HEARTBEATS = 3.0
SECONDS_UNTIL_ADOPTED = 15.0
"""A run without heartbeat for so long may be taken over by another process."""

SECONDS_BETWEEN_BOUNDS = 60.0
SECONDS_UNTIL_REPLACED = 5.0
"""A worker that does not hear for so long that its run is over is ended and replaced."""

SECONDS_FOR_THREADS_TO_END = 5.0
SECONDS_UNUSED_UPLOADS_ARE_KEPT = 86_400.0
MOST_LOSSES = 2
OVERTIME = 2.0
"""Times a run's estimated limit: the estimate may be off, and the machine busy."""

MOST_SEEDS_AT_ONCE = 20
"""That are added to an experiment by one press."""
NOT_EXTENDABLE = "Seeds can be added to an experiment of one's own, as it is now: reload the page."
NO_WORKER = "No worker is ready yet; try again in a moment."
WORKER_FAILED = "A worker could not take this run: {reason}"
WORKER_LOST = (
    "The worker process ended in the middle of this run, twice; most likely it had too little memory. "
    "Try a smaller network or fewer rows, or fewer workers (WORKERS)."
)
TOOK_TOO_LONG = "This run was ended after {seconds:.0f} seconds; this host allows no more. Try fewer epochs or rows."

logger = logging.getLogger(__name__)

VariantKey = tuple[str, str]
"""Experiment and variant: what a worker traces once."""


@dataclass
class _Busy:
    """A run that a worker has, since when (monotonic seconds), and since when it is over without the worker knowing."""

    waiting: WaitingRun
    future: Any
    began: float
    over_since: float | None = None

    @property
    def run(self) -> Run:
        """The run as it was dispatched."""
        return self.waiting.run


@dataclass(frozen=True)
class QueueState:
    """What pages say about the workers.

    Attributes:
        ready_workers: that can take a run.
        expected_workers: None on a cluster of others.
        error: why no run goes on, for whoever runs the server.
        store_answers: whether the database answered in the last round.
        places: experiment -> when its next run will start, of those with queued runs.
    """

    ready_workers: int
    expected_workers: int | None
    error: str | None = None
    store_answers: bool = True
    places: Mapping[str, Place] = field(default_factory=dict)


def choose(
    queued: Sequence[Run],
    served: Mapping[str, int],
    own: set[VariantKey],
    others: set[VariantKey],
    visitors: Mapping[str, float] = MappingProxyType({}),
) -> Run | None:
    """The run that a free worker takes next, or None.

    The visitor who was served least comes first; of their experiments the one that was served longest ago (a new one at
    once), so that a small one need not wait for a large one to end. In it, a variant that this worker has traced or
    nobody has, then the order of positions.

    Args:
        queued: runs in the order of submission.
        served: for each experiment, a number that grows each time it is served.
        own: variants traced by this worker.
        others: variants traced by the other workers.
        visitors: for each experiment, how much its visitor was served lately.
    """
    if not queued:
        return None
    experiments = (run.experiment_id for run in queued)
    experiment = min(experiments, key=lambda id_: (visitors.get(id_, 0.0), served.get(id_, 0)))

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
        self.admission = Admission(store, limits)
        self.downloads = Downloads()
        self._adopts, self._address, self._workers = adopts, address, workers
        self._client: Client | None = None
        self._cluster: LocalCluster | None = None
        self._busy: dict[str, _Busy] = {}
        self._unsettled: list[tuple[Run, str | None]] = []
        self._retired: set[str] = set()
        self._traced: defaultdict[str, set[VariantKey]] = defaultdict(set)
        self._served: dict[str, int] = {}
        self._turns = Turns(time.monotonic)
        self._wake, self._closing = threading.Event(), threading.Event()
        self.questions = Questions(self._wake.set)
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
        return self._state.error or (None if self._state.ready_workers else NO_WORKER)

    def submit(self, experiment: Experiment, visitor: str, address: str = "") -> str:
        """Stores the experiment with all its runs queued, and returns its identifier.

        Raises:
            ExperimentError: it is over a limit of this host, or its uploaded data were deleted.
        """
        now, uploads = time.time(), experiment.dataset.uploads
        with self.admission.lock:
            self.admission.check(experiment, visitor, address, len(experiment.runs()))
            if any(upload_name(self.store, sha256) is None for sha256 in uploads):
                raise ExperimentError(f"dataset: {NOT_HERE}")
            self.admission.make_room(visitor, address, now=now, experiments=1)
            identifier = self.store.add_experiment(
                experiment.stored_json(),
                experiment.name,
                experiment.runs(),
                visitor=visitor,
                owner=self.owner,
                now=now,
                uploads=uploads,
                address=address,
                seconds={variant.name: whole_run_seconds(experiment, variant) for variant in experiment.variants},
            )
        self._wake.set()
        return identifier

    def keep_upload(self, name: str, content: bytes, visitor: str, address: str = "") -> str:
        """Stores a file of a visitor's and returns its SHA-256.

        Raises:
            ExperimentError: there is no room for it.
        """
        now = time.time()
        with self.admission.lock:
            self.admission.make_room(visitor, address, now=now, size=len(content))
            sha256 = put_upload(self.store, name, content, now)
            own_upload(self.store, sha256, visitor, address)
        return sha256

    def extend(
        self, stored: StoredExperiment, experiment: Experiment, count: int, visitor: str, address: str = ""
    ) -> None:
        """Gives all variants of a visitor's own experiment so many more seeds, so that everything stays paired.

        Args:
            stored: the experiment as it is in the store.
            experiment: the same, read.
            count: of new seeds.
            visitor: who asks.
            address: from where.

        Raises:
            ExperimentError: it is not theirs, has changed meanwhile, or would be over a limit.
        """
        if not 1 <= count <= MOST_SEEDS_AT_ONCE:
            raise ExperimentError(f"seeds: {count} more asked for; allowed: 1 to {MOST_SEEDS_AT_ONCE} at once")
        longer = experiment.with_more_seeds(count)
        added, spec = longer.runs()[len(experiment.runs()) :], longer.stored_json()
        with self.admission.lock:
            self.admission.check(longer, visitor, address, len(added))
            now = time.time()
            if not self.store.extend_experiment(stored, spec, added, visitor=visitor, owner=self.owner, now=now):
                raise ExperimentError(NOT_EXTENDABLE)
        self._wake.set()

    def cancel(self, experiment_id: str, run_id: int | None = None, *, visitor: str) -> int:
        """Cancels the active runs of a visitor's own experiment, or one of them; how many.

        Workers notice between two compiled calls.
        """
        return self.store.cancel(experiment_id, run_id, visitor=visitor, now=time.time())

    def close(self) -> None:
        """Ends dispatching and the local workers; runs in the middle stay in the store to be taken up again.

        A database that does not answer holds it up for seconds, not for good.
        """
        self._closing.set()
        self._wake.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(SECONDS_FOR_THREADS_TO_END)
        if self._cluster is not None:
            self._cluster.close()

    def _beat_and_purge(self) -> None:
        """Heartbeats for waiting runs, runs that others left behind, and what is older than the host keeps."""
        answers_since, bounded = time.monotonic(), 0.0
        while True:
            try:
                now = time.time()
                self.store.beat(self.owner, now)
                # After an outage of the database all heartbeats are old: others get the time to beat first.
                steady = time.monotonic() - answers_since > SECONDS_UNTIL_ADOPTED or not bounded
                if self._adopts and steady and self.store.adopt(self.owner, now - SECONDS_UNTIL_ADOPTED, now):
                    self._wake.set()
                if time.monotonic() - bounded > SECONDS_BETWEEN_BOUNDS or not bounded:
                    self._remove_what_is_too_old(now)
                    bounded = time.monotonic()
            except Exception:  # whatever it was: without heartbeats everything here would be taken over
                logger.exception("the store failed; trying again")
                answers_since = time.monotonic()
            if self._closing.wait(SECONDS_BETWEEN_HEARTBEATS):
                return

    def _remove_what_is_too_old(self, now: float) -> None:
        if self.limits.days_kept is not None:
            self.store.purge(now - self.limits.days_kept * 86_400)
        purge_uploads(self.store, now - SECONDS_UNUSED_UPLOADS_ARE_KEPT)
        self.admission.keep_bounds(now)

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
        self._client = connect(address)
        self.downloads.connect(self._client)

    def _disconnect(self) -> None:
        """Everything that was under way goes on with the next workers; the runs' own workers are not to blame."""
        if self._client is not None:
            self._client.close(timeout=2)
        if self._cluster is not None:
            self._cluster.close()
        self._client = self._cluster = None
        self._unsettled += [(busy.run, None) for busy in self._busy.values()]
        self._busy, self._traced, self._retired = {}, defaultdict(set), set()
        self.downloads.disconnect()
        self.questions.disconnect()

    def _round(self) -> None:
        """Settles what has ended, ends what is over, and gives every free worker a run."""
        if self._client is None or (self._cluster is not None and not self._cluster.alive()):
            raise ClusterError("The workers ended unexpectedly and are started again.")
        workers = self._client.scheduler_info()["workers"]
        self._collect(workers)
        ready = [address for address in _workers(self._client) if address not in self._retired]
        WORKERS.set(len(ready))
        for late in self.questions.serve(self._submit_question, ready, time.monotonic()):
            self._replace(late)
        self.downloads.serve(self._client, ready)
        try:
            self._settle_all()
            self._end_what_is_over()
            waiting = self._dispatch_all([address for address in ready if address not in self._retired])
        except StoreError as error:  # the workers go on, and so does this once the store answers again
            OUTAGES.inc()
            logger.error("the store failed; trying again: %s", error)
            self._state = replace(self._state, ready_workers=len(ready), error=str(error), store_answers=False)
            return
        self._state = QueueState(len(ready), self._state.expected_workers, places=self._foresee(waiting))

    def _collect(self, workers: Mapping[str, Any]) -> None:
        """Takes back from the workers what has ended there, to be settled in the store as soon as that answers."""
        for address, busy in list(self._busy.items()):
            lost = address not in workers  # a task bound to a worker that left would wait for ever
            if not (lost or busy.future.done()):
                continue
            held = time.monotonic() - busy.began
            self._turns.serve(busy.waiting.visitor, held)
            SECONDS.inc(held)
            if busy.future.status == "finished":
                self._turns.note_speed(busy.waiting.seconds, held)
            self._retire_if_large(address, busy.future)
            self._unsettled.append((busy.run, _why_lost(busy.future)))
            del self._busy[address]
        for address in self._traced.keys() - workers.keys():  # else its variants would be left to a lost worker
            del self._traced[address]
        self._retired &= workers.keys()

    def _settle_all(self) -> None:
        """Settles what was taken back, and runs that nobody has in hand: an outage of the store may leave such."""
        while self._unsettled:
            self._settle(*self._unsettled[0])
            del self._unsettled[0]
        held, now = {busy.run.id for busy in self._busy.values()}, time.time()
        for run in self.store.running(self.owner):
            if run.id not in held and run.heartbeat < now - SECONDS_UNTIL_ADOPTED:
                self._settle(run, None)

    def _end_what_is_over(self) -> None:
        """Ends runs that take too long, and replaces workers that do not hear that their run is over."""
        now, allowed = time.monotonic(), self.limits.run_seconds
        current = self.store.attempts([busy.run.id for busy in self._busy.values()]) if self._busy else {}
        for address, busy in list(self._busy.items()):
            run = busy.run
            if allowed is not None and now - busy.began > OVERTIME * allowed and run.id in current:
                message = TOOK_TOO_LONG.format(seconds=OVERTIME * allowed)
                self.store.finish(run.id, run.attempt, "failed", message=message, now=time.time())
            if current.get(run.id) == run.attempt:
                busy.over_since = None
            elif busy.over_since is None:
                busy.over_since = now
            elif now - busy.over_since > SECONDS_UNTIL_REPLACED:
                logger.warning("the worker %s does not hear that run %s is over: replaced", address, run.id)
                self._replace(address)

    def _dispatch_all(self, ready: Sequence[str]) -> list[WaitingRun]:
        """Gives every free worker its next run; returns those that still wait."""
        taken = {busy.run.id for busy in self._busy.values()} | {run.id for run, _ in self._unsettled}
        waiting = [one for one in self.store.queued(self.owner) if one.run.id not in taken]
        for address in ready:
            if address not in self._busy and waiting:
                chosen = self._dispatch(address, waiting, keeps_one=len(ready) > 1)
                waiting = [one for one in waiting if one is not chosen]
        QUEUED.set(len(waiting))
        BUSY.set(len(self._busy))
        return waiting

    def _dispatch(self, address: str, waiting: Sequence[WaitingRun], *, keeps_one: bool) -> WaitingRun | None:
        """Gives the worker at this address its next run, if one may go there."""
        assert self._client is not None
        served = self._turns.served(self._held())
        runs = [one.run for one in waiting]
        if self.limits.run_seconds is not None and keeps_one and self._free_of_long_ones() <= 1:
            runs = short_ones(waiting, self._turns.factor)
        others = set().union(*(keys for a, keys in self._traced.items() if a != address))
        visitors = {one.run.experiment_id: served.get(one.visitor, 0.0) for one in waiting}
        run = choose(runs, self._served, self._traced[address], others, visitors)
        if run is None:
            return None
        future = self._client.submit(
            train_run, run.id, run.attempt, self.store.url,
            workers=[address], resources={RESOURCE: 1}, pure=False, key=f"run-{run.id}-{run.attempt}-{uuid4().hex}",
        )  # fmt: skip
        future.add_done_callback(lambda _: self._wake.set())
        chosen = next(one for one in waiting if one.run is run)
        self._busy[address] = _Busy(chosen, future, time.monotonic())
        self._traced[address].add((run.experiment_id, run.variant))
        self._served[run.experiment_id] = 1 + max(self._served.values(), default=0)
        return chosen

    def _held(self) -> Iterable[tuple[str, float]]:
        """Visitors whose runs hold workers, and for how long by now."""
        now = time.monotonic()
        return [(busy.waiting.visitor, now - busy.began) for busy in self._busy.values()]

    def _free_of_long_ones(self) -> int:
        """How many workers have no long run."""
        short = {run.id for run in short_ones([busy.waiting for busy in self._busy.values()], self._turns.factor)}
        return self.workers - sum(busy.run.id not in short for busy in self._busy.values())

    def _foresee(self, waiting: Sequence[WaitingRun]) -> Mapping[str, Place]:
        factor, now = self._turns.factor, time.monotonic()
        free_in = [max(0.0, busy.waiting.seconds * factor - (now - busy.began)) for busy in self._busy.values()]
        free_in += [0.0] * (self.workers - len(free_in))
        scaled = [one._replace(seconds=one.seconds * factor) for one in waiting]
        return foresee(scaled, self._turns.served(self._held()), self._served, free_in)

    def _settle(self, run: Run, message: str | None = WORKER_LOST) -> None:
        """Tries a run again whose worker is gone; it is failed when that happened too often.

        Args:
            run: as it was dispatched.
            message: why its own worker ended; None where that was not to blame: the server, the scheduler or the
                database failed.
        """
        current = self.store.run(run.id)
        if current is None or current.attempt != run.attempt or current.owner != self.owner:
            return
        if not current.active:
            RUNS.labels(current.status).inc()
        elif message is not None and self.store.losses(run.id) + 1 >= MOST_LOSSES:
            self.store.finish(run.id, run.attempt, "failed", message=message, now=time.time())
            RUNS.labels("lost").inc()
        else:
            self.store.retry(run.id, run.attempt, worker_lost=message is not None, now=time.time())
            RUNS.labels("again").inc()

    def _submit_question(self, question: Question, address: str) -> Future:
        """Has a worker compute what is no run, on a thread of its own, beside any run.

        The function belongs in `training/dispatch/tasks.py`: the scheduler imports its module, too.
        """
        assert self._client is not None
        future = self._client.submit(question.task, *question.arguments, workers=[address], pure=False)
        future.add_done_callback(lambda _: self._wake.set())
        return future

    def _retire_if_large(self, address: str, future: Future) -> None:
        """Replaces a worker between runs once it has grown over the bound."""
        if future.status == "finished" and future.result() > BYTES_PER_WORKER:
            self._replace(address)

    def _replace(self, address: str) -> None:
        """Ends a worker's process, whatever it does; its nanny starts another one, which has a new address."""
        if self._client is None or address in self._retired:
            return
        self._retired.add(address)
        self._traced.pop(address, None)
        options: dict[str, Any] = {"raise_for_error": False}
        threading.Thread(target=self._client.restart_workers, args=([address],), kwargs=options, daemon=True).start()


def _workers(client: Client) -> list[str]:
    """The addresses of the workers that train; a cluster may have others."""
    return [a for a, info in client.scheduler_info()["workers"].items() if RESOURCE in info["resources"]]


def _why_lost(future: Any) -> str | None:
    """What a run says whose task ended without an end of the run; None: its worker is not to blame."""
    error = future.exception() if future.status == "error" else None
    if isinstance(error, StoreError):
        return None
    if error is None or isinstance(error, KilledWorker):
        return WORKER_LOST
    return WORKER_FAILED.format(reason=f"{type(error).__name__}: {error}")
