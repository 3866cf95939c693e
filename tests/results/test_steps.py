"""Steps of Live in the store."""

from results.steps import note_step, read_steps


def add(store, after=None, compared=None):
    identifier = store.add_experiment("{}", "n", [], visitor="v", owner="o", now=1.0)
    if after:
        note_step(store, identifier, previous_id=after, compared_id=compared or after)
    return identifier


def ids(store, identifier, **options):
    return [step.experiment.id for step in read_steps(store, identifier, **options)]


def test_a_history_goes_back_to_its_beginning(store):
    first = add(store)
    second = add(store, first)
    third = add(store, second, first)
    other = add(store, second)
    assert ids(store, third) == [first, second, third]
    assert ids(store, other) == [first, second, other]
    assert ids(store, first) == [first]
    assert ids(store, "unknown") == []
    assert [step.compared_id for step in read_steps(store, third)] == [None, first, first]
    assert ids(store, third, most=2) == [second, third]


def test_a_deleted_step_cuts_off_those_before(store):
    first = add(store)
    second = add(store, first)
    third = add(store, second)
    assert store.delete_experiment(second, visitor="v")
    assert ids(store, third) == [third]


def test_a_history_may_begin_at_a_recorded_example(store):
    first = add(store, "preset:first_visit")
    assert ids(store, first) == [first]
    assert read_steps(store, first)[0].compared_id == "preset:first_visit"
