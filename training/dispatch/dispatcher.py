"""The dispatcher: gives runs to workers, one to each, fairly, and settles what became of them.

The store is its memory. Dask only ever holds the runs that are being trained, so that a cancelled run is never
dispatched, a small experiment does not wait behind a large one, and a restart finds everything in the store.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from experiment.limits import Limits
from experiment.machine import this_machine
from results.records import Run, Status, WaitingRun
from results.store import Store, StoreError
from training.dispatch.cluster import BYTES_PER_WORKER, RESOURCE, ClusterError, LocalCluster, connect
from training.dispatch.counters import BUSY, OUTAGES, QUEUED, RUNS, SECONDS, WORKERS
from training.dispatch.downloads import Downloads
from training.dispatch.questions import Question, Questions
from training.dispatch.tasks import train_run
from training.dispatch.turns import (
    CAUTION,
    Pace,
    Place,
    Turns,
    Underway,
    VariantKey,
    choose,
    foresee,
    is_coming,
    short_ones,
    without_repeated,
)
from wording.language import say_later

if TYPE_CHECKING:  # a quarter of a second: the thread that connects loads it, no page
    from distributed import Client, Future

SECONDS_BETWEEN_ROUNDS = 0.5
SECONDS_UNTIL_SETTLED = 15.0
"""A running run of ours without heartbeat for so long that no worker has is in nobody's hands."""

SECONDS_UNTIL_REPLACED = 5.0
"""A worker that does not hear for so long that its run is over is ended and replaced."""

SECONDS_UNTIL_SILENT = 15.0
"""A worker that says nothing to the scheduler for so long is ended and replaced. Dask's own limit is not used: that
counts the hours, too, that a laptop sleeps."""

SECONDS_UNTIL_LOST = 1.0
"""From the end of a task without an end of its run until its worker is to blame. A scheduler or nanny that dies takes
its connections with it before it is seen to have ended."""

MOST_LOSSES = 2
OVERTIME = 2.0
"""Times a run's estimated limit: the estimate may be off, and the machine busy."""

WORKERS_ENDED = say_later("The workers ended unexpectedly and are started again.")
NO_WORKER = say_later("No worker is ready yet; try again in a moment.")
WORKER_FAILED = say_later("A worker could not take this run: {reason}")
WORKER_LOST = say_later(
    "The worker process ended in the middle of this run, twice; most likely it had too little memory. "
    "Try a smaller network or fewer rows, or fewer workers (WORKERS)."
)
TOOK_TOO_LONG = "This run was ended after {seconds:.0f} seconds; this host allows no more. Try fewer epochs or rows."

logger = logging.getLogger(__name__)


@dataclass
class _Busy:
    """A run that a worker has, since when (monotonic seconds), and since when it is over without the worker knowing."""

    waiting: WaitingRun
    future: Any
    began: float
    pace: Pace = field(default_factory=Pace)
    over_since: float | None = None
    lost_since: float | None = None

    def lose(self, now: float) -> float:
        """Since when it has been lost (monotonic seconds)."""
        self.lost_since = now if self.lost_since is None else self.lost_since
        return self.lost_since

    @property
    def run(self) -> Run:
        """The run as it was dispatched."""
        return self.waiting.run

    @property
    def underway(self) -> Underway:
        """How far it is."""
        return Underway(self.waiting.seconds, time.monotonic() - self.began, self.pace.left)


@dataclass(frozen=True)
class Silence:
    """For how many seconds a worker has not been heard.

    Attributes:
        last_seen: when the scheduler heard it last, by its clock.
        noted: when this was noted (monotonic seconds).
        seconds: so long. A round counts as a second at most, for this process may have been stopped, too.
    """

    last_seen: float = -1.0
    noted: float = 0.0
    seconds: float = 0.0

    def after(self, last_seen: float, now: float) -> Silence:
        """The same, looked at once more."""
        more = self.seconds + min(1.0, now - self.noted)
        return Silence(last_seen, now, more if last_seen == self.last_seen else 0.0)


