"""The store: everything that pages, the command line and workers know about experiments."""

import json
import secrets
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import JSON, Integer, Select, Text, and_, bindparam, cast, delete, exists, func, insert, select, update

from results import schema
from results.faults import StoreError
from results.records import (
    ACTIVE_STATUSES,
    CURVE_NAMES,
    OPTIONAL_CURVES,
    READ_SERIES,
    RUN_FIELDS,
    STATUSES,
    EpochRecord,
    ExperimentSummary,
    Run,
    RunKey,
    Status,
    StoredEpoch,
    StoredExperiment,
    WaitingRun,
    from_json,
    nan_if_none,
)
from results.run_keys import EPOCHS_OF_RECORDS, RECORDS, hand_over, has_known, note_keys, use_finished
from results.run_states import RunStates
from results.uploads import delete_unused

__all__ = ["Store", "StoreError"]

_RUN_COLUMNS = [schema.runs.c[name] for name in RUN_FIELDS]
_SUMMARY_COLUMNS = [schema.experiments.c[name] for name in ("id", "name", "visitor", "created_at")]
_EPOCH_COLUMNS = [RECORDS.c.run_id, *(schema.epochs.c[name] for name in ("attempt", "epoch", *CURVE_NAMES))]
_EXPERIMENT_COLUMNS = [schema.experiments.c[name] for name in ("id", "name", "spec", "visitor", "created_at")]


