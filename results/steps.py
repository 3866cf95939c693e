"""Steps of Live: what a person tried, one experiment after the other."""

from dataclasses import dataclass

from sqlalchemy import insert, literal, select

from results.records import StoredExperiment
from results.schema import experiments, steps
from results.store import Store

MOST_STEPS = 100
"""So far back is looked."""

_EXPERIMENT_COLUMNS = [experiments.c[name] for name in ("id", "name", "spec", "visitor", "created_at")]


@dataclass(frozen=True)
class Step:
    """An experiment, and the one whose curves stand beside it as they were before; None for the first step."""

    experiment: StoredExperiment
    compared_id: str | None


def note_step(store: Store, experiment_id: str, *, previous_id: str, compared_id: str) -> None:
    """Notes that an experiment was tried after another one, and beside whose curves it is to be seen."""
    row = {"experiment_id": experiment_id, "previous_id": previous_id, "compared_id": compared_id}
    with store.writing() as connection:
        connection.execute(insert(steps), row)


def read_steps(store: Store, experiment_id: str, most: int = MOST_STEPS) -> tuple[Step, ...]:
    """What was tried up to this experiment, which comes last; it alone where it was no step, none if there is none.

    A step that was deleted cuts off those before it.
    """
    chain = select(literal(experiment_id).label("id"), literal(0).label("depth")).cte("chain", recursive=True)
    chain = chain.union_all(
        select(steps.c.previous_id, chain.c.depth + 1)
        .join(chain, steps.c.experiment_id == chain.c.id)
        .where(chain.c.depth < most - 1)
    )
    query = (
        select(*_EXPERIMENT_COLUMNS, steps.c.compared_id)
        .select_from(chain.join(experiments, experiments.c.id == chain.c.id))
        .outerjoin(steps, steps.c.experiment_id == experiments.c.id)
        .order_by(chain.c.depth.desc())
    )
    with store.reading() as connection:
        return tuple(Step(StoredExperiment(*row), compared_id) for *row, compared_id in connection.execute(query))
