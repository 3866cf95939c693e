"""A copy is whole, follows what changes, survives a disk that fails, and comes back when the database is gone."""

import logging
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from results import copies
from results.copies import Copies, copy_database, restore_database
from results.schema import SCHEMA_VERSION
from results.store import Store, StoreError

ROOT = Path(__file__).parents[2]
SECONDS_TO_WAIT = 20


@pytest.fixture
def database(tmp_path):
    return tmp_path / "local" / "results.db"


@pytest.fixture
def copy(tmp_path):
    """Where the copy goes: the folder is there, the file is not."""
    (tmp_path / "bucket").mkdir()
    return tmp_path / "bucket" / "results.db"


@pytest.fixture
def store(database):
    with Store(f"sqlite:///{database}") as opened:
        yield opened


@contextmanager
def copying(database, copy, seconds_between=3600.0):
    copies = Copies(database, copy, seconds_between)
    copies.start()
    try:
        yield copies
    finally:
        copies.close()


def add(store, name):
    return store.add_experiment("{}", name, [], visitor="v", owner="o", now=1.0)


def names(path):
    """The experiments in a file, read without changing anything beside it."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {name for (name,) in connection.execute("SELECT name FROM experiments")}


def beside(path, suffix):
    return path.with_name(path.name + suffix)


def files(folder):
    return {path.name for path in folder.iterdir()}


def wait_until(condition):
    deadline = time.monotonic() + SECONDS_TO_WAIT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def damage(path):
    """A file as a bucket leaves it that lost a part of it."""
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


# Copying


def test_a_copy_has_what_is_still_in_the_log_and_is_one_file(store, database, copy):
    add(store, "new")
    assert beside(database, "-wal").stat().st_size > 0
    copy_database(database, copy)
    assert names(copy) == {"new"}
    assert files(copy.parent) == {"results.db"}


def test_the_copy_before_stays_beside_the_new_one(store, database, copy):
    for name in ("first", "second", "third"):
        add(store, name)
        copy_database(database, copy)
    assert names(copy) == {"first", "second", "third"}
    assert names(beside(copy, ".previous")) == {"first", "second"}
    assert files(copy.parent) == {"results.db", "results.db.previous"}
    assert files(database.parent / "results.db.copying") == set()


def test_a_copy_that_breaks_off_leaves_the_last_good_one(store, database, copy, monkeypatch):
    add(store, "first")
    copy_database(database, copy)

    def break_off(source, target):
        target.write_bytes(source.read_bytes()[:1000])
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(shutil, "copyfile", break_off)
    with pytest.raises(OSError, match="Input/output error"):
        copy_database(database, copy)
    monkeypatch.undo()
    assert names(copy) == {"first"}
    add(store, "second")
    copy_database(database, copy)
    assert names(copy) == {"first", "second"}


def test_a_missing_database_is_not_made_by_copying_it(database, copy):
    database.parent.mkdir()
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        copy_database(database, copy)
    assert not database.exists()
    assert not copy.exists()


def test_a_database_that_stays_locked_fails_the_copy_in_time(store, database, copy, monkeypatch):
    monkeypatch.setattr(copies, "SECONDS_TO_WAIT_FOR_OTHERS", 0.0)
    store.close()
    with closing(sqlite3.connect(database, isolation_level=None)) as foreign:
        foreign.execute("PRAGMA locking_mode = EXCLUSIVE")
        foreign.execute("BEGIN EXCLUSIVE")
        with pytest.raises((TimeoutError, sqlite3.OperationalError), match="locked"):
            copy_database(database, copy)
    copy_database(database, copy)


def test_of_two_that_copy_at_once_one_waits_and_gives_up_in_time(store, database, copy, monkeypatch):
    monkeypatch.setattr(copies, "SECONDS_TO_WAIT_FOR_OTHERS", 0.0)
    with copies._working_folder(database), pytest.raises(TimeoutError, match="still copying"):
        copy_database(database, copy)
    copy_database(database, copy)


# Copying again and again


def test_what_changed_is_copied_at_the_end(store, database, copy):
    with copying(database, copy) as running:
        wait_until(lambda: running.copied_at)
        add(store, "late")
        assert names(copy) == set()
    assert names(copy) == {"late"}


def test_changes_are_copied_while_it_runs(store, database, copy):
    with copying(database, copy, seconds_between=0.01) as running:
        wait_until(lambda: running.copied_at)
        add(store, "new")
        wait_until(lambda: names(copy) == {"new"})
        assert running.error is None


def test_nothing_is_copied_where_nothing_changed(store, database, copy, monkeypatch):
    copied, looked = [], []
    real, look = copies.copy_database, copies._state_of
    monkeypatch.setattr(copies, "copy_database", lambda *places: (copied.append(places), real(*places)))
    monkeypatch.setattr(copies, "_state_of", lambda path: (looked.append(path), look(path))[1])
    with copying(database, copy, seconds_between=0.001):
        wait_until(lambda: len(looked) > 20)
        store.beat("nobody", 1.0)  # what the queue does each 3 s, with nothing to do
        store.purge(0.0)
        seen = len(looked)
        wait_until(lambda: len(looked) > seen + 20)
        assert len(copied) == 1
        add(store, "new")
        wait_until(lambda: len(copied) == 2)


def test_an_outage_is_told_once_and_what_came_meanwhile_is_copied_after_it(store, database, copy, caplog):
    caplog.set_level(logging.WARNING, "results.copies")
    away = copy.parent.with_name("unmounted")
    with copying(database, copy, seconds_between=0.001) as running:
        wait_until(lambda: running.copied_at)
        last = running.copied_at
        copy.parent.rename(away)
        add(store, "meanwhile")
        wait_until(lambda: running.error)
        assert "No such file" in running.error
        assert running.copied_at == last
        away.rename(copy.parent)
        wait_until(lambda: running.error is None)
        assert running.copied_at > last
    assert names(copy) == {"meanwhile"}
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_a_database_that_is_deleted_leaves_the_last_copy(store, database, copy):
    add(store, "kept")
    with copying(database, copy) as running:
        wait_until(lambda: running.copied_at)
        database.unlink()
    assert running.error
    assert names(copy) == {"kept"}


def test_its_end_waits_for_no_interval(store, database, copy):
    began = time.monotonic()
    with copying(database, copy, seconds_between=3600.0):
        pass
    assert time.monotonic() - began < SECONDS_TO_WAIT
    assert names(copy) == set()
    assert "copies" not in {thread.name for thread in threading.enumerate()}


def test_a_writer_is_never_stopped_by_a_copy(store, database, copy):
    with copying(database, copy, seconds_between=0.0):
        for number in range(300):
            add(store, str(number))
    assert names(copy) == {str(number) for number in range(300)}


@pytest.mark.workers
def test_a_process_that_is_killed_leaves_a_copy_that_is_whole(store, database, copy):
    script = """
