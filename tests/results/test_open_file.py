"""A database file that is deleted, moved or replaced while it is open."""

import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from results.schema import SCHEMA_VERSION
from results.store import Store, StoreError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results.db"


@pytest.fixture
def opened(path):
    with Store(f"sqlite:///{path}") as store:
        yield store


def add(store, name):
    return store.add_experiment("{}", name, [], visitor="v", owner="o", now=1.0)


def names(store):
    return {summary.name for summary in store.experiments()}


def make_another(path, *experiments):
    with Store(f"sqlite:///{path}") as other:
        for name in experiments:
            add(other, name)


def test_a_deleted_file_is_told_and_no_empty_one_is_made(opened, path):
    add(opened, "lost")
    for file in path.parent.iterdir():
        file.unlink()
    for use in (names, lambda store: add(store, "more")):
        with pytest.raises(StoreError, match=f"{path} was deleted or moved while in use: put it back, or restart"):
            use(opened)
    assert list(path.parent.iterdir()) == []


def test_a_file_that_is_deleted_after_the_look_is_not_made_by_connecting_to_it(opened, path, monkeypatch):
    opened.close()  # so that the next use has to connect
    monkeypatch.setattr("results.open_file.OpenFile.follow", lambda _: path.unlink())
    with pytest.raises(StoreError, match="cannot be opened"):
        names(opened)
    assert not path.exists()


def test_a_file_that_is_put_back_works_again_with_all_that_was_in_its_log(opened, path):
    add(opened, "first")
    path.rename(path.with_name("elsewhere.db"))
    with pytest.raises(StoreError, match="deleted or moved"):
        names(opened)
    path.with_name("elsewhere.db").rename(path)
    add(opened, "second")
    assert names(opened) == {"first", "second"}


def test_a_folder_that_is_gone_is_the_same(opened, path):
    path.parent.rename(path.parent.with_name("moved"))
    with pytest.raises(StoreError, match="deleted or moved"):
        names(opened)
    path.parent.with_name("moved").rename(path.parent)
    assert names(opened) == set()


def test_another_file_in_its_place_is_opened_without_the_log_of_the_old_one(opened, path):
    for number in range(200):
        add(opened, f"old {number}")
    assert path.with_name("results.db-wal").stat().st_size > 0
    make_another(path.with_name("backup.db"), "from the backup")
    path.with_name("backup.db").replace(path)
    assert names(opened) == {"from the backup"}
    add(opened, "new")
    opened.close()
    with Store(f"sqlite:///{path}") as again, again.reading() as connection:
        assert names(again) == {"from the backup", "new"}
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"


def test_what_only_the_old_files_log_held_is_kept_beside_it(opened, path):
    add(opened, "old")
    make_another(path.with_name("backup.db"))
    path.rename(path.with_name("old.db"))
    path.with_name("backup.db").rename(path)
    assert names(opened) == set()
    path.with_name("results.db-wal.replaced").rename(path.with_name("old.db-wal"))
    with Store(f"sqlite:///{path.with_name('old.db')}") as old:
        assert names(old) == {"old"}


def test_another_file_that_brings_its_own_log_keeps_it(opened, path):
    add(opened, "old")
    with Store(f"sqlite:///{path.with_name('other.db')}") as other:
        add(other, "in the log")
        assert path.with_name("other.db-wal").stat().st_size > 0
        for suffix in ("", "-wal"):
            shutil.copy(path.with_name(f"other.db{suffix}"), path.with_name(f"brought.db{suffix}"))
    for suffix in ("-wal", ""):
        path.with_name(f"brought.db{suffix}").replace(path.with_name(f"results.db{suffix}"))
    path.with_name("results.db-shm").unlink()
    assert names(opened) == {"in the log"}


def test_an_older_file_in_its_place_gets_the_tables_that_it_lacks(opened, path):
    make_another(path.with_name("older.db"), "older")
    with closing(sqlite3.connect(path.with_name("older.db"))) as connection:
        for table in ("steps", "run_keys", "upload_owners", "run_losses", "experiment_uses", "opened_envelopes"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("PRAGMA user_version = 2")
    path.with_name("older.db").replace(path)
    assert names(opened) == {"older"}
    with opened.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA user_version").scalar_one() == SCHEMA_VERSION


def test_a_strangers_file_in_its_place_is_refused_until_it_is_gone(opened, path):
    add(opened, "ours")
    with closing(sqlite3.connect(path.with_name("stranger.db"))) as connection:
        connection.execute("CREATE TABLE runs (x)")
    before = path.with_name("stranger.db").read_bytes()
    path.rename(path.with_name("ours.db"))
    path.with_name("stranger.db").rename(path)
    for _ in range(2):
        with pytest.raises(StoreError, match="belongs to another program"):
            names(opened)
    assert path.read_bytes() == before
    make_another(path.with_name("good.db"), "good")
    path.with_name("good.db").replace(path)
    assert names(opened) == {"good"}


def test_many_threads_go_over_to_the_new_file_together(opened, path):
    add(opened, "old")
    make_another(path.with_name("backup.db"), "from the backup")
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: len(names(opened)), range(50))) == [1] * 50
        path.with_name("backup.db").replace(path)
        written = list(threads.map(lambda number: add(opened, f"new {number}"), range(50)))
    assert len(set(written)) == 50
    assert names(opened) == {"from the backup", *(f"new {number}" for number in range(50))}


def test_two_processes_go_over_to_the_new_file_and_read_what_the_other_writes(opened, path):
    script = """
import sys
from results.store import Store
store = Store(sys.argv[1])
for name in map(str.strip, sys.stdin):
    store.add_experiment("{}", name, [], visitor="v", owner="o", now=1.0)
    print(sorted(summary.name for summary in store.experiments()), flush=True)
"""
    command = [sys.executable, "-c", script, opened.url]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as child:
        try:
            child.stdin.write("old of the child\n")
            assert child.stdout.readline() == "['old of the child']\n"
            make_another(path.with_name("backup.db"))
            path.with_name("backup.db").replace(path)
            add(opened, "ours")
            child.stdin.write("of the child\n")
            assert child.stdout.readline() == "['of the child', 'ours']\n"
            assert names(opened) == {"of the child", "ours"}
        finally:
            child.kill()


def test_a_worker_makes_no_database_where_there_is_none(path):
    with pytest.raises(StoreError, match="deleted or moved"):
        Store(f"sqlite:///{path}", creates=False)
    assert list(path.parent.iterdir()) == []
    Store(f"sqlite:///{path}").close()
    with Store(f"sqlite:///{path}", creates=False) as store:
        assert names(store) == set()
