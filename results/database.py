"""Opening the database: addresses, schema version, transactions."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import sqlalchemy
from platformdirs import user_data_dir
from sqlalchemy import URL, Connection, Engine, event, insert, inspect, select, text, update
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from results.schema import SCHEMA_VERSION, metadata, schema_version, version_metadata
from results.sqlite_file import BUSY_SECONDS, StoreError, prepare_file, require_ours

_CONNECT_SECONDS = 10
# Any number of our own: one process at a time creates the tables in PostgreSQL.
_CREATION_LOCK = 20_261_123


def default_url() -> str:
    """The URL in the environment's DATABASE_URL, or else an SQLite file in the user's data directory."""
    configured = os.environ.get("DATABASE_URL", "").strip()
    if configured:
        return configured
    path = Path(user_data_dir("regularizer-lab", appauthor=False)) / "results.db"
    return URL.create("sqlite", database=str(path)).render_as_string()


class Database:
    """An open database with our tables in it, for use from any number of threads.

    Args:
        url: `sqlite:///path` or `postgresql://...`; None means `default_url()`.

    Raises:
        StoreError: bad URL, unreachable, unreadable, a newer schema version or another program's database.
    """

    def __init__(self, url: str | None = None) -> None:
        self._url = _normalise(default_url() if url is None else url)
        self._name = self._url.render_as_string(hide_password=True)
        if self._url.database is not None and self.is_sqlite:
            prepare_file(Path(self._url.database))
        self._engine = self._create_engine()
        self._writing_engine = self._engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        try:
            with self.writing() as connection:
                self._require_schema(connection)
        except StoreError:
            self.close()
            raise

    @property
    def url(self) -> str:
        """The URL in full, password included: what another process needs to open the same store."""
        return self._url.render_as_string(hide_password=False)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads, and sees the database as it was at its first query (in SQLite)."""
        with self._transaction(self._engine) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that may write: committed at the end, rolled back by an exception."""
        with self._transaction(self._writing_engine) as connection:
            yield connection

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        try:
            with engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            # The driver's own words, without the statement and its parameters.
            reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
            raise StoreError(f"the database {self._name} failed: {reason}") from error

    @property
    def is_sqlite(self) -> bool:
        """Whether the store is a local file; else it is a PostgreSQL database."""
        return self._url.get_backend_name() == "sqlite"

    def _create_engine(self) -> Engine:
        try:
            if not self.is_sqlite:
                waiting = {"connect_timeout": _CONNECT_SECONDS}
                return sqlalchemy.create_engine(self._url, pool_pre_ping=True, connect_args=waiting)
            engine = sqlalchemy.create_engine(self._url, connect_args={"timeout": BUSY_SECONDS})
        except (SQLAlchemyError, ImportError) as error:
            raise StoreError(f"cannot use the database {self._name}: {error}") from error
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _require_schema(self, connection: Connection) -> None:
        """Create the tables that an empty or older database lacks; the transaction (or a lock) keeps others out."""
        if self.is_sqlite:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            require_ours(self._name, version, set(inspect(connection).get_table_names()))
            if version < SCHEMA_VERSION:
                metadata.create_all(connection)
                connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
            return
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CREATION_LOCK})
        tables = set(inspect(connection).get_table_names())
        if schema_version.name in tables:
            version = connection.execute(select(schema_version.c.version)).scalar_one()
            require_ours(self._name, version, tables)
            if version < SCHEMA_VERSION:
                metadata.create_all(connection)
                connection.execute(update(schema_version).values(version=SCHEMA_VERSION))
            return
        require_ours(self._name, 0, tables & set(metadata.tables))
        version_metadata.create_all(connection)
        metadata.create_all(connection)
        connection.execute(insert(schema_version).values(version=SCHEMA_VERSION))


def _normalise(url: str) -> URL:
    """The URL with an absolute path or an explicit driver, so that it means the same in every process."""
    try:
        parsed = sqlalchemy.make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StoreError("the database URL cannot be read: expected sqlite:///path or postgresql://...") from error
    if parsed.drivername in ("postgres", "postgresql"):  # hosts hand out the first form
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "postgresql":
        return parsed
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise StoreError(f"no support for {parsed.drivername} databases: use sqlite:///path or postgresql://...")
    if parsed.query or parsed.host or parsed.database in (None, "", ":memory:"):
        raise StoreError("an SQLite store is a file that several processes open: use sqlite:///path, without options")
    return parsed.set(database=str(Path(str(parsed.database)).absolute()))


def _configure_sqlite(connection: Any, _: object) -> None:
    # The sqlite3 module must not begin transactions by itself: `_begin_sqlite` does.
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: one that begins as a reader cannot always be promoted, and fails
    # without waiting for the busy timeout.
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
