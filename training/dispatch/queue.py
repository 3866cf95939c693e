"""The queue: takes experiments in, keeps what waits alive in the store, and has a dispatcher give runs to workers."""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from uuid import uuid4

from datasets.uploads import NOT_HERE
from experiment.estimate import whole_run_seconds
from experiment.limits import Limits
from experiment.run_key import run_keys
from experiment.spec import Experiment, ExperimentError
from results.bounds import own_upload, owns_upload
from results.records import RunKey, StoredExperiment
from results.run_keys import find_active, find_known
from results.steps import note_step
from results.store import Store
from results.uploads import purge_uploads, put_upload, upload_name
from training.dispatch.admission import Admission
from training.dispatch.dispatcher import NO_WORKER, Dispatcher, QueueState
from training.dispatch.turns import choose
from wording.language import _, say_later

__all__ = ["MOST_SEEDS_AT_ONCE", "Queue", "QueueState", "choose"]

SECONDS_BETWEEN_HEARTBEATS = 3.0
SECONDS_UNTIL_ADOPTED = 15.0
"""A run without heartbeat for so long may be taken over by another process."""

SECONDS_BETWEEN_BOUNDS = 60.0
SECONDS_FOR_THREADS_TO_END = 5.0
SECONDS_UNUSED_UPLOADS_ARE_KEPT = 86_400.0
MOST_SEEDS_AT_ONCE = 20
"""That are added to an experiment by one press."""
NOT_EXTENDABLE = say_later("Seeds can be added to an experiment of one's own, as it is now: reload the page.")

logger = logging.getLogger(__name__)


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
        self.dispatcher = Dispatcher(store, self.owner, address=address, workers=workers, limits=limits)
        self.downloads, self.questions = self.dispatcher.downloads, self.dispatcher.questions
        self._adopts, self._wake, self._closing = adopts, self.dispatcher.wake, threading.Event()
        self._threads = [threading.Thread(target=f, daemon=True) for f in (self.dispatcher.serve, self._beat_and_purge)]

    def start(self) -> None:
        """Returns at once; workers warm up in the background, and runs wait in the store until then."""
        for thread in self._threads:
            thread.start()

    @property
    def workers(self) -> int:
        """How many runs are trained at once: the workers that are ready, or those that will be."""
        return self.dispatcher.workers

    @property
    def state(self) -> QueueState:
        """How many workers are ready, and what is wrong if none can be."""
        return self.dispatcher.state

    @property
    def problem(self) -> str | None:
        """Why no run could start now; None while workers are ready."""
        return self.state.error or (None if self.state.ready_workers else NO_WORKER)

    def submit(self, experiment: Experiment, visitor: str, address: str = "", *, anew: bool = False) -> str:
        """Stores the experiment, and returns its identifier. Runs that are not in the store yet are queued.

        Args:
            experiment: what is asked for.
            visitor: who asks.
            address: from where.
            anew: whether all its runs are trained, whatever is in the store.

        Raises:
            ExperimentError: it is over a limit of this host, or its uploaded data were deleted.
        """
        now, uploads, runs = time.time(), experiment.dataset.uploads, experiment.runs()
        keys = self._keys(experiment, runs, visitor, anew=anew)
        with self.admission.lock:
            self.admission.check(experiment, visitor, address, self._count_new(runs, keys))
            if any(upload_name(self.store, sha256) is None for sha256 in uploads):
                raise ExperimentError(_("dataset: {not_here}").format(not_here=_(NOT_HERE)))
            self.admission.make_room(visitor, address, now=now, experiments=1)
            identifier = self.store.add_experiment(
                experiment.stored_json(),
                experiment.name,
                runs,
                visitor=visitor,
                owner=self.owner,
                now=now,
                uploads=uploads,
                address=address,
                seconds={variant.name: whole_run_seconds(experiment, variant) for variant in experiment.variants},
                keys=keys,
            )
        self._wake.set()
        return identifier

    def try_step(
        self, experiment: Experiment, visitor: str, address: str = "", *, previous_id: str, compared_id: str
    ) -> str:
        """Stores an experiment that takes the place of the visitor's step before, and returns its identifier.

        Runs of the step before that are not over and that the new one does not need are cancelled.

        Args:
            experiment: what is asked for.
            visitor: who asks.
            address: from where.
            previous_id: the experiment that was tried last.
            compared_id: the one that was on the page, whose curves stay as a ghost.

        Raises:
            ExperimentError: it is over a limit of this host, or its uploaded data were deleted.
        """
        identifier = self.submit(experiment, visitor, address)
        note_step(self.store, identifier, previous_id=previous_id, compared_id=compared_id)
        needed = {key.text for key in self._keys(experiment, experiment.runs(), visitor).values()}
        for run_id, key in find_active(self.store, previous_id).items():
            if key not in needed:
                self.cancel(previous_id, run_id, visitor=visitor)
        return identifier

    def find_new(self, experiment: Experiment, visitor: str) -> set[tuple[str, int]]:
        """Which of an experiment's runs, as (variant, seed), would be trained: the others' numbers are there."""
        keys = self._keys(experiment, experiment.runs(), visitor)
        known = find_known(self.store, keys.values())
        return {run for run in experiment.runs() if keys.get(run) not in known}

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
            raise ExperimentError(
                _("seeds: {count} more asked for; allowed: 1 to {most} at once").format(
                    count=count, most=MOST_SEEDS_AT_ONCE
                )
            )
        longer = experiment.with_more_seeds(count)
        added, spec = longer.runs()[len(experiment.runs()) :], longer.stored_json()
        keys = self._keys(longer, added, visitor)
        with self.admission.lock:
            self.admission.check(longer, visitor, address, self._count_new(added, keys))
            now = time.time()
            if not self.store.extend_experiment(
                stored, spec, added, visitor=visitor, owner=self.owner, now=now, keys=keys
            ):
                raise ExperimentError(_(NOT_EXTENDABLE))
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
        self.dispatcher.close()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(SECONDS_FOR_THREADS_TO_END)
        self.dispatcher.end_workers()

    def _keys(
        self, experiment: Experiment, runs: Sequence[tuple[str, int]], visitor: str, *, anew: bool = False
    ) -> dict[tuple[str, int], RunKey]:
        """What decides the numbers of each run; of none where that is unknown, or on data that the visitor has not."""
        machine = self.dispatcher.machine
        if machine is None or not all(
            owns_upload(self.store, sha256, visitor) for sha256 in experiment.dataset.uploads
        ):
            return {}
        return run_keys(experiment, runs, machine, anew=anew)

    def _count_new(self, runs: Sequence[tuple[str, int]], keys: Mapping[tuple[str, int], RunKey]) -> int:
        """How many of the runs will be queued."""
        known = find_known(self.store, keys.values())
        return len(runs) - sum(key in known for key in keys.values())

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