@dataclass(frozen=True)
class QueueState:
    """What pages say about the workers.

    Attributes:
        ready_workers: that can take a run.
        expected_workers: None on a cluster of others.
        error: why no run goes on, for whoever runs the server.
        store_answers: whether the database answered in the last round.
        places: experiment -> when its next run will start, of those with queued runs.
        waiting: the visitors who have queued runs.
    """

    ready_workers: int
    expected_workers: int | None
    error: str | None = None
    store_answers: bool = True
    places: Mapping[str, Place] = field(default_factory=dict)
    waiting: frozenset[str] = frozenset()


class Dispatcher:
    """Gives this process's runs to workers, from `serve` on.

    Args:
        store: where experiments and runs are.
        owner: of the runs, as the store names this process.
        address: of a Dask scheduler whose workers hold the resource `training`; None starts local workers.
        workers: how many local workers.
        limits: what visitors may ask for.
    """

    def __init__(self, store: Store, owner: str, *, address: str | None, workers: int, limits: Limits) -> None:
        self.store, self.owner, self.limits = store, owner, limits
        self.wake = threading.Event()
        self.downloads, self.questions = Downloads(), Questions(self.wake.set)
        self.state = QueueState(0, None if address else workers)
        self._address, self._workers = address, workers
        self._client: Client | None = None
        self._cluster: LocalCluster | None = None
        self._busy: dict[str, _Busy] = {}
        self._unsettled: list[tuple[_Busy, float, str | None]] = []
        self._silences: dict[str, Silence] = {}
        self._retired: set[str] = set()
        self._overdue: set[str] = set()
        self._traced: defaultdict[str, set[VariantKey]] = defaultdict(set)
        self._machines: dict[str, Any] = {}
        self._served: dict[str, int] = {}
        self._turns = Turns(time.monotonic)
        self._closing = threading.Event()

    @property
    def workers(self) -> int:
        """How many runs are trained at once: the workers that are ready, or those that will be."""
        return self.state.ready_workers or self.state.expected_workers or 1

    @property
    def machine(self) -> Mapping[str, Any] | None:
        """What the workers run on: decides the numbers that they give. None while unknown, or where they differ."""
        if self._address is None:
            return this_machine()
        told = [future.result() for future in list(self._machines.values()) if future.status == "finished"]
        return told[0] if told and all(one == told[0] for one in told) else None

    def close(self) -> None:
        """Makes `serve` return soon."""
        self._closing.set()
        self.wake.set()

    def end_workers(self) -> None:
        """Ends the local workers, whatever they and `serve` do."""
        if self._cluster is not None:
            self._cluster.close()

    def serve(self) -> None:
        """Dispatches until `close`; starts again whatever fails."""
        while not self._closing.is_set():
            try:
                self._dispatch_until_closed()
            except Exception as error:  # whatever it was, visitors' runs must go on once it has passed
                logger.exception("lost the workers; starting again")
                self.state = QueueState(0, self.state.expected_workers, str(error))
                self._closing.wait(1.0)

    def _dispatch_until_closed(self) -> None:
        try:
            self._connect()
            while not self._closing.is_set():
                self._round()
                self.wake.wait(SECONDS_BETWEEN_ROUNDS)
                self.wake.clear()
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
        self._unsettled += [(busy, 0.0, None) for busy in self._busy.values()]
        self._busy, self._traced, self._retired, self._overdue = {}, defaultdict(set), set(), set()
        self.downloads.disconnect()
        self.questions.disconnect()

    def _round(self) -> None:
        """Settles what has ended, ends what is over, and gives every free worker a run."""
        assert self._client is not None
        if self._cluster is not None and not self._cluster.alive():
            raise ClusterError(WORKERS_ENDED)
        workers = self._client.scheduler_info()["workers"]
        self._collect(workers)
        self._note_silences(workers)
        for address in self._overdue - self._busy.keys():  # not in the middle of somebody else's run
            self._replace(address)
        ready = [a for a in _workers(self._client) if a not in self._retired | self._overdue]
        WORKERS.set(len(ready))
        self._ask_machines(ready)
        self._overdue |= set(self.questions.serve(self._submit_question, ready, time.monotonic()))
        self.downloads.serve(self._client, ready)
        try:
            self._settle_all()
            self._end_what_is_over()
            self._note_progress()
            waiting = self._dispatch_all([address for address in ready if address not in self._overdue])
        except StoreError as error:  # the workers go on, and so does this once the store answers again
            OUTAGES.inc()
            logger.error("the store failed; trying again: %s", error)
            self.state = replace(self.state, ready_workers=len(ready), error=str(error), store_answers=False)
            return
        visitors = frozenset(one.visitor for one in waiting)
        self.state = QueueState(
            len(ready), self.state.expected_workers, places=self._foresee(waiting), waiting=visitors
        )

    def _ask_machines(self, ready: Sequence[str]) -> None:
        """Has the workers of a cluster of others tell what they run on."""
        if self._address is not None:
            known = {address: future for address, future in self._machines.items() if address in ready}
            assert self._client is not None
            new = {a: self._client.submit(this_machine, workers=[a], pure=False) for a in ready if a not in known}
            self._machines = known | new

    def _collect(self, workers: Mapping[str, Any]) -> None:
        """Takes back from the workers what has ended there, to be settled in the store as soon as that answers."""
        for address, busy in list(self._busy.items()):
            lost = address not in workers  # a task bound to a worker that left would wait for ever
            if not (lost or busy.future.done()):
                continue
            now = time.monotonic()
            if busy.future.status != "finished" and now - busy.lose(now) < SECONDS_UNTIL_LOST:
                continue
            held = now - busy.began
            self._turns.serve(busy.waiting.visitor, held)
            SECONDS.inc(held)
            self._retire_if_large(address, busy.future)
            self._unsettled.append((busy, held, _why_lost(busy.future)))
            del self._busy[address]
        for address in self._traced.keys() - workers.keys():  # else its variants would be left to a lost worker
            del self._traced[address]
        self._retired &= workers.keys()
        self._overdue &= workers.keys()

    def _note_silences(self, workers: Mapping[str, Any]) -> None:
        """Replaces workers that are not heard any more: stopped, or stuck."""
        now, before = time.monotonic(), self._silences
        self._silences = {
            address: before.get(address, Silence()).after(info["last_seen"], now) for address, info in workers.items()
        }
        for address, silence in self._silences.items():
            if silence.seconds > SECONDS_UNTIL_SILENT and address not in self._retired:
                logger.warning("the worker %s is not heard any more: replaced", address)
                self._replace(address)

    def _settle_all(self) -> None:
        """Settles what was taken back, and runs that nobody has in hand: an outage of the store may leave such."""
        while self._unsettled:
            busy, held, message = self._unsettled[0]
            if self.settle(busy.run, message) == "finished":
                self._turns.note_speed(busy.waiting.seconds, held)
            del self._unsettled[0]
        in_hand, now = {busy.run.id for busy in self._busy.values()}, time.time()
        for run in self.store.running(self.owner):
            if run.id not in in_hand and run.heartbeat < now - SECONDS_UNTIL_SETTLED:
                self.settle(run, None)

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

    def _note_progress(self) -> None:
        last = self.store.last_epochs([busy.run.id for busy in self._busy.values()]) if self._busy else {}
        for busy in self._busy.values():
            if busy.waiting.key is not None:
                busy.pace.note(last.get(busy.run.id, 0) / busy.waiting.key.epochs, time.monotonic())

    def _factor(self, unknown: float = 1.0) -> float:
        return self._turns.factor([busy.underway for busy in self._busy.values()], unknown)

    def _dispatch_all(self, ready: Sequence[str]) -> list[WaitingRun]:
        """Gives every free worker its next run; returns those that still wait."""
        self.store.use_finished(self.owner, time.time())
        taken = {busy.run.id for busy in self._busy.values()} | {busy.run.id for busy, *_ in self._unsettled}
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
        in_hand = self._in_hand()
        waiting = [one for one in waiting if not is_coming(one, in_hand)]
        runs = [one.run for one in waiting]
        if self.limits.run_seconds is not None and keeps_one and self._free_of_long_ones() <= 1:
            runs = short_ones(waiting, self._factor(CAUTION))
        others = set().union(*(keys for a, keys in self._traced.items() if a != address))
        visitors = {one.run.experiment_id: served.get(one.visitor, 0.0) for one in waiting}
        run = choose(runs, self._served, self._traced[address], others, visitors)
        if run is None:
            return None
        future = self._client.submit(
            train_run, run.id, run.attempt, self.store.url,
            workers=[address], resources={RESOURCE: 1}, pure=False, key=f"run-{run.id}-{run.attempt}-{uuid4().hex}",
        )  # fmt: skip
        future.add_done_callback(lambda _: self.wake.set())
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
        short = {run.id for run in short_ones([busy.waiting for busy in self._busy.values()], self._factor(CAUTION))}
        return self.workers - sum(busy.run.id not in short for busy in self._busy.values())

    def _in_hand(self) -> dict[str, int]:
        """What is being trained: the text of a key -> for how many epochs."""
        keys = [busy.waiting.key for busy in self._busy.values() if busy.waiting.key is not None]
        return {key.text: key.epochs for key in keys}

    def _foresee(self, waiting: Sequence[WaitingRun]) -> Mapping[str, Place]:
        factor = self._factor()
        free_in = [busy.underway.seconds_left(factor) for busy in self._busy.values()]
        free_in += [0.0] * (self.workers - len(free_in))
        scaled = [one._replace(seconds=one.seconds * factor) for one in without_repeated(waiting, self._in_hand())]
        return foresee(scaled, self._turns.served(self._held()), self._served, free_in)

    def settle(self, run: Run, message: str | None = WORKER_LOST) -> Status | None:
        """Tries a run again whose worker is gone; it is failed when that happened too often.

        Returns:
            How the run ended by itself; None: it did not, or is no longer ours.

        Args:
            run: as it was dispatched.
            message: why its own worker ended; None where that was not to blame: the server, the scheduler or the
                database failed.
        """
        current = self.store.run(run.id)
        if current is None or current.attempt != run.attempt or current.owner != self.owner:
            return None
        if not current.active:
            RUNS.labels(current.status).inc()
            return current.status
        if message is not None and self.store.losses(run.id) + 1 >= MOST_LOSSES:
            self.store.finish(run.id, run.attempt, "failed", message=message, now=time.time())
            RUNS.labels("lost").inc()
        else:
            self.store.retry(run.id, run.attempt, worker_lost=message is not None, now=time.time())
            RUNS.labels("again").inc()
        return None

    def _submit_question(self, question: Question, address: str) -> Future:
        """Has a worker compute what is no run, on a thread of its own, beside any run.

        The function belongs in `training/dispatch/tasks.py`: the scheduler imports its module, too.
        """
        assert self._client is not None
        future = self._client.submit(question.task, *question.arguments, workers=[address], pure=False)
        future.add_done_callback(lambda _: self.wake.set())
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
        threading.Thread(target=_restart, args=(self._client, address), daemon=True).start()


def _restart(client: Client, address: str) -> None:
    """Has the worker's nanny end it; takes as long as that takes."""
    try:
        client.restart_workers([address], raise_for_error=False)
    except (KeyError, ValueError, OSError, RuntimeError) as error:  # it has left, has no nanny, or all are being closed
        logger.warning("the worker %s is not there to be ended: %r", address, error)


def _workers(client: Client) -> list[str]:
    """The addresses of the workers that train; a cluster may have others."""
    return [a for a, info in client.scheduler_info()["workers"].items() if RESOURCE in info["resources"]]


def _why_lost(future: Any) -> str | None:
    """What a run says whose task ended without an end of the run; None: its worker is not to blame."""
    from distributed import KilledWorker

    error = future.exception() if future.status == "error" else None
    if isinstance(error, StoreError):
        return None
    if error is None or isinstance(error, KilledWorker):
        return WORKER_LOST
    return WORKER_FAILED.format(reason=f"{type(error).__name__}: {error}")
