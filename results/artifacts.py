"""What runs have to show beside their curves (boundaries, histograms, mistakes), as bytes under a name.

The bytes are the writer's: it says how to read them. Only those of a run's current attempt are ever read.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, func, select

from results.run_keys import RECORDS
from results.schema import artifacts
from results.store import Store


def read_artifact(store: Store, run_id: int, name: str) -> tuple[int, bytes] | None:
    """The artifact of a run as (epoch, content), or None if it has none of that name."""
    with store.reading() as connection:
        row = connection.execute(_current(name).where(RECORDS.c.run_id == run_id)).first()
    return None if row is None else (row.epoch, row.content)


def artifact_size(store: Store, run_id: int, name: str) -> int | None:
    """The bytes of an artifact without reading it, or None if the run has none of that name."""
    query = _current(name).with_only_columns(func.length(artifacts.c.content)).where(RECORDS.c.run_id == run_id)
    with store.reading() as connection:
        return connection.execute(query).scalar_one_or_none()


def read_artifacts(store: Store, experiment_id: str, name: str) -> Mapping[int, tuple[int, bytes]]:
    """Run id -> (epoch, content) for the runs of an experiment that have an artifact of that name."""
    query = _current(name).where(RECORDS.c.experiment_id == experiment_id).order_by(RECORDS.c.position)
    with store.reading() as connection:
        return {row.run_id: (row.epoch, row.content) for row in connection.execute(query)}


def _current(name: str) -> Select[Any]:
    return (
        select(RECORDS.c.run_id, artifacts.c.epoch, artifacts.c.content)
        .join(RECORDS, (RECORDS.c.source_id == artifacts.c.run_id) & (RECORDS.c.attempt == artifacts.c.attempt))
        .where(artifacts.c.name == name, RECORDS.c.whole)
    )
