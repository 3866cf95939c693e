"""Whose turn it is: visitors by what they were served, and when each experiment's turn will come."""

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from types import MappingProxyType

from results.records import Run, WaitingRun

SECONDS_UNTIL_HALF_IS_FORGOTTEN = 600.0
LONG_SECONDS = 20.0
"""A run that takes longer is a long one. On a host the last worker that is free of them takes short runs only."""

FORESEEN_RUNS = 300
"""So many turns are looked ahead; beyond them the page says "more than"."""

SPEEDS = 30
SHARE_THAT_TELLS = 0.05
"""Of a run's epochs: after so many more its pace is known."""
CAUTION = 3.0
"""So many times longer than estimated a run is taken to last while no speed is known: a long one that is taken for a
short one would hold the worker that is kept for these."""

VariantKey = tuple[str, str]
"""Experiment and variant: what a worker traces once."""


@dataclass(frozen=True)
class Place:
    """When an experiment's first run will start: so many runs before it, in about so many seconds; `beyond` them where
    it is too far to foresee. `end`: seconds until the last waiting run of the experiment ends, None where that is.
    """

    runs_before: int
    seconds: float
    beyond: bool = False
    end: float | None = None


@dataclass(frozen=True)
class Underway:
    """A run in training.

    Attributes:
        estimated: seconds of the whole.
        taken: seconds until now.
        left: seconds by the pace of its epochs; None while too few are done to tell.
    """

    estimated: float
    taken: float
    left: float | None

    @property
    def speed(self) -> float | None:
        """How many times longer than estimated it takes; None while nothing tells."""
        return None if self.left is None or self.estimated <= 0 else (self.taken + self.left) / self.estimated

    def seconds_left(self, factor: float) -> float:
        """By its pace, else by the estimate and a factor."""
        return max(0.0, self.estimated * factor - self.taken) if self.left is None else self.left


@dataclass
class Pace:
    """How fast a run's epochs come. What comes before the first one does not count: tracing, teachers."""

    first: tuple[float, float] | None = None
    """When an epoch was seen first, and the share of all epochs that was done then."""
    left: float | None = None
    """Seconds until the last one."""

    def note(self, share: float, now: float) -> None:
        """So much was done at a moment."""
        if share > 0 and self.first is None:
            self.first = now, share
        if self.first is not None and share - self.first[1] >= SHARE_THAT_TELLS:
            self.left = (1 - share) * (now - self.first[0]) / (share - self.first[1])


class Turns:
    """What each visitor was served lately, in worker seconds, and how the machine's speed compares with estimates.

    Old seconds count less and less, so that nobody is behind for ever.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._served: defaultdict[str, float] = defaultdict(float)
        self._reckoned = clock()
        self._speeds: list[float] = []

    def factor(self, running: Iterable[Underway] = (), unknown: float = 1.0) -> float:
        """How many times longer than estimated runs take here.

        Args:
            running: what is in training now.
            unknown: the answer while nothing is known.
        """
        speeds = [*self._speeds, *(speed for one in running if (speed := one.speed) is not None)]
        return median(speeds) if speeds else unknown

    def note_speed(self, estimated: float, taken: float) -> None:
        """A run ended by itself."""
        if estimated > 0:
            self._speeds = [*self._speeds, taken / estimated][-SPEEDS:]

    def serve(self, visitor: str, seconds: float) -> None:
        """A visitor's run held a worker for so long."""
        self._forget()
        self._served[visitor] += seconds

    def served(self, held: Iterable[tuple[str, float]]) -> dict[str, float]:
        """Visitor -> seconds served lately.

        Args:
            held: visitors whose runs hold a worker now, and for how long by now.
        """
        self._forget()
        seconds = defaultdict(float, self._served)
        for visitor, by_now in held:
            seconds[visitor] += by_now
        return seconds

    def _forget(self) -> None:
        now = self._clock()
        kept = 0.5 ** ((now - self._reckoned) / SECONDS_UNTIL_HALF_IS_FORGOTTEN)
        self._reckoned = now
        remembered = {visitor: seconds * kept for visitor, seconds in self._served.items() if seconds * kept > 0.01}
        self._served = defaultdict(float, remembered)


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


def foresee(
    waiting: Sequence[WaitingRun], served: Mapping[str, float], last: Mapping[str, int], free_in: Sequence[float]
) -> dict[str, Place]:
    """When the first waiting run of each experiment will start, and the last one end, by the rule of `choose`.

    Args:
        waiting: all queued runs, in the order of submission.
        served: visitor -> seconds served lately.
        last: experiment -> a number that grows each time it is served.
        free_in: for each worker, the seconds until it is free.
    """
    left: dict[str, list[float]] = defaultdict(list)
    visitors = {one.run.experiment_id: one.visitor for one in waiting}
    for one in waiting:
        left[one.run.experiment_id].insert(0, one.seconds)
    seconds = defaultdict(float, served)
    order, turn = dict(last), 1 + max(last.values(), default=0)
    workers = sorted(free_in) or [0.0]
    heapq.heapify(workers)
    places: dict[str, Place] = {}
    ends: defaultdict[str, float] = defaultdict(float)
    for before in range(min(len(waiting), FORESEEN_RUNS)):
        chosen = min(left, key=lambda one: (seconds[visitors[one]], order.get(one, 0)))
        start, taken = heapq.heappop(workers), left[chosen].pop()
        places.setdefault(chosen, Place(before, start))
        ends[chosen] = max(ends[chosen], start + taken)
        heapq.heappush(workers, start + taken)
        seconds[visitors[chosen]] += taken
        order[chosen], turn = turn, turn + 1
        if not left[chosen]:
            del left[chosen]
            places[chosen] = replace(places[chosen], end=ends[chosen])
    unseen = Place(min(len(waiting), FORESEEN_RUNS), workers[0], beyond=True)
    return {experiment: places.get(experiment, unseen) for experiment in visitors}


def is_coming(one: WaitingRun, in_hand: Mapping[str, int]) -> bool:
    """Whether a waiting run's numbers are on their way.

    Args:
        one: the run.
        in_hand: what is being trained: the text of a key -> for how many epochs.
    """
    return one.key is not None and not one.key.anew and in_hand.get(one.key.text, 0) >= one.key.epochs


def without_repeated(waiting: Iterable[WaitingRun], in_hand: Mapping[str, int]) -> list[WaitingRun]:
    """The waiting runs, with no seconds for those whose numbers come with another one."""
    coming, counted = dict(in_hand), []
    for one in waiting:
        counted.append(one._replace(seconds=0.0) if is_coming(one, coming) else one)
        if one.key is not None:
            coming[one.key.text] = max(one.key.epochs, coming.get(one.key.text, 0))
    return counted


def short_ones(waiting: Sequence[WaitingRun], factor: float) -> list[Run]:
    """The runs that any worker may take."""
    return [one.run for one in waiting if one.seconds * factor <= LONG_SECONDS]
