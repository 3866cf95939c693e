"""Never the same run twice: a queued run whose numbers are known already shows those of the run that has them.

A run that uses another one's records has none of its own: its row in `run_keys` says whose, and `RECORDS` leads
whatever reads epochs, test metrics or artifacts there. Where the other's experiment is deleted, the run itself moves to
the experiment that uses it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, func, insert, select, update

from results.database import Database
from results.records import ACTIVE_STATUSES, RunKey, from_json, to_json
from results.schema import artifacts, epochs, experiment_uses, run_keys, runs

USED = "used"
"""Under this name the provenance of a run that was not trained says when its numbers were, and for how many epochs."""


RECORDS = (
    select(
        runs.c.id.label("run_id"),
        runs.c.experiment_id,
        runs.c.position,
        runs.c.attempt,
        func.coalesce(run_keys.c.source_id, runs.c.id).label("source_id"),
        func.coalesce(run_keys.c.shown, 2**31 - 1).label("shown"),
        (func.coalesce(run_keys.c.trained, 0) == func.coalesce(run_keys.c.shown, 0)).label("whole"),
    )
    .select_from(runs.outerjoin(run_keys, run_keys.c.run_id == runs.c.id))
    .subquery("records")
)
"""For each run: whose records it shows, up to which epoch, and whether they are whole. Of a longer run's records the
curves alone are shown: its model and findings are those of a later epoch."""

EPOCHS_OF_RECORDS = and_(
    epochs.c.run_id == RECORDS.c.source_id,
    epochs.c.attempt == RECORDS.c.attempt,
    epochs.c.epoch <= RECORDS.c.shown,
)


def note_keys(connection: Connection, experiment_id: str, keys: Mapping[tuple[str, int], RunKey]) -> None:
    """Writes the keys of an experiment's new runs, (variant, seed) -> key."""
    known = select(runs.c.id, runs.c.variant, runs.c.seed).where(runs.c.experiment_id == experiment_id)
    rows = [
        _row(id_, keys[variant, seed]) for id_, variant, seed in connection.execute(known) if (variant, seed) in keys
    ]
    if rows:
        connection.execute(insert(run_keys), rows)


def note_trained(connection: Connection, run_id: int, key: RunKey) -> None:
    """A worker begins: what decides the numbers there, whatever was expected when the run was queued."""
    values = {"key": key.text, "trained": key.epochs, "shown": key.epochs}
    if not connection.execute(update(run_keys).filter_by(run_id=run_id).values(values)).rowcount:
        connection.execute(insert(run_keys), _row(run_id, key))


def find_known(store: Database, keys: Iterable[RunKey]) -> set[RunKey]:
    """Those for which a finished run has all epochs."""
    asked = [key for key in keys if not key.anew]
    longest = (
        select(run_keys.c.key, func.max(run_keys.c.trained))
        .join(runs, runs.c.id == run_keys.c.run_id)
        .where(run_keys.c.key.in_({key.text for key in asked}), runs.c.status == "finished")
        .group_by(run_keys.c.key)
    )
    with store.reading() as connection:
        trained: dict[str, int] = dict(connection.execute(longest).all())
    return {key for key in asked if trained.get(key.text, 0) >= key.epochs}


def find_active(store: Database, experiment_id: str) -> dict[int, str | None]:
    """The runs of an experiment that are queued or running -> what decides their numbers, as far as that is known."""
    query = (
        select(runs.c.id, run_keys.c.key)
        .outerjoin(run_keys, run_keys.c.run_id == runs.c.id)
        .where(runs.c.experiment_id == experiment_id, runs.c.status.in_(ACTIVE_STATUSES))
    )
    with store.reading() as connection:
        return dict(connection.execute(query).all())


def has_known(connection: Connection, owner: str) -> bool:
    """Whether the numbers of a queued run of an owner are there."""
    return connection.execute(_known(owner).limit(1)).first() is not None


def use_finished(connection: Connection, owner: str, now: float) -> None:
    """Finishes each queued run of an owner whose numbers are there, with those."""
    used: set[int] = set()
    # Whoever deletes a run takes it first (`hand_over`), so that none is deleted that is being used.
    for pair in connection.execute(_known(owner).with_for_update(key_share=True, of=_finished)).all():
        if pair.run_id not in used:
            used.add(pair.run_id)
            _use(connection, pair, now)


