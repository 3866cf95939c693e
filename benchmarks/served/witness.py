"""Reads the store as pages do, and remembers every epoch that it has ever been shown."""

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from results.records import Run
from results.schema import epochs
from results.store import Store, StoreError

Key = tuple[int, int, int]
"""Run, attempt, epoch."""
Numbers = tuple[Any, ...]
Curve = list[Numbers]

_KEY = [epochs.c[name] for name in ("run_id", "attempt", "epoch")]
_NUMBERS = [column for column in epochs.c if column.name not in ("run_id", "attempt", "seconds")]
"""All that a repeat of a run must give again; not how long an epoch took."""


class Witness:
    """What was acknowledged, to be compared with what is there later.

    Args:
        store: of the server that is tormented.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.experiments: list[str] = []
        """Whose identifiers a visitor was shown after Train."""
        self.seen: dict[Key, Numbers] = {}
        self._reported: set[Key] = set()

    def runs(self) -> list[Run]:
        """The runs of all acknowledged experiments."""
        return [run for experiment in self.experiments for run in self.store.runs(experiment)]

    def look(self) -> list[Run]:
        """Remembers new epochs of the newest experiments; gives their runs, or none while the store does not answer."""
        try:
            runs = [run for experiment in self.experiments[-4:] for run in self.store.runs(experiment)]
            for key, numbers in self._read([run.id for run in runs]).items():
                self.seen.setdefault(key, numbers)
        except StoreError:
            return []
        return runs

    def watch(self, seconds: float) -> None:
        """Keeps looking for so long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.look()
            time.sleep(0.2)

    def attempts(self) -> set[tuple[int, int]]:
        """Run and attempt of which an epoch was seen."""
        return {key[:2] for key in self.seen}

    def last_epoch(self, run_id: int, attempt: int) -> int:
        """The last epoch that was seen of an attempt; 0 for none."""
        return max((key[2] for key in self.seen if key[:2] == (run_id, attempt)), default=0)

    def has_later(self, run_id: int, attempt: int, epoch: int) -> bool:
        """Whether an epoch after this one was seen, in this attempt or a later one."""
        return any(key[0] == run_id and key[1:] > (attempt, epoch) for key in self.seen)

    def find_lost(self) -> int:
        """How many acknowledged epochs are no longer there, or are others now; each is reported once.

        Within an attempt, epochs must follow one another from 1: a gap is an epoch lost, too.
        """
        there = self._read([run.id for run in self.runs()])
        wrong = {key for key, numbers in self.seen.items() if there.get(key) != numbers}
        wrong |= {(run, attempt, epoch - 1) for run, attempt, epoch in there if epoch > 1} - there.keys()
        new = wrong - self._reported
        self._reported |= new
        return len(new)

    def curves(self, runs: Sequence[Run]) -> dict[int, Curve]:
        """Run -> the epochs of its current attempt."""
        found = self._read([run.id for run in runs])
        return {run.id: [found[key] for key in sorted(found) if key[:2] == (run.id, run.attempt)] for run in runs}

    def _read(self, run_ids: Sequence[int]) -> dict[Key, Numbers]:
        query = select(*_KEY, *_NUMBERS).where(epochs.c.run_id.in_(run_ids))
        with self.store.reading() as connection:
            return {(run, attempt, epoch): tuple(rest) for run, attempt, epoch, *rest in connection.execute(query)}
