"""How long finished runs took: what estimates of new ones are made from."""

from dataclasses import dataclass

from sqlalchemy import func, select

from results.schema import epochs, experiments, runs
from results.store import Store


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """`spec` is the experiment's JSON, `seconds` the time of so many `epochs`, without setup."""

    spec: str
    variant: str
    epochs: int
    seconds: float


def read_finished_runs(store: Store, limit: int = 30) -> list[FinishedRun]:
    """The runs that finished last, on whatever workers share this store."""
    last = (
        select(runs.c.id, runs.c.attempt, runs.c.variant, experiments.c.spec)
        .join(experiments, experiments.c.id == runs.c.experiment_id)
        .where(runs.c.status == "finished")
        .order_by(runs.c.finished_at.desc())
        .limit(limit)
        .subquery()
    )
    query = (
        select(last.c.spec, last.c.variant, func.count(epochs.c.epoch), func.sum(epochs.c.seconds))
        .join(epochs, (epochs.c.run_id == last.c.id) & (epochs.c.attempt == last.c.attempt))
        .group_by(last.c.id, last.c.spec, last.c.variant)
    )
    with store.reading() as connection:
        return [FinishedRun(*row) for row in connection.execute(query)]
