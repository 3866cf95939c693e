"""Uploaded data: stored once, used by experiments, gone with the last of them."""

import hashlib

import pytest

from results.store import Store, StoreError
from results.uploads import purge_uploads, put_upload, read_upload, upload_name


@pytest.fixture
def use(store):
    """Adds an experiment that uses these files and returns its id."""

    def use(*uploads, now=100.0):
        return store.add_experiment("{}", "name", [], visitor="v", owner="o", now=now, uploads=uploads)

    return use


def test_a_file_is_found_by_its_sha256_after_a_restart(store, database_url):
    content = bytes(range(256)) * 40
    sha256 = put_upload(store, "mine.csv", content, 100.0)
    assert sha256 == hashlib.sha256(content).hexdigest()
    store.close()
    with Store(database_url) as again:
        assert read_upload(again, sha256) == content
        assert upload_name(again, sha256) == "mine.csv"
        assert (read_upload(again, "0" * 64), upload_name(again, "0" * 64)) == (None, None)


def test_the_same_content_is_stored_once_under_its_newest_name(store):
    first, second = put_upload(store, "a.csv", b"x,y", 100.0), put_upload(store, "b.csv", b"x,y", 200.0)
    assert first == second
    assert upload_name(store, first) == "b.csv"
    assert purge_uploads(store, 150.0) == 0
    assert purge_uploads(store, 250.0) == 1


def test_it_goes_with_the_last_experiment_that_uses_it(store, use):
    shared, other = put_upload(store, "a", b"a", 100.0), put_upload(store, "b", b"b", 100.0)
    first, second = use(shared), use(shared)
    store.delete_experiment(first, visitor="v")
    assert not store.delete_experiment(second, visitor="another")
    assert read_upload(store, shared) == b"a"
    store.delete_experiment(second, visitor="v")
    assert read_upload(store, shared) is None
    assert read_upload(store, other) == b"b"


def test_what_no_experiment_uses_goes_after_a_while(store, use):
    used, unused, new = (put_upload(store, name, name.encode(), t) for name, t in (("u", 1.0), ("o", 1.0), ("n", 9.0)))
    experiment = use(used)
    assert purge_uploads(store, 5.0) == 1
    assert [read_upload(store, sha256) for sha256 in (used, unused, new)] == [b"u", None, b"n"]
    store.purge(created_before=1_000.0)
    assert store.experiment(experiment) is None
    assert purge_uploads(store, 5.0) == 1
    assert read_upload(store, used) is None


def test_an_experiment_cannot_use_what_is_not_here(store, use):
    with pytest.raises(StoreError):
        use("0" * 64)
    assert store.experiments() == []