import sys
from pathlib import Path
from results.copies import Copies
Copies(Path(sys.argv[1]), Path(sys.argv[2]), 0.0).start()
print("ready", flush=True)
sys.stdin.read()
"""
    for number in range(50):
        add(store, f"first {number}")
    command = [sys.executable, "-c", script, str(database), str(copy)]
    for _ in range(3):
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout.readline() == "ready\n"
            wait_until(copy.exists)
            for number in range(20):
                add(store, f"more {number}")
            child.kill()
    whole = copy if copy.exists() else beside(copy, ".previous")
    assert len(names(whole)) >= 50
    database.rename(database.with_name("lost.db"))
    assert restore_database(database, copy) == whole
    copy_database(database, copy)


# Restoring


@pytest.fixture
def two_copies(store, database, copy):
    """Copies of one experiment before, and two last; the database is gone."""
    for name in ("before", "last"):
        add(store, name)
        copy_database(database, copy)
    store.close()
    shutil.rmtree(database.parent)


def restored(database):
    with Store(f"sqlite:///{database}", creates=False) as store:
        return {summary.name for summary in store.experiments()}


def test_a_missing_database_comes_back_from_its_copy(two_copies, database, copy):
    assert restore_database(database, copy) == copy
    assert restored(database) == {"before", "last"}
    assert files(copy.parent) == {"results.db", "results.db.previous"}


def test_an_empty_file_counts_as_missing(two_copies, database, copy):
    database.parent.mkdir()
    database.touch()
    assert restore_database(database, copy) == copy


def test_a_database_that_is_there_is_left_alone(store, database, copy):
    copy_database(database, copy)
    add(store, "newer")
    assert restore_database(database, copy) is None
    assert {summary.name for summary in store.experiments()} == {"newer"}


def test_where_nothing_was_ever_copied_there_is_nothing_to_restore(database, copy):
    beside(copy, ".partial").write_bytes(b"the first copy broke off")
    assert restore_database(database, copy) is None
    assert not database.exists()


@pytest.mark.parametrize(
    "spoil",
    [damage, lambda path: path.write_bytes(b""), lambda path: path.write_bytes(path.read_bytes()[:5000]),
     lambda path: path.write_bytes(b"not a database"), lambda path: path.write_bytes(bytes(8192))],
    ids=["overwritten", "empty", "cut off", "text", "zeros"],
)  # fmt: skip
def test_a_damaged_copy_gives_way_to_the_one_before_and_is_kept(two_copies, database, copy, spoil):
    spoil(copy)
    spoiled = copy.read_bytes()
    assert restore_database(database, copy) == beside(copy, ".previous")
    assert restored(database) == {"before"}
    assert beside(copy, ".damaged").read_bytes() == spoiled
    copy_database(database, copy)
    assert names(beside(copy, ".previous")) == names(copy) == {"before"}


def test_between_two_renames_the_copy_before_is_the_last_one(two_copies, database, copy):
    copy.unlink()
    assert restore_database(database, copy) == beside(copy, ".previous")
    assert restored(database) == {"before"}


def test_two_damaged_copies_are_refused_and_nothing_empty_is_made(two_copies, database, copy):
    damage(copy)
    damage(beside(copy, ".previous"))
    before = {path.name: path.read_bytes() for path in copy.parent.iterdir()}
    with pytest.raises(StoreError, match=r"no copy of it is good.*to begin with an empty database") as caught:
        restore_database(database, copy)
    assert all(str(path) in str(caught.value) for path in (database, copy, beside(copy, ".previous")))
    assert not database.exists()
    assert {path.name: path.read_bytes() for path in copy.parent.iterdir()} == before


def test_a_copy_of_a_newer_version_is_refused_instead_of_an_older_one_taken(two_copies, database, copy):
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(StoreError, match=f"{copy} has schema version {SCHEMA_VERSION + 1}"):
        restore_database(database, copy)
    assert not database.exists()


def test_a_disk_that_does_not_answer_says_nothing_against_the_copy(two_copies, database, copy, monkeypatch):
    def fail(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(shutil, "copyfile", fail)
    with pytest.raises(OSError, match="Input/output error"):
        restore_database(database, copy)
    assert not database.exists()
    assert names(copy) == {"before", "last"}


def test_a_disk_that_is_not_mounted_is_told(two_copies, database, copy):
    shutil.rmtree(copy.parent)
    with pytest.raises(StoreError, match=f"no folder {copy.parent}: mount its disk"):
        restore_database(database, copy)
    assert not database.exists()


def test_a_database_that_was_in_use_where_the_copy_is_now_comes_with_its_log(database, copy):
    """An earlier version kept it there, and was killed."""
    with Store(f"sqlite:///{copy}") as old:
        add(old, "in the log")
        shutil.copytree(copy.parent, copy.parent.with_name("killed"))
    killed = copy.parent.with_name("killed") / copy.name
    assert beside(killed, "-wal").stat().st_size > 0
    assert restore_database(database, killed) == killed
    assert restored(database) == {"in the log"}
    copy_database(database, killed)
    assert files(killed.parent) == {"results.db", "results.db.previous"}
    assert names(killed) == {"in the log"}


def test_a_log_that_the_lost_database_left_is_not_added_to_the_restored_one(store, database, copy):
    add(store, "copied")
    copy_database(database, copy)
    add(store, "lost")
    kept = database.parent.with_name("kept")
    shutil.copytree(database.parent, kept)  # as a killed process leaves it
    (kept / "results.db").unlink()
    assert beside(kept / "results.db", "-wal").stat().st_size > 0
    restore_database(kept / "results.db", copy)
    assert restored(kept / "results.db") == {"copied"}
