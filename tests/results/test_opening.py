"""The store as the page server and the command line open it: with its copy."""

import shutil

import pytest

from results.opening import open_store
from results.store import Store, StoreError


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The folder of the database; the environment names it and the copy."""
    (tmp_path / "bucket").mkdir()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'local' / 'results.db'}")
    monkeypatch.setenv("DATABASE_COPY", str(tmp_path / "bucket" / "results.db"))
    return tmp_path / "local"


def add(store, name):
    return store.add_experiment("{}", name, [], visitor="v", owner="o", now=1.0)


def names(opened):
    return {summary.name for summary in opened.store.experiments()}


def test_a_container_that_is_stopped_and_removed_loses_nothing(place):
    for number in range(3):
        with open_store() as opened:
            assert names(opened) == {str(before) for before in range(number)}
            add(opened.store, str(number))
        shutil.rmtree(place)


def test_bad_copies_keep_it_from_beginning_empty(place, tmp_path):
    with open_store() as opened:
        add(opened.store, "kept")
    shutil.rmtree(place)
    (tmp_path / "bucket" / "results.db").write_bytes(b"x")
    (tmp_path / "bucket" / "results.db.previous").unlink(missing_ok=True)
    with pytest.raises(StoreError, match="no copy of it is good"):
        open_store()
    assert not (place / "results.db").exists()


def test_without_a_copy_nothing_is_copied_or_told(place, monkeypatch):
    monkeypatch.delenv("DATABASE_COPY")
    with open_store() as opened:
        assert opened.copies is None
        assert opened.notices == []


def test_a_database_by_its_url_is_not_copied(place, tmp_path):
    with open_store(f"sqlite:///{tmp_path / 'other.db'}") as opened:
        assert opened.copies is None
    assert list((tmp_path / "bucket").iterdir()) == []


def test_a_worker_copies_nothing(place, tmp_path):
    Store().close()
    assert list((tmp_path / "bucket").iterdir()) == []


def test_a_copy_that_fails_is_told_with_the_reason(place, tmp_path):
    opened = open_store()
    (tmp_path / "bucket").rename(tmp_path / "unmounted")
    add(opened.store, "new")
    opened.close()
    (told,) = opened.notices
    assert "has not been copied" in told
    assert "No such file" in told


def test_a_copy_on_a_disk_that_is_not_there_is_refused(place, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_COPY", str(tmp_path / "not mounted" / "results.db"))
    with pytest.raises(StoreError, match="no folder"):
        open_store()
    assert not place.exists()


def test_a_home_on_a_network_disk_is_told_and_kept_up_to_date(tmp_path, monkeypatch):
    for name in ("DATABASE_URL", "DATABASE_COPY"):
        monkeypatch.delenv(name, raising=False)
    home, local = tmp_path / "home", tmp_path / "local"
    local.mkdir()
    monkeypatch.setattr("results.location.user_data_dir", lambda *_, **__: str(home))
    monkeypatch.setattr(
        "results.location.find_problem", lambda path: "it is on nfs4" if path.is_relative_to(home) else None
    )
    monkeypatch.setattr("results.location.LASTING_FOLDER", local)
    with open_store() as opened:
        add(opened.store, "kept")
        (told,) = opened.notices
        assert "nfs4" in told
    shutil.rmtree(local)
    local.mkdir()
    with open_store() as opened:
        assert names(opened) == {"kept"}
