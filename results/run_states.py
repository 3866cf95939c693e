"""The states of a run, and who may change them: queued -> running -> finished, failed or cancelled.

Every change is one conditional statement that names the attempt it belongs to, so that a worker whose run was
cancelled, deleted or taken over writes nothing more, whichever process did it. All times are unix seconds.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, get_args

from sqlalchemy import ColumnElement, Connection, Update, and_, case, delete, func, insert, select, update

from results.database import Database
from results.records import (
    ACTIVE_STATUSES,
    EndedBy,
    EndStatus,
    EpochRecord,
    RunKey,
    epoch_columns,
    finite_or_none,
    to_json,
)
from results.run_keys import note_trained
from results.schema import artifacts, epochs, experiment_uses, experiments, run_losses, runs, test_metrics


class RunStates(Database):
    """Changes of runs, and the records that their workers write."""

    def start(
        self, run_id: int, attempt: int, provenance: Mapping[str, Any], now: float, *, key: RunKey | None = None
    ) -> bool:
        """A queued run begins to train, as `key` says; False if it is no longer queued with this attempt."""
        values = {"status": "running", "started_at": now, "heartbeat": now, "provenance": to_json(provenance)}
        with self.writing() as connection:
            started = _change_one(connection, run_id, attempt, ("queued",), values)
            if started and key is not None:
                note_trained(connection, run_id, key)
            return started

    def append_epochs(self, run_id: int, attempt: int, records: Sequence[EpochRecord], now: float) -> bool:
        """Write epochs (none: only a heartbeat) while the run is running with this attempt.

        Returns:
            False, with nothing written, if the run was cancelled, deleted or taken over: stop training.

        Raises:
            StoreError: an epoch was written before, or the database failed; nothing is written.
        """
        rows = [{"run_id": run_id, "attempt": attempt} | epoch_columns(record) for record in records]
        with self.writing() as connection:
            current = _change_one(connection, run_id, attempt, ("running",), {"heartbeat": now})
            if current and rows:
                connection.execute(insert(epochs), rows)
            return current

    def put_artifact(self, run_id: int, attempt: int, name: str, epoch: int, content: bytes, now: float) -> bool:
        """Write what a run has to show under a name, in place of what was there; counts as a heartbeat.

        Returns:
            False, with nothing written, if the run is not running with this attempt.
        """
        with self.writing() as connection:
            current = _change_one(connection, run_id, attempt, ("running",), {"heartbeat": now})
            if current:
                _replace_artifact(connection, run_id, attempt, name, epoch, content)
            return current

    def finish(
        self,
        run_id: int,
        attempt: int,
        status: EndStatus,
        *,
        message: str | None = None,
        ended_by: EndedBy | None = None,
        setup_seconds: float | None = None,
        test_metrics: Sequence[tuple[int, float, float]] = (),
        artifacts: Mapping[str, tuple[int, bytes]] = MappingProxyType({}),
        now: float,
    ) -> bool:
        """End a run, in one transaction with its test metrics as (epoch, loss, accuracy) and its last artifacts.

        A running run can end in any way; a queued one can only fail or be cancelled.

        Returns:
            False, with nothing written, if the run is not active with this attempt.
        """
        if status not in get_args(EndStatus):
            raise ValueError(f"status {status!r}: expected one of {', '.join(get_args(EndStatus))}")
        values = {
            "status": status,
            "message": message,
            "ended_by": ended_by,
            "setup_seconds": setup_seconds,
            "heartbeat": now,
            "finished_at": now,
        }
        before = ("running",) if status == "finished" else ACTIVE_STATUSES
        with self.writing() as connection:
            current = _change_one(connection, run_id, attempt, before, values)
            if current and test_metrics:
                _insert_test_metrics(connection, run_id, attempt, test_metrics)
            if current:
                for name, (epoch, content) in artifacts.items():
                    _replace_artifact(connection, run_id, attempt, name, epoch, content)
                _count_bytes(connection, run_id, sum(len(content) for _, content in artifacts.values()))
            return current

    def cancel(self, experiment_id: str, run_id: int | None = None, *, visitor: str, now: float) -> int:
        """Cancel the active runs of a visitor's own experiment, or one of them.

        Returns:
            The number of runs cancelled: 0, with nothing written, where the experiment is not theirs.
        """
        own = select(experiments.c.id).where(experiments.c.id == experiment_id, experiments.c.visitor == visitor)
        condition = and_(runs.c.experiment_id.in_(own), runs.c.status.in_(ACTIVE_STATUSES))
        if run_id is not None:
            condition = and_(condition, runs.c.id == run_id)
        with self.writing() as connection:
            change = _change(condition).values(status="cancelled", finished_at=now)
            return connection.execute(change).rowcount

    def retry(self, run_id: int, attempt: int, *, worker_lost: bool = False, now: float) -> bool:
        """Queue an active run again, as the next attempt from epoch 1; False if this attempt is over.

        Args:
            run_id: the run.
            attempt: that is over.
            worker_lost: whether it counts as a loss of the run's own worker.
            now: unix seconds.
        """
        with self.writing() as connection:
            values = _QUEUED_AGAIN | {"attempt": attempt + 1, "heartbeat": now}
            changed = _change_one(connection, run_id, attempt, ACTIVE_STATUSES, values)
            if changed and worker_lost:
                counted = update(run_losses).where(run_losses.c.run_id == run_id)
                if not connection.execute(counted.values(losses=run_losses.c.losses + 1)).rowcount:
                    connection.execute(insert(run_losses), {"run_id": run_id, "losses": 1})
            return changed

    def losses(self, run_id: int) -> int:
        """How often a worker ended in the middle of this run."""
        with self.reading() as connection:
            found = connection.execute(select(run_losses.c.losses).where(run_losses.c.run_id == run_id))
            return found.scalar_one_or_none() or 0

    def last_epoch(self, run_id: int, attempt: int) -> int:
        """The last epoch that was written for an attempt; 0: none."""
        written = select(func.max(epochs.c.epoch)).filter_by(run_id=run_id, attempt=attempt)
        with self.reading() as connection:
            return connection.execute(written).scalar_one() or 0

    def adopt(self, owner: str, stale_before: float, now: float) -> int:
        """Take over every active run of other owners whose last heartbeat is older than `stale_before`.

        They are queued for this owner; one that was running counts a new attempt. Of two processes that adopt
        at once each run goes to one.

        Returns:
            The number of runs taken over.
        """
        condition = and_(runs.c.status.in_(ACTIVE_STATUSES), runs.c.heartbeat < stale_before, runs.c.owner != owner)
        attempt = runs.c.attempt + case((runs.c.status == "running", 1), else_=0)
        change = _change(condition).values(_QUEUED_AGAIN | {"attempt": attempt, "heartbeat": now, "owner": owner})
        with self.writing() as connection:
            return connection.execute(change).rowcount

    def beat(self, owner: str, now: float) -> int:
        """A heartbeat for all queued runs of this owner (workers beat for running ones); their number."""
        condition = and_(runs.c.owner == owner, runs.c.status == "queued")
        with self.writing() as connection:
            return connection.execute(_change(condition).values(heartbeat=now)).rowcount


def _count_bytes(connection: Connection, run_id: int, size: int) -> None:
    """Adds what a run leaves behind to what its experiment takes."""
    experiment = select(runs.c.experiment_id).where(runs.c.id == run_id).scalar_subquery()
    use = update(experiment_uses).where(experiment_uses.c.experiment_id == experiment)
    connection.execute(use.values(bytes=experiment_uses.c.bytes + size))


_QUEUED_AGAIN: dict[str, Any] = {"status": "queued", "started_at": None, "provenance": None}


def _change_one(
    connection: Connection, run_id: int, attempt: int, before: Sequence[str], values: Mapping[str, Any]
) -> bool:
    """Change a run that has this attempt and one of the statuses `before`; whether there was one."""
    condition = and_(runs.c.id == run_id, runs.c.attempt == attempt, runs.c.status.in_(before))
    return connection.execute(update(runs).where(condition).values(values)).rowcount == 1


def _change(condition: ColumnElement[bool]) -> Update:
    """Change of many runs. PostgreSQL locks them in the order of their ids, so that two never deadlock."""
    chosen = select(runs.c.id).where(condition).order_by(runs.c.id).with_for_update()
    return update(runs).where(runs.c.id.in_(chosen), condition)


def _insert_test_metrics(
    connection: Connection, run_id: int, attempt: int, metrics: Sequence[tuple[int, float, float]]
) -> None:
    rows = [
        {
            "run_id": run_id,
            "attempt": attempt,
            "epoch": int(epoch),
            "test_loss": finite_or_none(loss),
            "test_accuracy": finite_or_none(accuracy),
        }
        for epoch, loss, accuracy in metrics
    ]
    connection.execute(insert(test_metrics), rows)


def _replace_artifact(connection: Connection, run_id: int, attempt: int, name: str, epoch: int, content: bytes) -> None:
    """The caller has changed the run's row in this transaction, so no other can come in between."""
    key = {"run_id": run_id, "attempt": attempt, "name": name}
    connection.execute(delete(artifacts).filter_by(**key))
    connection.execute(insert(artifacts), key | {"epoch": int(epoch), "content": content})