_queued, _source, _waiting, _finished = (
    run_keys.alias("queued"),
    run_keys.alias("source"),
    runs.alias("waiting"),
    runs.alias("finished"),
)


def _known(owner: str) -> Select[Any]:
    """Pairs of a queued run and a finished one that has its numbers: the shortest that is long enough comes first."""
    return (
        select(
            _queued.c.run_id,
            _queued.c.shown,
            _source.c.run_id.label("source_id"),
            _source.c.trained,
            _finished.c.attempt,
            _finished.c.ended_by,
            _finished.c.setup_seconds,
            _finished.c.finished_at,
            _finished.c.provenance,
        )
        .join(_waiting, _waiting.c.id == _queued.c.run_id)
        .join(_source, and_(_source.c.key == _queued.c.key, _source.c.trained >= _queued.c.shown))
        .join(_finished, _finished.c.id == _source.c.run_id)
        .where(_waiting.c.owner == owner, _waiting.c.status == "queued", ~_queued.c.anew)
        .where(_finished.c.status == "finished", _source.c.source_id.is_(None))
        .order_by(_queued.c.run_id, _source.c.trained, _source.c.run_id)
    )


def _use(connection: Connection, pair: Any, now: float) -> None:
    last = select(func.max(epochs.c.epoch)).where(epochs.c.run_id == pair.source_id, epochs.c.attempt == pair.attempt)
    went_on = (connection.execute(last).scalar_one() or 0) > pair.shown
    told = {USED: {"trained_at": pair.finished_at, "epochs": pair.trained}}
    values = {
        "status": "finished",
        "attempt": pair.attempt,
        "ended_by": "epochs" if went_on else pair.ended_by,
        "setup_seconds": pair.setup_seconds,
        "provenance": to_json((from_json(pair.provenance) or {}) | told),
        "heartbeat": now,
        "finished_at": now,
    }
    connection.execute(update(runs).filter_by(id=pair.run_id).values(values))
    shown = {"source_id": pair.source_id, "trained": pair.trained}
    connection.execute(update(run_keys).filter_by(run_id=pair.run_id).values(shown))


def hand_over(connection: Connection, experiment_ids: Collection[str]) -> None:
    """Before experiments are deleted: a run of theirs that others use moves to one of these, in place of the user."""
    going = runs.c.experiment_id.in_(experiment_ids)
    leaving = connection.scalars(select(runs.c.id).where(going).order_by(runs.c.id).with_for_update()).all()
    users = (
        select(run_keys.c.source_id, run_keys.c.shown, *_PLACE)
        .join(runs, runs.c.id == run_keys.c.run_id)
        .where(run_keys.c.source_id.in_(leaving), ~going)
        # The one that shows most: nothing of the records becomes superfluous that somebody still sees.
        .order_by(run_keys.c.source_id, run_keys.c.shown.desc(), run_keys.c.run_id)
    )
    moved: set[int] = set()
    for source_id, shown, user_id, *place in connection.execute(users).all():
        if source_id not in moved:
            moved.add(source_id)
            connection.execute(delete(runs).filter_by(id=user_id))
            connection.execute(update(runs).filter_by(id=source_id).values(dict(zip(_PLACE_NAMES, place, strict=True))))
            connection.execute(update(run_keys).filter_by(run_id=source_id).values(shown=shown))
            _move_bytes(connection, source_id, place[0])


_PLACE_NAMES = ("experiment_id", "variant", "position", "ended_by", "provenance", "created_at")
_PLACE: Sequence[Any] = (runs.c.id, *(runs.c[name] for name in _PLACE_NAMES))


def _move_bytes(connection: Connection, run_id: int, experiment_id: str) -> None:
    """What the run left behind now counts for the experiment that it moved to."""
    size = select(func.coalesce(func.sum(func.length(artifacts.c.content)), 0)).filter_by(run_id=run_id)
    use = update(experiment_uses).filter_by(experiment_id=experiment_id)
    connection.execute(use.values(bytes=experiment_uses.c.bytes + size.scalar_subquery()))


def _row(run_id: int, key: RunKey) -> dict[str, Any]:
    return {"run_id": run_id, "key": key.text, "trained": key.epochs, "shown": key.epochs, "anew": key.anew}
