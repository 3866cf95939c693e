"""Opening the database: schema version, transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self
from urllib.parse import quote

import sqlalchemy
from sqlalchemy import URL, Connection, Engine, event, insert, inspect, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from results.faults import StoreError, store_error
from results.location import Location, locate_database
from results.open_file import OpenFile
from results.schema import SCHEMA_VERSION, metadata, schema_version, version_metadata
from results.sqlite_file import BUSY_SECONDS, require_ours

_CONNECT_SECONDS = 10
# Any number of our own: one process at a time creates the tables in PostgreSQL.
_CREATION_LOCK = 20_261_123


class Database:
    """An open database with our tables in it, for use from any number of threads.

    Args:
        url: `sqlite:///path` or `postgresql://...`; None means where `locate_database` finds it.
        creates: whether a missing SQLite file is made.

    Raises:
        StoreError: bad URL, unreachable, unreadable, read-only, a newer schema version or another program's database.
    """

    def __init__(self, url: str | None = None, *, creates: bool = True) -> None:
        self._location = locate_database(url)
        self._engine = self._create_engine()
        self._writing_engine = self._engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        file = self._location.file
        self._file = None if file is None else OpenFile(file, self._connect)
        try:
            if self._file is None:
                self._connect()
            else:
                self._file.open(creates=creates)
        except StoreError:
            self.close()
            raise

    @property
    def location(self) -> Location:
        """Where it is, and where its copy is to be."""
        return self._location

    @property
    def url(self) -> str:
        """The URL in full, password included: what another process needs to open the same store."""
        return self._location.url.render_as_string(hide_password=False)

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
        if self._file is not None:
            self._file.follow()
        with self._begun(engine) as connection:
            yield connection

    @contextmanager
    def _begun(self, engine: Engine) -> Iterator[Connection]:
        try:
            with engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise store_error(self._location.name, error) from error

    @property
    def is_sqlite(self) -> bool:
        """Whether the store is a local file; else it is a PostgreSQL database."""
        return self._location.file is not None

    def _connect(self) -> None:
        """Drop all connections, and see to it that what new ones lead to is ours."""
        self._engine.dispose()
        with self._begun(self._writing_engine) as connection:
            self._require_schema(connection)

    def _create_engine(self) -> Engine:
        url = self._location.url
        try:
            if not self.is_sqlite:
                waiting = {"connect_timeout": _CONNECT_SECONDS}
                return sqlalchemy.create_engine(url, pool_pre_ping=True, connect_args=waiting)
            # Without mode=rw a connection to a file that was deleted meanwhile would make an empty one.
            address, query = f"file:{quote(str(url.database))}", {"mode": "rw", "uri": "true"}
            rw_url = URL.create("sqlite", database=address, query=query)
            engine = sqlalchemy.create_engine(rw_url, connect_args={"timeout": BUSY_SECONDS})
        except (SQLAlchemyError, ImportError) as error:
            raise StoreError(f"the database {self._location.name} cannot be used: {error}") from error
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _require_schema(self, connection: Connection) -> None:
        """Create the tables that an empty or older database lacks; the transaction (or a lock) keeps others out."""
        if self.is_sqlite:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            require_ours(self._location.name, version, set(inspect(connection).get_table_names()))
            if version < SCHEMA_VERSION:
                metadata.create_all(connection)
                connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
            return
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CREATION_LOCK})
        tables = set(inspect(connection).get_table_names())
        if schema_version.name in tables:
            version = connection.execute(select(schema_version.c.version)).scalar_one()
            require_ours(self._location.name, version, tables)
            if version < SCHEMA_VERSION:
                metadata.create_all(connection)
                connection.execute(update(schema_version).values(version=SCHEMA_VERSION))
            return
        require_ours(self._location.name, 0, tables & set(metadata.tables))
        version_metadata.create_all(connection)
        metadata.create_all(connection)
        connection.execute(insert(schema_version).values(version=SCHEMA_VERSION))


def _configure_sqlite(connection: Any, _: object) -> None:
    # The sqlite3 module must not begin transactions by itself: `_begin_sqlite` does.
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: one that begins as a reader cannot always be promoted, and fails
    # without waiting for the busy timeout.
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
