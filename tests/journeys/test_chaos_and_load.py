"""The scripts behind `make chaos` and `make load` still work: one kill, and a handful of visitors."""

from collections import Counter
from dataclasses import replace

import pytest

from benchmarks import chaos, load
from benchmarks.chaos import Ending, Outcome, is_clean, report, schedule, torment
from benchmarks.served.document import write_between
from benchmarks.served.faults import KILLS, OTHERS

SMALL = """{"training": {"epochs": 8, "batch_size": 4}, "seeds": [0, 1], "variants": [{"name": "a"},
 {"name": "b", "techniques": [{"name": "l2"}]}]}"""
ASKED_FOR = SMALL.replace('"batch_size": 4', '"batch_size": 4, "learning_rate": %f')
WATCHED = ASKED_FOR.replace('"epochs": 8', '"epochs": 100').replace("[0, 1]", "[0, 1, 2, 3, 4, 5]")
CLEAN = Ending(Counter(finished=4), unequal=0, lost=0, left=0)


def test_a_killed_worker_loses_nothing_and_its_runs_end_as_undisturbed_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(chaos, "EXPERIMENT", SMALL.replace('"epochs": 8', '"epochs": 40'))
    outcomes, ending = torment(["worker killed"], tmp_path, tmp_path / "results.db", seed=0, minutes=1)
    assert len(outcomes) == 1 and is_clean(outcomes, ending)
    assert ending.statuses.keys() == {"finished"} and ending.statuses["finished"] >= 8
    assert any(line.startswith("| worker killed | 1 | 0 | 0 | 0 |") for line in report(outcomes, ending))


def test_visitors_watch_and_train(tmp_path, monkeypatch):
    monkeypatch.setattr(load, "WATCHED", WATCHED)
    monkeypatch.setattr(load, "ASKED_FOR", ASKED_FOR)
    figures = load.measure(tmp_path, viewers=2, trainers=2, seconds=3, forgotten=0, minutes=0)
    assert [trainer.refusal for trainer in figures.trainers] == [None, None]
    assert all(trainer.charted is not None for trainer in figures.trainers)
    looks = [look for viewer in figures.viewers for look in viewer.road.looks]
    assert looks and {look.status for look in looks} <= {200, 204}, "curves come by their own road"
    assert len(figures.speeds) == 2 and figures.own.lateness
    assert all(moment["worker"].pss > 2e8 for moment in figures.memory), "two workers with TensorFlow"
    assert any(line.startswith("| worker |") for line in load.report(figures, 3))
    waves = replace(figures, later=[(number / 2, figures.memory[1]) for number in range(4, 124)])
    assert sum(" min |" in line for line in load.report(waves, 3)) == 10, "an hour in ten lines"


@pytest.mark.parametrize(
    ("outcome", "clean"),
    [
        (Outcome("worker killed", lost=0, left=0, failed=1, seconds=3.0), True),
        (Outcome("worker killed", lost=1, left=0, failed=0, seconds=3.0), False),
        (Outcome("worker killed", lost=0, left=1, failed=0, seconds=3.0), False),
        (Outcome("worker killed", lost=0, left=0, failed=0, seconds=None), False),
    ],
)
def test_what_counts_as_clean(outcome, clean):
    assert is_clean([outcome], CLEAN) is clean


def test_a_run_that_never_ends_is_not_clean():
    assert not is_clean([], Ending(Counter(finished=3, running=1), unequal=0, lost=0, left=0))


def test_two_hundred_kills_and_each_other_fault_ten_times_in_an_order_that_the_seed_decides():
    kinds = Counter(schedule(200, 0, small_disk=True))
    assert sum(kinds[kind] for kind in KILLS) == 200
    assert {kinds[kind] for kind in OTHERS} == {10}
    assert schedule(20, 1, small_disk=False) == schedule(20, 1, small_disk=False) != schedule(20, 2, small_disk=False)
    assert "disk full" not in schedule(20, 1, small_disk=False)


def test_figures_stand_between_their_markers(tmp_path):
    document = tmp_path / "document.md"
    document.write_text("before\n<!-- a -->\nold\n<!-- /a -->\nafter\n")
    write_between(document, "a", ["new"])
    assert document.read_text() == "before\n<!-- a -->\nnew\n<!-- /a -->\nafter\n"
    with pytest.raises(ValueError, match="no markers"):
        write_between(document, "b", ["new"])
