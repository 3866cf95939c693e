"""How much is stored and queued for one visitor, from one address and in all, and what goes first where it is too much.

Everything that is looked at, trained or new stays; of the rest the least recently looked at goes first.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, insert, select, true, update

from results.records import ACTIVE_STATUSES
from results.run_keys import hand_over
from results.schema import experiment_uploads, experiment_uses, experiments, runs, upload_owners, uploads
from results.store import Store
from results.uploads import delete_unused

SECONDS_A_LOOK_PROTECTS = 600.0
_JOINED = experiments.join(experiment_uses)
_ACTIVE = exists().where(runs.c.experiment_id == experiments.c.id, runs.c.status.in_(ACTIVE_STATUSES))


@dataclass(frozen=True)
class Scope:
    """Whom a bound is for: a visitor, an address, or (neither) all together."""

    visitor: str | None = None
    address: str | None = None

    def of_experiments(self) -> ColumnElement[bool]:
        """Which experiments are theirs."""
        if self.visitor is not None:
            return experiments.c.visitor == self.visitor
        return experiment_uses.c.address == self.address if self.address is not None else true()

    def of_uploads(self) -> ColumnElement[bool]:
        """Which files are theirs."""
        if self.visitor is None and self.address is None:
            return true()
        owned = upload_owners.c.visitor == self.visitor
        if self.visitor is None:
            owned = upload_owners.c.address == self.address
        return uploads.c.sha256.in_(select(upload_owners.c.sha256).where(owned))


def count_active_runs(store: Store, scope: Scope) -> int:
    """Runs that are queued or running."""
    query = select(func.count()).select_from(_JOINED.join(runs))
    with store.reading() as connection:
        found = connection.execute(query.where(scope.of_experiments(), runs.c.status.in_(ACTIVE_STATUSES)))
        return int(found.scalar_one())


def note_look(store: Store, experiment_id: str, now: float) -> None:
    """Somebody looks at an experiment."""
    with store.writing() as connection:
        use = update(experiment_uses).where(experiment_uses.c.experiment_id == experiment_id)
        connection.execute(use.values(looked_at=now))


def own_upload(store: Store, sha256: str, visitor: str, address: str) -> None:
    """Notes that a visitor brought this file along."""
    row = {"sha256": sha256, "visitor": visitor}
    with store.writing() as connection:
        known = update(upload_owners).filter_by(**row).values(address=address)
        if not connection.execute(known).rowcount:
            connection.execute(insert(upload_owners), row | {"address": address})


def owns_upload(store: Store, sha256: str, visitor: str) -> bool:
    """Whether a visitor brought this file along."""
    query = select(upload_owners.c.sha256).filter_by(sha256=sha256, visitor=visitor)
    with store.reading() as connection:
        return connection.execute(query).first() is not None


def make_room(store: Store, scope: Scope, most_experiments: int | None, most_bytes: int | None, now: float) -> bool:
    """Removes what was looked at least recently until a scope is within its bounds; whether it is.

    Files that no experiment uses go before experiments, models and findings with their experiment.
    """
    with store.writing() as connection:
        if _is_within(connection, scope, most_experiments, most_bytes):
            return True
        delete_unused(connection, and_(scope.of_uploads(), uploads.c.created_at < now - SECONDS_A_LOOK_PROTECTS))
        looked_before = experiment_uses.c.looked_at < now - SECONDS_A_LOOK_PROTECTS
        oldest = (
            select(experiments.c.id)
            .select_from(_JOINED)
            .where(scope.of_experiments(), looked_before, ~_ACTIVE)
            .order_by(experiment_uses.c.looked_at, experiments.c.id)
        )
        for experiment_id in connection.scalars(oldest).all():
            if _is_within(connection, scope, most_experiments, most_bytes):
                return True
            _remove(connection, experiment_id)
        return _is_within(connection, scope, most_experiments, most_bytes)


def _remove(connection: Connection, experiment_id: str) -> None:
    links = experiment_uploads
    used = connection.scalars(select(links.c.sha256).where(links.c.experiment_id == experiment_id)).all()
    hand_over(connection, [experiment_id])
    connection.execute(delete(experiments).where(experiments.c.id == experiment_id))
    if used:
        delete_unused(connection, uploads.c.sha256.in_(used))


def _is_within(connection: Connection, scope: Scope, most_experiments: int | None, most_bytes: int | None) -> bool:
    mine: Any = scope.of_experiments()
    stored = select(func.count(), func.coalesce(func.sum(experiment_uses.c.bytes), 0)).select_from(_JOINED).where(mine)
    count, size = connection.execute(stored).one()
    if most_experiments is not None and count > most_experiments:
        return False
    if most_bytes is None:
        return True
    files = select(func.coalesce(func.sum(func.length(uploads.c.content)), 0)).where(scope.of_uploads())
    return int(size) + int(connection.execute(files).scalar_one()) <= most_bytes
