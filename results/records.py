"""What goes into the store and comes out of it. Times are unix seconds, epochs and attempts count from 1."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, NamedTuple, get_args

Status = Literal["queued", "running", "finished", "failed", "cancelled"]
STATUSES: tuple[Status, ...] = get_args(Status)
ACTIVE_STATUSES: tuple[Status, ...] = ("queued", "running")
EndStatus = Literal["finished", "failed", "cancelled"]
EndedBy = Literal["epochs", "early_stopping"]


@dataclass(frozen=True, slots=True)
class StoredExperiment:
    """An experiment as it was asked for; `spec` is its canonical JSON, `visitor` who may change it."""

    id: str
    name: str
    spec: str
    visitor: str
    created_at: float


@dataclass(frozen=True, slots=True)
class ExperimentSummary:
    """One line in a list of experiments; `counts` has every status, with the number of runs in it."""

    id: str
    name: str
    visitor: str
    created_at: float
    counts: Mapping[Status, int]

    @property
    def active(self) -> bool:
        """Whether a run is still queued or running."""
        return any(self.counts[status] for status in ACTIVE_STATUSES)


@dataclass(frozen=True, slots=True)
class Run:
    """One variant under one seed. `position` is its place in the experiment, from 0.

    `setup_seconds` is the time before the first epoch (tracing, compiling), `provenance` what an exact repeat
    depends on: versions, processor, threads, XLA, checksum of the data.
    """

    id: int
    experiment_id: str
    variant: str
    seed: int
    position: int
    status: Status
    message: str | None
    owner: str
    attempt: int
    heartbeat: float = field(compare=False)
    created_at: float
    started_at: float | None
    finished_at: float | None
    setup_seconds: float | None
    ended_by: EndedBy | None
    provenance: Mapping[str, Any] | None

    @property
    def active(self) -> bool:
        """Whether the run is still queued or running."""
        return self.status in ACTIVE_STATUSES


@dataclass(frozen=True, slots=True)
class RunKey:
    """What decides a run's numbers, as text, and how many epochs of them are asked for.

    `anew`: to be trained, whatever there is.
    """

    text: str
    epochs: int
    anew: bool = False


class WaitingRun(NamedTuple):
    """A queued run, whose it is, its estimated seconds (0: unknown), and what decides its numbers."""

    run: Run
    visitor: str
    seconds: float
    key: RunKey | None = None


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """One epoch of a run: see the vocabulary for the losses; `steps` so far, `seconds` of this epoch alone.

    `series` holds whatever else belongs to the epoch under a name of its own (members, norms), as JSON.
    """

    epoch: int
    train_loss: float
    val_loss: float
    train_accuracy: float
    val_accuracy: float
    objective: float
    learning_rate: float
    steps: int
    seconds: float
    series: Mapping[str, Any] | None = None


CURVE_NAMES = tuple(entry.name for entry in fields(EpochRecord) if entry.name not in ("epoch", "series"))
"""The numbers of an epoch, in the order of the table's columns; the names of the curves."""


BALANCED_ACCURACY = "val_balanced_accuracy"
"""Name of a series, and of its curve: the mean of the classes' recalls on the validation rows."""

NOISE_CURVES = ("train_loss_unchanged", "train_loss_changed")
"""The same of two more, where label noise changed labels: train_loss over the rows whose label it left, and over those
whose label it changed."""

OPTIONAL_CURVES = (BALANCED_ACCURACY, *NOISE_CURVES)
"""Series of one number an epoch that become curves of the runs that have them."""


class StoredEpoch(NamedTuple):
    """An epoch as it is read: NaN for a number that was not finite, and of the series what `READ_SERIES` names."""

    run_id: int
    attempt: int
    record: EpochRecord


READ_SERIES = ("members", *OPTIONAL_CURVES)
"""Series that are read with the curves; others (weights) are larger and seldom looked at."""
RUN_FIELDS = tuple(entry.name for entry in fields(Run))


def finite_or_none(number: float) -> float | None:
    """The number as a plain float (also from NumPy), or None for NaN and infinities."""
    return float(number) if math.isfinite(number) else None


def nan_if_none(number: float | None) -> float:
    """The number as it was stored; NULL stands for one that was not finite."""
    return math.nan if number is None else number


def to_json(value: Mapping[str, Any] | None) -> str | None:
    """JSON text without NaN or Infinity: such numbers become null, at any depth."""
    if value is None:
        return None
    return json.dumps(_without_infinities(value), allow_nan=False, separators=(",", ":"), sort_keys=True)


def from_json(text: str | None) -> dict[str, Any] | None:
    """The stored mapping, or None where none was stored."""
    return None if text is None else dict(json.loads(text))


def _without_infinities(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_infinities(entry) for name, entry in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_without_infinities(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def epoch_columns(record: EpochRecord) -> dict[str, Any]:
    """The record as values of the table's columns, without its run and attempt."""
    values: dict[str, Any] = {name: finite_or_none(getattr(record, name)) for name in CURVE_NAMES}
    return values | {"epoch": int(record.epoch), "steps": int(record.steps), "series": to_json(record.series)}
