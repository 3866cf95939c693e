"""A store over each backend: SQLite always, PostgreSQL where TEST_POSTGRES_URL names a database to use."""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from results.records import EpochRecord, Run
from results.store import Store

AddRuns = Callable[..., list[Run]]
MakeRecord = Callable[..., EpochRecord]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'results.db'}"
        return
    server = os.environ.get("TEST_POSTGRES_URL")
    if not server:
        pytest.skip("TEST_POSTGRES_URL is not set")
    url = make_url(server).set(drivername="postgresql+psycopg")
    namespace = f"test_{uuid.uuid4().hex}"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {namespace}"))
    yield url.update_query_dict({"options": f"-csearch_path={namespace}"}).render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {namespace} CASCADE"))
    engine.dispose()


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with Store(database_url) as opened:
        yield opened


@pytest.fixture
def add_runs(store: Store) -> AddRuns:
    """Add an experiment with so many runs of the variant `baseline`, created at second 100."""

    def add(count: int = 1, *, visitor: str = "local", owner: str = "server", now: float = 100.0) -> list[Run]:
        variants = [("baseline", seed) for seed in range(count)]
        return store.runs(store.add_experiment("{}", "name", variants, visitor=visitor, owner=owner, now=now))

    return add


@pytest.fixture
def make_record() -> MakeRecord:
    """An epoch whose numbers are all different, and tell the epoch."""

    def make(epoch: int, **changes: object) -> EpochRecord:
        losses = {"train_loss": epoch + 0.1, "val_loss": epoch + 0.2, "objective": epoch + 0.5}
        accuracies = {"train_accuracy": 0.3, "val_accuracy": 0.4}
        progress = {"learning_rate": 0.001, "steps": 10 * epoch, "seconds": 0.75}
        return EpochRecord(epoch, **(losses | accuracies | progress | changes))

    return make
