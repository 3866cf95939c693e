"""Whose turn it is: visitors are served by what they were served, and a page can tell when its turn comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.records import Run, WaitingRun
from training.dispatch.queue import choose
from training.dispatch.turns import (
    FORESEEN_RUNS,
    LONG_SECONDS,
    SECONDS_UNTIL_HALF_IS_FORGOTTEN,
    Pace,
    Place,
    Turns,
    Underway,
    foresee,
    short_ones,
)

Waiting = tuple[str, str, float]


def waiting_run(number: int, experiment: str, visitor: str, seconds: float) -> WaitingRun:
    run = Run(
        id=number, experiment_id=experiment, variant="a", seed=0, position=number, status="queued", message=None,
        owner="o", attempt=1, heartbeat=0.0, created_at=0.0, started_at=None, finished_at=None, setup_seconds=None,
        ended_by=None, provenance=None,
    )  # fmt: skip
    return WaitingRun(run, visitor, seconds)


def runs(*entries: Waiting) -> list[WaitingRun]:
    return [waiting_run(number, *entry) for number, entry in enumerate(entries)]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_was_served_is_half_forgotten_after_ten_minutes() -> None:
    turns = Turns(clock := Clock())
    turns.serve("ann", 40.0)
    assert turns.served([("ann", 2.0), ("bob", 5.0)]) == {"ann": 42.0, "bob": 5.0}
    clock.now = SECONDS_UNTIL_HALF_IS_FORGOTTEN
    assert turns.served([])["ann"] == pytest.approx(20.0)
    turns.serve("ann", 10.0)
    clock.now = 2 * SECONDS_UNTIL_HALF_IS_FORGOTTEN
    assert turns.served([])["ann"] == pytest.approx(15.0)


def test_the_machines_speed_is_the_median_of_the_last_runs() -> None:
    turns = Turns(Clock())
    assert turns.factor() == 1.0
    assert turns.factor(unknown=3.0) == 3.0
    for taken in (2.0, 30.0, 4.0):
        turns.note_speed(2.0, taken)
    turns.note_speed(0.0, 99.0)
    assert turns.factor(unknown=3.0) == 2.0


def test_a_run_in_training_tells_how_fast_the_machine_is_and_when_its_worker_is_free() -> None:
    # 10 s were estimated. It has taken 20 s, and by the pace of its epochs 60 s are left: eight times as long.
    slow = Underway(10.0, 20.0, 60.0)
    assert (slow.speed, slow.seconds_left(1.0)) == (8.0, 60.0)
    fresh = Underway(10.0, 4.0, None)
    assert (fresh.speed, fresh.seconds_left(2.0), fresh.seconds_left(0.1)) == (None, 16.0, 0.0)
    turns = Turns(Clock())
    assert turns.factor([slow, fresh]) == 8.0
    turns.note_speed(1.0, 2.0)
    turns.note_speed(1.0, 3.0)
    assert turns.factor([slow]) == 3.0


def test_what_comes_before_the_first_epoch_is_no_part_of_the_pace() -> None:
    pace = Pace()
    pace.note(0.0, 10.0)
    pace.note(0.01, 50.0)  # 50 s of tracing and teachers
    pace.note(0.05, 52.0)
    assert pace.left is None, "too little to tell"
    pace.note(0.11, 55.0)  # 0.1 in 5 s
    assert pace.left == pytest.approx(0.89 * 50)
    pace.note(1.0, 99.5)
    assert pace.left == 0.0


def test_a_place_by_hand() -> None:
    # One worker, free in 3 s. Ann was served 10 s, Bob nothing: Bob's two runs of 4 s come first, then Ann's (10 < 8 is
    # false, but 8 < 10: Bob's third, of 4 s, too).
    queue = runs(("a", "ann", 5.0), ("b", "bob", 4.0), ("b", "bob", 4.0), ("b", "bob", 4.0), ("c", "cleo", 1.0))
    assert foresee(queue, {"ann": 10.0, "cleo": 5.0}, {}, [3.0]) == {
        "b": Place(0, 3.0, end=3.0 + 12.0 + 1.0),
        "c": Place(2, 3.0 + 4.0 + 4.0, end=3.0 + 4.0 + 4.0 + 1.0),
        "a": Place(4, 3.0 + 12.0 + 1.0, end=3.0 + 12.0 + 1.0 + 5.0),
    }
    assert foresee(queue, {"ann": 10.0, "cleo": 5.0}, {}, [3.0, 0.0])["b"].seconds == 0.0
    assert foresee([], {}, {}, []) == {}


def test_what_is_too_far_is_said_to_be_beyond() -> None:
    queue = runs(*[("a", "ann", 1.0)] * (FORESEEN_RUNS + 5), ("b", "bob", 1.0))
    assert foresee(queue, {"bob": 1e6}, {}, [0.0])["b"] == Place(FORESEEN_RUNS, float(FORESEEN_RUNS), beyond=True)
    assert foresee(queue, {"bob": 1e6}, {}, [0.0])["a"].end is None


entries = st.tuples(st.sampled_from("abcd"), st.floats(0.5, 30.0))


@given(st.lists(entries, min_size=1, max_size=25), st.dictionaries(st.sampled_from("xy"), st.floats(0, 60)))
def test_the_place_is_when_the_queues_own_rule_comes_to_it(
    queue: list[tuple[str, float]], served: dict[str, float]
) -> None:
    """One worker that takes what `choose` says, again and again, starts each experiment when it was foreseen."""
    owner = {"a": "x", "b": "x", "c": "y", "d": "z"}
    waiting = runs(*((experiment, owner[experiment], seconds) for experiment, seconds in queue))
    foreseen = foresee(waiting, served, {}, [0.0])
    seconds, order, now, began, ended = {**dict.fromkeys("xyz", 0.0), **served}, {}, 0.0, {}, {}
    for before in range(len(waiting)):
        visitors = {experiment: seconds[visitor] for experiment, visitor in owner.items()}
        run = choose([one.run for one in waiting], order, set(), set(), visitors)
        assert run is not None
        taken = next(one for one in waiting if one.run is run)
        began.setdefault(run.experiment_id, (before, pytest.approx(now)))
        waiting.remove(taken)
        now += taken.seconds
        seconds[taken.visitor] += taken.seconds
        order[run.experiment_id] = before + 1
        ended[run.experiment_id] = pytest.approx(now)
    assert {key: (place.runs_before, place.seconds) for key, place in foreseen.items()} == began
    assert {key: place.end for key, place in foreseen.items()} == ended


def test_long_runs_are_told_by_the_machines_own_speed() -> None:
    queue = runs(("a", "ann", LONG_SECONDS), ("b", "bob", LONG_SECONDS + 1))
    assert [run.experiment_id for run in short_ones(queue, 1.0)] == ["a"]
    assert short_ones(queue, 1.1) == []
    assert len(short_ones(queue, 0.5)) == 2