class Store(RunStates):
    """Experiments, runs and epochs in one database, shared by servers, command lines and workers.

    Every method is one transaction and raises StoreError if the database fails. Times are unix seconds.
    """

    def __init__(self, url: str | None = None, *, creates: bool = True) -> None:
        super().__init__(url, creates=creates)
        self._epochs_query = _epochs_query(self.is_sqlite)

    def check(self) -> None:
        """Raises StoreError unless the database answers."""
        with self.reading() as connection:
            connection.execute(select(1))

    def add_experiment(
        self,
        spec: str,
        name: str,
        runs: Sequence[tuple[str, int]],
        *,
        visitor: str,
        owner: str,
        now: float,
        uploads: Sequence[str] = (),
        address: str = "",
        seconds: Mapping[str, float] = MappingProxyType({}),
        keys: Mapping[tuple[str, int], RunKey] = MappingProxyType({}),
    ) -> str:
        """Store an experiment with its runs, as (variant, seed), queued for `owner` where their numbers are not known.

        Args:
            spec: its canonical JSON.
            name: what lists call it.
            runs: as (variant, seed).
            visitor: who may change it.
            owner: the process that deals its runs out.
            now: unix seconds.
            uploads: SHA-256 of the data that it uses.
            address: where the visitor came from, as this process names it.
            seconds: variant -> estimated seconds of one run.
            keys: of those runs that may use the numbers of an equal one.

        Returns:
            The new experiment's id, which cannot be guessed: whoever has it may read the experiment.

        Raises:
            StoreError: one of `uploads` (SHA-256 of the data that it uses) is not stored, or the database failed.
        """
        experiment_id = secrets.token_urlsafe(16)
        row = {"id": experiment_id, "name": name, "spec": spec, "visitor": visitor, "created_at": now}
        run_rows = _queued_rows(experiment_id, runs, 0, owner, now)
        use = {"experiment_id": experiment_id, "address": address, "looked_at": now, "bytes": 0}
        with self.writing() as connection:
            connection.execute(insert(schema.experiments), row)
            connection.execute(insert(schema.experiment_uses), use | {"seconds": json.dumps(dict(seconds))})
            if run_rows:
                connection.execute(insert(schema.runs), run_rows)
            if uploads:
                links = [{"experiment_id": experiment_id, "sha256": sha256} for sha256 in uploads]
                connection.execute(insert(schema.experiment_uploads), links)
            note_keys(connection, experiment_id, keys)
            use_finished(connection, owner, now)
        return experiment_id

    def extend_experiment(
        self,
        stored: StoredExperiment,
        spec: str,
        runs: Sequence[tuple[str, int]],
        *,
        visitor: str,
        owner: str,
        now: float,
        keys: Mapping[tuple[str, int], RunKey] = MappingProxyType({}),
    ) -> bool:
        """Give an experiment more runs, as (variant, seed), queued for `owner` behind those it has, and its new JSON.

        `keys` are as in `add_experiment`.

        Returns:
            False, with nothing written, if it is not this visitor's, was deleted, or is no longer as in `stored`.
        """
        table = schema.experiments.c
        own = and_(table.id == stored.id, table.visitor == visitor, table.spec == stored.spec)
        last = select(func.max(schema.runs.c.position)).where(schema.runs.c.experiment_id == stored.id)
        with self.writing() as connection:
            if connection.execute(update(schema.experiments).where(own).values(spec=spec)).rowcount != 1:
                return False
            first = 1 + (connection.execute(last).scalar_one() or 0)
            connection.execute(insert(schema.runs), _queued_rows(stored.id, runs, first, owner, now))
            note_keys(connection, stored.id, keys)
            use_finished(connection, owner, now)
            return True

    def experiment(self, experiment_id: str) -> StoredExperiment | None:
        """The experiment, or None if there is none with this id."""
        query = select(*_EXPERIMENT_COLUMNS).where(schema.experiments.c.id == experiment_id)
        with self.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else StoredExperiment(*row)

    def experiments(self, visitor: str | None = None, limit: int = 200) -> list[ExperimentSummary]:
        """The newest experiments (of one visitor), newest first, with the number of runs in each status."""
        newest = select(*_SUMMARY_COLUMNS)
        if visitor is not None:
            newest = newest.where(schema.experiments.c.visitor == visitor)
        recent = (
            newest.order_by(schema.experiments.c.created_at.desc(), schema.experiments.c.id).limit(limit).subquery()
        )
        query = (
            select(recent, schema.runs.c.status, func.count(schema.runs.c.id))
            .outerjoin_from(recent, schema.runs, schema.runs.c.experiment_id == recent.c.id)
            .group_by(*recent.c, schema.runs.c.status)
            .order_by(recent.c.created_at.desc(), recent.c.id)
        )
        counts: dict[tuple[Any, ...], dict[Status, int]] = {}
        with self.reading() as connection:
            for *experiment, status, count in connection.execute(query):
                by_status = counts.setdefault(tuple(experiment), dict.fromkeys(STATUSES, 0))
                if status is not None:
                    by_status[status] = count
        return [ExperimentSummary(*(*experiment, by_status)) for experiment, by_status in counts.items()]

    def delete_experiment(self, experiment_id: str, *, visitor: str) -> bool:
        """Remove a visitor's own experiment with its runs and the records that no other experiment uses.

        Workers' next write returns False. Uploaded data goes with the last experiment that uses it.

        Returns:
            False, with nothing removed, where it is not theirs.
        """
        table, links = schema.experiments.c, schema.experiment_uploads
        with self.writing() as connection:
            theirs = select(table.id).where(table.id == experiment_id, table.visitor == visitor)
            if connection.execute(theirs).first() is None:
                return False
            used = connection.scalars(select(links.c.sha256).where(links.c.experiment_id == experiment_id)).all()
            hand_over(connection, [experiment_id])
            connection.execute(delete(schema.experiments).where(table.id == experiment_id))
            if used:
                delete_unused(connection, schema.uploads.c.sha256.in_(used))
            return True

    def purge(self, created_before: float) -> int:
        """Remove the experiments older than that which have no queued or running run; their number."""
        active = exists().where(
            schema.runs.c.experiment_id == schema.experiments.c.id, schema.runs.c.status.in_(ACTIVE_STATUSES)
        )
        old = select(schema.experiments.c.id).where(schema.experiments.c.created_at < created_before, ~active)
        with self.writing() as connection:
            ids = connection.scalars(old).all()
            hand_over(connection, ids)
            connection.execute(delete(schema.experiments).where(schema.experiments.c.id.in_(ids)))
            return len(ids)

    def runs(self, experiment_id: str) -> list[Run]:
        """The runs of an experiment in their order; none if there is no such experiment."""
        query = (
            select(*_RUN_COLUMNS).where(schema.runs.c.experiment_id == experiment_id).order_by(schema.runs.c.position)
        )
        with self.reading() as connection:
            return [_run(row) for row in connection.execute(query)]

    def run(self, run_id: int) -> Run | None:
        """The run, or None if it does not exist (any more)."""
        with self.reading() as connection:
            row = connection.execute(select(*_RUN_COLUMNS).where(schema.runs.c.id == run_id)).first()
        return None if row is None else _run(row)

    def queued(self, owner: str) -> list[WaitingRun]:
        """The queued runs of an owner: oldest experiment first, then in the experiment's order."""
        runs, experiments, uses = schema.runs, schema.experiments, schema.experiment_uses
        keys = schema.run_keys
        query = (
            select(experiments.c.visitor, uses.c.seconds, keys.c.key, keys.c.shown, keys.c.anew, *_RUN_COLUMNS)
            .select_from(runs.join(experiments).outerjoin(uses, uses.c.experiment_id == experiments.c.id))
            .outerjoin(keys, keys.c.run_id == runs.c.id)
            .where(runs.c.owner == owner, runs.c.status == "queued")
            .order_by(runs.c.created_at, runs.c.experiment_id, runs.c.position)
        )
        with self.reading() as connection:
            return [_waiting(row) for row in connection.execute(query)]

    def use_finished(self, owner: str, now: float) -> None:
        """Finish the queued runs of an owner whose numbers have become known meanwhile, with those."""
        with self.reading() as connection:
            known = has_known(connection, owner)
        if known:
            with self.writing() as connection:
                use_finished(connection, owner, now)

    def running(self, owner: str) -> list[Run]:
        """The running runs of an owner."""
        query = select(*_RUN_COLUMNS).where(schema.runs.c.owner == owner, schema.runs.c.status == "running")
        with self.reading() as connection:
            return [_run(row) for row in connection.execute(query)]

    def attempts(self, run_ids: Sequence[int]) -> dict[int, int]:
        """Run id -> its attempt, of those runs that are still active."""
        query = select(schema.runs.c.id, schema.runs.c.attempt).where(
            schema.runs.c.id.in_(run_ids), schema.runs.c.status.in_(ACTIVE_STATUSES)
        )
        with self.reading() as connection:
            return {row.id: row.attempt for row in connection.execute(query)}

    def last_epochs(self, run_ids: Sequence[int]) -> dict[int, int]:
        """Run id -> the last epoch of its current attempt, of those that have one."""
        epochs, runs = schema.epochs.c, schema.runs.c
        query = (
            select(runs.id, func.max(epochs.epoch).label("last"))
            .join(schema.epochs, (epochs.run_id == runs.id) & (epochs.attempt == runs.attempt))
            .where(runs.id.in_(run_ids))
            .group_by(runs.id)
        )
        with self.reading() as connection:
            return {row.id: row.last for row in connection.execute(query)}

    def epochs(self, run_ids: Sequence[int], after: Mapping[int, int] | None = None) -> list[StoredEpoch]:
        """Epochs of the runs' current attempts, by run and epoch.

        Args:
            run_ids: the runs.
            after: run id -> last epoch already known (0 where a run is missing).

        """
        if not run_ids:
            return []
        known = after or {}
        wanted = json.dumps({run_id: known.get(run_id, 0) for run_id in run_ids})
        with self.reading() as connection:
            return [_stored_epoch(row) for row in connection.execute(self._epochs_query, {"wanted": wanted})]

    def series(self, run_id: int) -> dict[int, dict[str, Any]]:
        """Epoch -> named series (members, norms) of the current attempt, where an epoch has any."""
        query = (
            select(schema.epochs.c.epoch, schema.epochs.c.series)
            .join(RECORDS, EPOCHS_OF_RECORDS)
            .where(RECORDS.c.run_id == run_id, schema.epochs.c.series.is_not(None))
            .order_by(schema.epochs.c.epoch)
        )
        with self.reading() as connection:
            return {epoch: from_json(text) or {} for epoch, text in connection.execute(query)}


