"""How far an experiment is, and how long it will still take."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from results.curves import RunRecord
from results.records import STATUSES
from wording.language import _


@dataclass(frozen=True)
class Progress:
    """`epochs` counts those of ended runs as done in full; `seconds_left` is None until a speed is known."""

    counts: dict[str, int]
    ended: int
    runs: int
    epochs: int
    all_epochs: int
    seconds_left: float | None

    @property
    def active(self) -> bool:
        """Whether a run is still queued or running."""
        return self.ended < self.runs


def measure(records: Sequence[RunRecord], epochs: int, workers: int) -> Progress:
    """Progress of runs of `epochs` epochs each, on `workers` workers.

    Time left is the mean time of the epochs seen so far times the epochs left, and for each run that has none yet what
    a first epoch takes longer than others (teachers are trained in it), shared by the workers that can be busy: an
    upper bound where early stopping may end runs.
    """
    counts = Counter(record.run.status for record in records)
    active = [record for record in records if record.run.active]
    left = sum(epochs - record.last_epoch for record in active)
    seconds = [record.curves["seconds"] for record in records if record.last_epoch]
    first, begun = sum(float(of_run[0]) for of_run in seconds), len(seconds)
    later, seen = sum(float(of_run[1:].sum()) for of_run in seconds), sum(len(of_run) - 1 for of_run in seconds)
    rate = None if not begun else later / seen if seen else first / begun
    waiting = sum(record.last_epoch == 0 for record in active)
    beginnings = 0.0 if rate is None else waiting * max(0.0, first / begun - rate)
    return Progress(
        counts={status: counts[status] for status in STATUSES if counts[status]},
        ended=len(records) - len(active),
        runs=len(records),
        epochs=epochs * len(records) - left,
        all_epochs=epochs * len(records),
        seconds_left=None if rate is None else (rate * left + beginnings) / max(1, min(workers, len(active))),
    )


def show_duration(seconds: float) -> str:
    """`75` is "1 min 15 s"; hours without seconds."""
    whole = max(1, round(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return _("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
    return (
        _("{minutes} min {rest} s").format(minutes=minutes, rest=rest) if minutes else _("{rest} s").format(rest=rest)
    )
