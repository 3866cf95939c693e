"""Which databases are opened, which are refused, and that a refused one is left alone."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from results.artifacts import read_artifact
from results.envelope import open_envelope, opened_at
from results.schema import SCHEMA_VERSION
from results.sqlite_file import prepare_file
from results.store import Store, StoreError
from results.uploads import put_upload, upload_name

NEW_TABLES = ("steps", "run_keys", "upload_owners", "run_losses", "experiment_uses", "opened_envelopes")
"""What versions 3 to 5 added."""
DROP_NEW = "".join(f"DROP TABLE {name};" for name in NEW_TABLES)


def write(path, *statements):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def pragma(path, name):
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def assert_refused(path, match):
    before = contents(path.parent)
    with pytest.raises(StoreError, match=match) as caught:
        Store(f"sqlite:///{path}")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert contents(path.parent) == before


def test_a_new_file_is_created_with_its_folder(tmp_path):
    path = tmp_path / "a new" / "folder" / "results 100%.db"
    Store(f"sqlite:///{path}".replace("%", "%25")).close()
    assert pragma(path, "user_version") == SCHEMA_VERSION
    assert pragma(path, "journal_mode") == "wal"


def test_an_empty_file_is_ours_to_fill(tmp_path):
    path = tmp_path / "results.db"
    path.touch()
    Store(f"sqlite:///{path}").close()
    assert pragma(path, "user_version") == SCHEMA_VERSION


def test_connections_are_set_up_as_documented(tmp_path):
    with Store(f"sqlite:///{tmp_path / 'results.db'}") as store, store.reading() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        }
    assert values == {"journal_mode": "wal", "synchronous": 1, "busy_timeout": 10_000, "foreign_keys": 1}


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_newer_file_is_refused_untouched(tmp_path, mode):
    path = tmp_path / "results.db"
    Store(f"sqlite:///{path}").close()
    write(path, f"PRAGMA journal_mode = {mode}", f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    assert list(contents(tmp_path)) == ["results.db"]
    assert_refused(path, f"schema version {SCHEMA_VERSION + 1}.*up to {SCHEMA_VERSION}")


def test_a_newer_version_that_is_still_in_the_log_is_seen(tmp_path):
    path = tmp_path / "results.db"
    Store(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path, isolation_level=None)) as newer:
        newer.execute("PRAGMA user_version = 7")
        assert int.from_bytes(path.read_bytes()[60:64], "big") == SCHEMA_VERSION
        before = path.read_bytes()
        with pytest.raises(StoreError, match="schema version 7"):
            prepare_file(path)
        assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"not a database, but a text of some length" * 40, b"x", b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_file_that_is_no_database_is_refused_untouched(tmp_path, content):
    path = tmp_path / "results.db"
    path.write_bytes(content)
    assert_refused(path, "is damaged, or is no database")


@pytest.mark.parametrize("version", [0, SCHEMA_VERSION])
def test_a_database_of_another_program_is_refused_untouched(tmp_path, version):
    path = tmp_path / "results.db"
    write(path, "CREATE TABLE runs (x)", f"PRAGMA user_version = {version}")
    assert_refused(path, "belongs to another program")


def test_a_folder_is_refused(tmp_path):
    folder = tmp_path / "results.db"
    folder.mkdir()
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(f"sqlite:///{folder}")


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(f"sqlite:///{tmp_path / 'file' / 'results.db'}")


@pytest.mark.parametrize(
    ("url", "match"),
    [
        ("", "cannot be read"),
        ("results.db", "cannot be read"),
        ("sqlite://", "a file that several processes open"),
        ("sqlite:///:memory:", "a file that several processes open"),
        ("sqlite:///file:x?mode=ro&uri=true", "without options"),
        ("sqlite+pysqlcipher:///x.db", "no support for sqlite"),
        ("mysql://somewhere/x", "no support for mysql"),
        ("oracle+cx_oracle://x", "no support for oracle"),
    ],
)
def test_a_bad_url_is_refused_with_what_is_expected(url, match, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match=match) as caught:
        Store(url)
    assert "sqlite:///path" in str(caught.value)
    assert contents(tmp_path) == {}


def test_an_unreachable_server_is_refused_without_its_password():
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError, match=r"postgresql.*127\.0\.0\.1:1/") as caught:
        Store("postgres://someone:secret@127.0.0.1:1/results")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_relative_path_means_the_same_in_every_process(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Store("sqlite:///results.db") as store:
        assert store.url == f"sqlite:///{tmp_path / 'results.db'}"


def test_opening_again_keeps_what_is_there(database_url):
    with Store(database_url) as store:
        experiment_id = store.add_experiment("{}", "kept", [("a", 0)], visitor="v", owner="o", now=1.0)
    with Store(database_url) as store:
        assert store.experiment(experiment_id).name == "kept"


def test_a_copied_file_opens(tmp_path):
    with Store(f"sqlite:///{tmp_path / 'results.db'}") as store:
        store.add_experiment("{}", "kept", [], visitor="v", owner="o", now=1.0)
    shutil.copy(tmp_path / "results.db", tmp_path / "copy.db")
    with Store(f"sqlite:///{tmp_path / 'copy.db'}") as store:
        assert [summary.name for summary in store.experiments()] == ["kept"]


def test_a_transaction_that_raises_leaves_nothing(store):
    def fail():
        with store.writing() as connection:
            statement = "INSERT INTO experiments VALUES ('i', 'name', '{}', 'visitor', 1.0)"
            assert connection.execute(text(statement)).rowcount == 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert store.experiments() == []


VERSION_1 = Path(__file__).with_name("version_1.sql")
"""A database that the program's first version wrote, with an experiment of a finished and a queued run (`.dump`)."""