def _queued_rows(
    experiment_id: str, runs: Sequence[tuple[str, int]], first: int, owner: str, now: float
) -> list[dict[str, Any]]:
    """Rows of new runs, in positions from `first` on."""
    common = {"experiment_id": experiment_id, "status": "queued", "owner": owner, "attempt": 1}
    times = {"heartbeat": now, "created_at": now}
    return [
        {"variant": variant, "seed": int(seed), "position": position, **common, **times}
        for position, (variant, seed) in enumerate(runs, start=first)
    ]


def _epochs_query(is_sqlite: bool) -> Select[Any]:
    """Epochs of current attempts after the known ones; `wanted` is JSON text, {run id: last known epoch}.

    With one JSON parameter the statement is the same for any number of runs: a VALUES list is compiled anew each
    time by SQLAlchemy 2.1 (2.5 ms for 24 runs). SQLite and PostgreSQL differ in the names of their functions.
    """
    epochs, parameter = schema.epochs, bindparam("wanted", type_=Text)
    if is_sqlite:
        entries = func.json_each(parameter)
        series = [func.json_extract(epochs.c.series, f"$.{name}").label(name) for name in READ_SERIES]
    else:
        entries = func.json_each_text(cast(parameter, JSON))
        series = [func.json_extract_path_text(cast(epochs.c.series, JSON), name).label(name) for name in READ_SERIES]
    wanted = entries.table_valued("key", "value", name="wanted")
    return (
        select(*_EPOCH_COLUMNS, *series)
        .select_from(wanted.join(RECORDS, RECORDS.c.run_id == cast(wanted.c.key, Integer)))
        .join(epochs, EPOCHS_OF_RECORDS)
        .where(epochs.c.epoch > cast(wanted.c.value, Integer))
        .order_by(RECORDS.c.run_id, epochs.c.epoch)
    )


def _stored_epoch(row: Sequence[Any]) -> StoredEpoch:
    run_id, attempt, epoch, *rest = row
    numbers, members, found = rest[: len(CURVE_NAMES)], rest[len(CURVE_NAMES)], rest[len(CURVE_NAMES) + 1 :]
    values: dict[str, Any] = dict(zip(CURVE_NAMES, map(nan_if_none, numbers), strict=True))
    series: dict[str, Any] = {
        name: float(number) for name, number in zip(OPTIONAL_CURVES, found, strict=True) if number is not None
    }
    if members is not None:
        series["members"] = from_json(members)
    return StoredEpoch(run_id, attempt, EpochRecord(epoch, **values, series=series or None))


@lru_cache(maxsize=1024)
def _read_seconds(text: str | None) -> Mapping[str, float]:
    return {} if text is None else json.loads(text)


def _waiting(row: Sequence[Any]) -> WaitingRun:
    visitor, seconds, text, epochs, anew, *columns = row
    run = _run(columns)
    key = None if text is None else RunKey(text, epochs, anew)
    return WaitingRun(run, visitor, _read_seconds(seconds).get(run.variant, 0.0), key)


def _run(row: Sequence[Any]) -> Run:
    return Run(*(*row[:-1], from_json(row[-1])))
