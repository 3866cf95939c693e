"""Curves as arrays, kept for all viewers in a process and filled with new epochs only."""

import math
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter, itemgetter
from threading import Lock
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from results.records import CURVE_NAMES, OPTIONAL_CURVES, EpochRecord, Run
from results.store import Store

Curves = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class RunRecord:
    """A run with its curves: CURVE_NAMES -> float64 array of shape (epochs,), read-only, NaN if not finite; also
    those of OPTIONAL_CURVES that the run has.

    Entry i belongs to epoch i + 1. `curves` is the same object from one read to the next unless epochs were
    added or the attempt changed; the whole record is the same object unless `run` changed too, heartbeats aside.

    `members` has those of an ensemble's members, each of shape (members, epochs); it is empty for other runs.
    """

    run: Run
    curves: Curves
    members: Curves = field(default_factory=dict)

    @property
    def last_epoch(self) -> int:
        """The last epoch known; 0 before the first."""
        return int(self.curves[CURVE_NAMES[0]].shape[0])


def _name_rows(block: NDArray[np.float64], names: Sequence[str] = CURVE_NAMES) -> Curves:
    block.flags.writeable = False
    return MappingProxyType(dict(zip(names, block, strict=True)))


_numbers = attrgetter(*CURVE_NAMES)
_NO_CURVES = _name_rows(np.empty((len(CURVE_NAMES), 0)))


def _extend(curves: Curves, epochs: Sequence[EpochRecord]) -> Curves:
    """The curves with further epochs. Each goes to the place of its number: one that is missing is NaN."""
    new = np.array(list(map(_numbers, epochs)), dtype=np.float64)
    places = np.array([record.epoch for record in epochs]) - 1
    begun = epochs[0].series or {}  # older runs have fewer
    names = (*curves, *(name for name in OPTIONAL_CURVES if name in begun and name not in curves))
    block = np.full((len(names), places[-1] + 1), np.nan)
    known = curves[CURVE_NAMES[0]].shape[0]
    block[: len(curves), :known] = list(curves.values())
    block[: len(CURVE_NAMES), places] = new.T
    for row, name in zip(block[len(CURVE_NAMES) :], names[len(CURVE_NAMES) :], strict=True):
        row[places] = [(record.series or {}).get(name, np.nan) for record in epochs]
    return _name_rows(block, names)


def _extend_members(members: Curves, epochs: Sequence[EpochRecord]) -> Curves:
    """The members' curves with further epochs, likewise."""
    found = [(r.epoch - 1, r.series["members"]) for r in epochs if r.series and "members" in r.series]
    if not found:
        return members
    extended = {}
    for name, of_first in found[0][1].items():
        block = np.full((len(of_first), epochs[-1].epoch), np.nan)
        if name in members:
            block[:, : members[name].shape[1]] = members[name]
        for place, values in found:
            block[:, place] = [np.nan if value is None else value for value in values[name]]
        block.flags.writeable = False
        extended[name] = block
    return MappingProxyType(extended)


@dataclass(slots=True)
class _Experiment:
    records: dict[int, RunRecord] = field(default_factory=dict)
    complete: set[tuple[int, int]] = field(default_factory=set)
    read_at: float = -math.inf
    lock: Lock = field(default_factory=Lock)

    def refresh(self, store: Store, experiment_id: str) -> None:
        # Runs before epochs: a run seen as ended has written all its epochs by the time they are read.
        runs = store.runs(experiment_id)
        self.records = {run.id: self._with_run(run) for run in runs}
        growing = [run.id for run in runs if (run.id, run.attempt) not in self.complete and run.status != "queued"]
        after = {run_id: self.records[run_id].last_epoch for run_id in growing}
        for (run_id, attempt), found in groupby(store.epochs(growing, after), key=itemgetter(0, 1)):
            self._add(run_id, attempt, [epoch.record for epoch in found])
        self.complete = {(run.id, run.attempt) for run in runs if not run.active}
        self.read_at = time.monotonic()

    def _with_run(self, run: Run) -> RunRecord:
        record = self.records.get(run.id)
        if record is None or record.run.attempt != run.attempt:
            return RunRecord(run, _NO_CURVES)
        return record if record.run == run else RunRecord(run, record.curves, record.members)

    def _add(self, run_id: int, attempt: int, epochs: Sequence[EpochRecord]) -> None:
        record = self.records[run_id]
        if attempt == record.run.attempt:  # else it changed between the two queries: the next read resets
            members = _extend_members(record.members, epochs)
            self.records[run_id] = RunRecord(record.run, _extend(record.curves, epochs), members)


class CurveCache:
    """The curves of the experiments looked at last, shared by all threads of a process.

    Args:
        store: where to read.
        capacity: how many experiments are kept; the one not read for longest goes first.
    """

    def __init__(self, store: Store, capacity: int = 64) -> None:
        self._store = store
        self._capacity = capacity
        self._experiments: OrderedDict[str, _Experiment] = OrderedDict()
        self._lock = Lock()

    def read(self, experiment_id: str, *, max_age: float = 0.0) -> tuple[RunRecord, ...]:
        """The experiment's runs in their order, with all epochs so far; empty if there is none.

        Args:
            experiment_id: the experiment.
            max_age: seconds that the epochs may be old. What is computed of them is kept for all who are given the same
                ones, so a hundred viewers of one experiment cost as much analysis as one.
        """
        with self._lock:
            experiment = self._experiments.setdefault(experiment_id, _Experiment())
            self._experiments.move_to_end(experiment_id)
            while len(self._experiments) > self._capacity:
                self._experiments.popitem(last=False)
        with experiment.lock:
            if time.monotonic() - experiment.read_at >= max_age:
                experiment.refresh(self._store, experiment_id)
            records = tuple(experiment.records.values())
        if not records:
            with self._lock:
                self._experiments.pop(experiment_id, None)
        return records