def make_version_1(path, *more):
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1.read_text(encoding="utf-8"))
    write(path, *more, "PRAGMA user_version = 1")


def assert_upgraded(store, experiment_id):
    """Everything new can be written and read, and goes with the experiment."""
    finished, run = store.runs(experiment_id)
    assert (finished.status, len(store.epochs([finished.id]))) == ("finished", 1)
    assert store.start(run.id, 1, {}, 2.0)
    assert store.put_artifact(run.id, 1, "boundary", 1, b"x", 3.0)
    assert read_artifact(store, run.id, "boundary") == (1, b"x")
    assert upload_name(store, put_upload(store, "mine.csv", b"x", 4.0)) == "mine.csv"
    store.delete_experiment(experiment_id, visitor=store.experiment(experiment_id).visitor)
    assert read_artifact(store, run.id, "boundary") is None


def test_a_file_of_version_2_is_upgraded_and_its_envelopes_are_closed(tmp_path):
    path = tmp_path / "results.db"
    with Store(f"sqlite:///{path}") as store:
        identifier = store.add_experiment("{}", "n", [("v", 0)], visitor="v", owner="o", now=1.0)
        (run,) = store.runs(identifier)
        store.start(run.id, 1, {}, 1.0)
        store.finish(run.id, 1, "finished", now=1.0)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"{DROP_NEW} PRAGMA user_version = 2;")
    with Store(f"sqlite:///{path}") as store:
        assert pragma(path, "user_version") == SCHEMA_VERSION
        assert opened_at(store, identifier) is None
        assert open_envelope(store, identifier, visitor="v", now=2.0)


def test_a_file_of_version_1_is_upgraded_and_keeps_what_it_holds(tmp_path):
    path = tmp_path / "results.db"
    make_version_1(path)
    with Store(f"sqlite:///{path}") as store:
        assert pragma(path, "user_version") == SCHEMA_VERSION
        assert_upgraded(store, "old")
    Store(f"sqlite:///{path}").close()


def test_a_file_of_version_1_with_a_table_that_is_not_ours_is_refused_untouched(tmp_path):
    path = tmp_path / "results.db"
    make_version_1(path, "CREATE TABLE uploads (x)")
    assert_refused(path, "belongs to another program")


@pytest.mark.parametrize("version", [-1, 1])
def test_a_version_without_its_tables_is_not_ours(tmp_path, version):
    path = tmp_path / "results.db"
    write(path, "CREATE TABLE experiments (x)", f"PRAGMA user_version = {version}")
    assert_refused(path, "belongs to another program")


@pytest.mark.parametrize("database_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
class TestPostgreSQL:
    """The version in a table, where there is no PRAGMA user_version."""

    @pytest.fixture
    def engine(self, database_url):
        engine = create_engine(database_url)
        yield engine
        engine.dispose()

    def execute(self, engine, statement):
        with engine.begin() as connection:
            connection.execute(text(statement))

    def test_a_newer_version_is_refused(self, engine, database_url):
        Store(database_url).close()
        self.execute(engine, "UPDATE schema_version SET version = 99")
        with pytest.raises(StoreError, match="schema version 99"):
            Store(database_url)

    def test_tables_of_another_program_are_refused(self, engine, database_url):
        self.execute(engine, "CREATE TABLE runs (x integer)")
        with pytest.raises(StoreError, match="belongs to another program"):
            Store(database_url)

    def test_a_version_table_of_another_program_is_refused(self, engine, database_url):
        self.execute(engine, "CREATE TABLE schema_version (revision text)")
        with pytest.raises(StoreError):
            Store(database_url)

    def test_a_database_of_version_1_is_upgraded_and_keeps_what_it_holds(self, engine, database_url, make_record):
        with Store(database_url) as store:
            identifier = store.add_experiment("{}", "n", [("a", 0), ("b", 0)], visitor="v", owner="o", now=1.0)
            run = store.runs(identifier)[0]
            store.start(run.id, 1, {}, 1.0)
            store.append_epochs(run.id, 1, [make_record(1)], 1.0)
            store.finish(run.id, 1, "finished", now=1.0)
        self.execute(
            engine,
            "DROP TABLE artifacts, experiment_uploads, uploads, opened_envelopes,"
            " steps, run_keys, upload_owners, run_losses, experiment_uses",
        )
        self.execute(engine, "UPDATE schema_version SET version = 1")
        with Store(database_url) as store:
            assert_upgraded(store, identifier)
        with engine.begin() as connection:
            assert connection.execute(text("SELECT version FROM schema_version")).scalar_one() == SCHEMA_VERSION
        Store(database_url).close()

    def test_other_tables_beside_ours_do_not_matter(self, engine, database_url):
        self.execute(engine, "CREATE TABLE invoices (x integer)")
        Store(database_url).close()
        Store(database_url).close()
