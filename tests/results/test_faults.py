"""What a database that fails says: which one, what is wrong, what to do; by real errors of SQLite and PostgreSQL."""

import copy
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from results.faults import PUBLIC, store_error
from results.store import Store, StoreError
from results.uploads import put_upload

NOBODY = 65534


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results.db"


@pytest.fixture
def short_of_time(monkeypatch):
    """Who waits for a lock gives up soon."""
    monkeypatch.setattr("results.database.BUSY_SECONDS", 0.05)
    monkeypatch.setattr("results.sqlite_file.BUSY_SECONDS", 0.05)


@pytest.fixture
def unprivileged():
    """A folder of a user to whom permissions apply: root would not notice them."""
    folder = Path(tempfile.mkdtemp())
    if os.geteuid() != 0:
        yield folder
    else:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            os.seteuid(0)
    folder.chmod(0o700)
    shutil.rmtree(folder)


def add(store):
    return store.add_experiment("{}", "name", [], visitor="v", owner="o", now=1.0)


def failure_of(use, *arguments):
    with pytest.raises(StoreError) as caught:
        use(*arguments)
    error = caught.value
    assert "\n" not in str(error)
    assert not {"INSERT", "SELECT", "PRAGMA", "BEGIN"} & set(str(error).split())
    assert error.public != PUBLIC
    assert "/" not in error.public
    return str(error)


def test_a_full_disk_is_told_and_room_helps(path):
    with Store(f"sqlite:///{path}") as store:
        with store.writing() as connection:
            (pages,) = connection.exec_driver_sql("PRAGMA page_count").one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
        told = failure_of(put_upload, store, "large.csv", bytes(100_000), 1.0)
        assert told.startswith(f"the database {path} has no room left on its disk: ")
        with store.writing() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        put_upload(store, "large.csv", bytes(100_000), 1.0)


def test_a_lock_of_another_program_is_told_and_its_end_helps(path, short_of_time):
    with Store(f"sqlite:///{path}") as store, closing(sqlite3.connect(path, isolation_level=None)) as foreign:
        foreign.execute("BEGIN EXCLUSIVE")
        told = failure_of(add, store)
        assert told.startswith(f"the database {path} is locked by another program: close ")
        foreign.execute("ROLLBACK")
        add(store)


def test_a_database_that_another_program_holds_at_the_start_is_told(path, short_of_time):
    Store(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path, isolation_level=None)) as foreign:
        foreign.execute("PRAGMA locking_mode = EXCLUSIVE")
        foreign.execute("BEGIN EXCLUSIVE")
        assert "is locked by another program" in failure_of(Store, f"sqlite:///{path}")


def test_a_file_that_cannot_be_written_to_is_told_at_the_start(unprivileged):
    path = unprivileged / "results.db"
    Store(f"sqlite:///{path}").close()
    path.chmod(0o400)
    told = failure_of(Store, f"sqlite:///{path}")
    assert told.startswith(f"the database {path} cannot be written to: allow this user ")


@pytest.mark.parametrize("name", ["results.db", "new folder/results.db"])
def test_a_folder_that_cannot_be_written_to_is_told_at_the_start(unprivileged, name):
    unprivileged.chmod(0o500)
    told = failure_of(Store, f"sqlite:///{unprivileged / name}")
    assert told.startswith(f"the database {unprivileged / name} cannot be ")
    assert "this user" in told


def test_a_file_in_a_folder_that_cannot_be_written_to_is_told_at_the_start(unprivileged):
    path = unprivileged / "results.db"
    Store(f"sqlite:///{path}").close()
    unprivileged.chmod(0o500)
    assert failure_of(Store, f"sqlite:///{path}").startswith(f"the database {path} cannot be ")


def test_a_damaged_page_is_told(path):
    with Store(f"sqlite:///{path}") as store:
        for _ in range(100):
            add(store)
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'experiments'").fetchone()
    content = bytearray(path.read_bytes())
    content[4096 * (page - 1) : 4096 * page] = b"\xff" * 4096
    path.write_bytes(content)
    with Store(f"sqlite:///{path}") as store:
        assert failure_of(store.experiments).startswith(f"the database {path} is damaged")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (sqlite3.SQLITE_IOERR_WRITE, "cannot be read or written because its disk reports an error"),
        (sqlite3.SQLITE_READONLY_DBMOVED, "cannot be written to"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "is locked by another program"),
        (sqlite3.SQLITE_CANTOPEN_FULLPATH, "cannot be opened"),
        (sqlite3.SQLITE_CORRUPT_INDEX, "is damaged"),
    ],
)
def test_the_kind_of_an_extended_code_decides(code, told):
    error = sqlite3.OperationalError("words of SQLite\nand more")
    error.sqlite_errorcode = code
    message = str(store_error("/a/results.db", error))
    assert message.startswith(f"the database /a/results.db {told}")
    assert message.endswith("(words of SQLite)")


def test_what_is_no_fault_of_the_disk_keeps_the_databases_own_words(store, add_runs, make_record):
    (run,) = add_runs()
    store.start(run.id, 1, {}, 1.0)
    store.append_epochs(run.id, 1, [make_record(1)], 1.0)
    with pytest.raises(StoreError, match=r"failed: .*(UNIQUE constraint|unique constraint)") as caught:
        store.append_epochs(run.id, 1, [make_record(1)], 2.0)
    assert "INSERT" not in str(caught.value)
    assert caught.value.public == PUBLIC


def test_a_server_that_cannot_be_reached_is_told_without_the_password():
    told = failure_of(Store, "postgres://someone:secret@127.0.0.1:1/results")
    assert told.startswith("the database postgresql+psycopg://someone:***@127.0.0.1:1/results cannot be reached: ")
    assert "secret" not in told


@pytest.mark.parametrize("database_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
def test_a_server_that_ends_the_connection_is_told_and_the_next_use_connects_again(store):
    def lose_connection():
        with store.reading() as connection:
            (number,) = connection.execute(text("SELECT pg_backend_pid()")).one()
            with store.reading() as other:
                other.execute(text("SELECT pg_terminate_backend(:number)"), {"number": number})
            connection.execute(text("SELECT 1"))

    assert "cannot be reached" in failure_of(lose_connection)
    assert store.experiments() == []


def test_an_error_crosses_from_a_worker_whole():
    """Dask packs it by the same protocol as a copy."""
    error = copy.copy(StoreError("the database /a/results.db is full", "The disk is full."))
    assert (str(error), error.public) == ("the database /a/results.db is full", "The disk is full.")
