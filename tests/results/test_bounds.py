"""What goes first where too much is stored, and what stays."""

import pytest

from results.bounds import SECONDS_A_LOOK_PROTECTS, Scope, count_active_runs, make_room, note_look, own_upload
from results.uploads import put_upload, upload_name

NOW = 1e6
LONG_AGO = NOW - 2 * SECONDS_A_LOOK_PROTECTS


@pytest.fixture
def add(store):
    """A function that stores an ended experiment whose run left so many bytes."""

    def add(name, now, *, visitor="ann", address="here", size=0, ended=True, uploads=()):
        identifier = store.add_experiment(
            "{}", name, [("a", 0)], visitor=visitor, owner="o", now=now, address=address, uploads=uploads
        )
        (run,) = store.runs(identifier)
        store.start(run.id, 1, {}, now)
        if ended:
            store.finish(run.id, 1, "finished", artifacts={"model": (1, bytes(size))}, now=now)
        return identifier

    return add


def names(store):
    return {summary.name for summary in store.experiments()}


def test_what_was_looked_at_least_recently_goes_first(store, add):
    add("old", LONG_AGO)
    looked_at = add("looked at", LONG_AGO - 5)
    add("older", LONG_AGO - 10)
    note_look(store, looked_at, LONG_AGO + 1)
    assert make_room(store, Scope("ann"), 2, None, NOW)
    assert names(store) == {"old", "looked at"}
    assert make_room(store, Scope("ann"), 1, None, NOW)
    assert names(store) == {"looked at"}


def test_what_trains_or_is_looked_at_stays_even_if_it_is_too_much(store, add):
    add("training", LONG_AGO, ended=False)
    add("looked at", NOW - SECONDS_A_LOOK_PROTECTS / 2)
    assert not make_room(store, Scope(), 1, None, NOW)
    assert names(store) == {"training", "looked at"}


def test_a_scope_leaves_others_alone(store, add):
    for number, (visitor, address) in enumerate((("ann", "here"), ("bob", "here"), ("cleo", "there"))):
        add(visitor, LONG_AGO + number, visitor=visitor, address=address)
    assert make_room(store, Scope(visitor="bob"), 0, None, NOW)
    assert names(store) == {"ann", "cleo"}
    assert make_room(store, Scope(address="here"), 0, None, NOW)
    assert names(store) == {"cleo"}
    assert make_room(store, Scope(), 0, None, NOW)
    assert names(store) == set()


def test_models_and_files_count_as_bytes_and_unused_files_go_before_experiments(store, add):
    used, unused = (put_upload(store, name, bytes([number]) * 1000, LONG_AGO) for number, name in enumerate(("u", "n")))
    for sha256 in (used, unused):
        own_upload(store, sha256, "ann", "here")
        own_upload(store, sha256, "ann", "here")
    add("on a file", LONG_AGO, size=500, uploads=[used])
    add("large", LONG_AGO + 1, size=700)
    assert make_room(store, Scope("ann"), None, 3200, NOW), "exactly within"
    assert upload_name(store, unused) == "n"
    assert make_room(store, Scope("ann"), None, 3199, NOW)
    assert (upload_name(store, unused), names(store)) == (None, {"on a file", "large"})
    assert make_room(store, Scope("ann"), None, 2199, NOW)
    assert (upload_name(store, used), names(store)) == (None, {"large"}), "a file goes with its last experiment"
    assert not make_room(store, Scope("ann"), None, 0, 0.0), "nothing is that old"


def test_a_file_is_whose_brought_it_along(store, add):
    sha256 = put_upload(store, "shared", b"x" * 1000, LONG_AGO)
    for visitor, address in (("ann", "here"), ("bob", "there")):
        own_upload(store, sha256, visitor, address)
    for scope in (Scope("ann"), Scope("bob"), Scope(address="here"), Scope()):
        assert make_room(store, scope, None, 1000, NOW), scope
    assert make_room(store, Scope("cleo"), None, 0, NOW)


def test_active_runs_are_counted_for_each_scope(store, add):
    add("1", 1.0, ended=False)
    add("2", 1.0)
    add("3", 1.0, visitor="bob", ended=False)
    add("4", 1.0, visitor="cleo", address="there", ended=False)
    scopes = (Scope("ann"), Scope("bob"), Scope(address="here"), Scope(), Scope("nobody"))
    assert [count_active_runs(store, scope) for scope in scopes] == [1, 1, 2, 3, 0]
