"""The envelope and the seeds that are added: who may, when, and what stays as it was."""

from results.envelope import open_envelope, opened_at
from results.records import Run


def finish(store, runs: list[Run]) -> None:
    for run in runs:
        store.start(run.id, 1, {}, 101.0)
        store.finish(run.id, 1, "finished", now=102.0)


def test_only_the_owner_opens_it_once_all_runs_have_ended_and_it_stays_open(store, add_runs):
    runs = add_runs(2, visitor="ann")
    identifier = runs[0].experiment_id
    assert not open_envelope(store, identifier, visitor="ann", now=103.0), "runs are queued"
    finish(store, runs)
    assert not open_envelope(store, identifier, visitor="bob", now=104.0)
    assert opened_at(store, identifier) is None
    assert open_envelope(store, identifier, visitor="ann", now=105.0)
    assert open_envelope(store, identifier, visitor="bob", now=106.0), "it is open for everybody"
    assert opened_at(store, identifier) == 105.0
    assert not open_envelope(store, "unknown", visitor="ann", now=107.0)
    store.delete_experiment(identifier, visitor="ann")
    assert opened_at(store, identifier) is None


def test_it_stays_closed_where_no_run_has_finished(store, add_runs):
    identifier = add_runs(2, visitor="ann")[0].experiment_id
    store.cancel(identifier, visitor="ann", now=103.0)
    assert not open_envelope(store, identifier, visitor="ann", now=104.0), "there is nothing in it, and it is for good"
    assert opened_at(store, identifier) is None


def test_added_seeds_come_behind_the_others_and_are_queued_for_their_owner(store, add_runs):
    runs = add_runs(2, visitor="ann")
    before = store.experiment(runs[0].experiment_id)
    added = [("baseline", 7), ("baseline", 9)]
    assert store.extend_experiment(before, '{"more":1}', added, visitor="ann", owner="server 2", now=200.0)
    after = store.runs(before.id)
    assert after[:2] == runs
    assert [(run.seed, run.position, run.status, run.owner, run.created_at) for run in after[2:]] == [
        (7, 2, "queued", "server 2", 200.0),
        (9, 3, "queued", "server 2", 200.0),
    ]
    assert store.experiment(before.id).spec == '{"more":1}'


def test_seeds_are_added_by_the_owner_to_what_they_saw_or_not_at_all(store, add_runs):
    before = store.experiment(add_runs(1, visitor="ann")[0].experiment_id)
    added = [("baseline", 7)]
    assert not store.extend_experiment(before, "{}", added, visitor="bob", owner="o", now=200.0)
    assert store.extend_experiment(before, '{"a":1}', added, visitor="ann", owner="o", now=200.0)
    again = store.extend_experiment(before, '{"b":1}', [("baseline", 8)], visitor="ann", owner="o", now=201.0)
    assert not again, "another window was first"
    assert [run.seed for run in store.runs(before.id)] == [0, 7]
    assert store.experiment(before.id).spec == '{"a":1}'
