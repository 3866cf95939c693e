"""Whether the test figures of an experiment have been looked at. Until its owner opens them, no page shows any."""

from sqlalchemy import exists, insert, select

from results.records import ACTIVE_STATUSES
from results.schema import experiments, opened_envelopes, runs
from results.store import Store


def opened_at(store: Store, experiment_id: str) -> float | None:
    """When the envelope was opened, in unix seconds; None while it is closed."""
    query = select(opened_envelopes.c.opened_at).where(opened_envelopes.c.experiment_id == experiment_id)
    with store.reading() as connection:
        return connection.execute(query).scalar()


def open_envelope(store: Store, experiment_id: str, *, visitor: str, now: float) -> bool:
    """Open it for everybody who has the link, for good.

    Returns:
        Whether it is open now: it stays closed for whoever does not own the experiment, while a run is active, and
        where none has finished.
    """
    own = exists().where(runs.c.experiment_id == experiments.c.id)
    active, finished = own.where(runs.c.status.in_(ACTIVE_STATUSES)), own.where(runs.c.status == "finished")
    ready = select(experiments.c.id).where(
        experiments.c.id == experiment_id, experiments.c.visitor == visitor, ~active, finished
    )
    known = select(opened_envelopes.c.opened_at).where(opened_envelopes.c.experiment_id == experiment_id)
    with store.writing() as connection:
        if connection.execute(known).scalar() is not None:
            return True
        if connection.execute(ready).scalar() is None:
            return False
        connection.execute(insert(opened_envelopes), {"experiment_id": experiment_id, "opened_at": now})
        return True
