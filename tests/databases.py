"""Fixtures of stores: over SQLite always, over PostgreSQL where this machine has it."""

import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text

from results.records import EpochRecord, Run
from results.store import Store

AddRuns = Callable[..., list[Run]]
MakeRecord = Callable[..., EpochRecord]

SECONDS_TO_START = 30
UNPRIVILEGED = "postgres"
"""Who runs the server where the tests run as root, which PostgreSQL refuses; Debian's package brings this user."""


def postgres_folder() -> Path | None:
    """Where PostgreSQL's programs are, the newest version; Debian keeps them off the PATH."""
    found = shutil.which("postgres")
    if found:
        return Path(found).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None, key=lambda folder: float(folder.parent.name))


@contextmanager
def serve_postgres(programs: Path) -> Iterator[str]:
    """The URL of a server of our own on loopback, its data in a temporary folder."""
    folder, user = Path(mkdtemp(prefix="regularizer-lab-postgres-")), UNPRIVILEGED if os.getuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    try:
        initialize = [
            programs / "initdb",
            "-D",
            folder / "data",
            "-U",
            "tester",
            "--auth=trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        subprocess.run(initialize, user=user, cwd=folder, check=True, capture_output=True)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        settings = ["listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories=", "fsync=off"]
        server = subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", *(word for s in settings for word in ("-c", s))],
            user=user,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            url = f"postgresql://tester@127.0.0.1:{port}/postgres"
            _wait_until_it_answers(url)
            yield url
        finally:
            server.terminate()
            server.wait(timeout=SECONDS_TO_START)
    finally:
        shutil.rmtree(folder)


def _wait_until_it_answers(url: str) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server: the one that TEST_POSTGRES_URL names, else one of our own."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield given
        return
    programs = postgres_folder()
    if programs is None:
        pytest.skip("no PostgreSQL on this machine: apt-get install postgresql")
    with serve_postgres(programs) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'results.db'}"
        return
    url = make_url(request.getfixturevalue("postgres")).set(drivername="postgresql+psycopg")
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
