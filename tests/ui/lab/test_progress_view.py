"""How far the runs are, in words."""

import json
from html import escape
from typing import Any

import numpy as np

from experiment.progress import measure
from experiment.spec import parse_experiment
from results.curves import RunRecord
from results.records import CURVE_NAMES
from tests.export.reports import make_run, make_stored
from training.dispatch.turns import Place
from ui import text
from ui.lab.progress_view import say_place, show_progress


def test_when_it_starts_is_said_until_a_run_has_started() -> None:
    experiment, place = parse_experiment('{"seeds": [0, 1]}'), Place(3, 20.0, end=40.0)

    def shown(**first: Any) -> str:
        runs = [make_run(experiment, "baseline", seed) for seed in (0, 1)]
        waits = {"status": "queued", "started_at": None, "finished_at": None}
        stored = [make_stored(run, place, **waits | (first if place == 0 else {})) for place, run in enumerate(runs)]
        records = [RunRecord(run, {name: np.ones(0) for name in CURVE_NAMES}) for run in stored]
        return show_progress(experiment, records, measure(records, experiment.training.epochs, 1), place)

    told = escape(say_place(place))
    assert told in shown()
    assert told in shown(status="finished"), "a known run takes no worker"
    assert told not in shown(status="running", started_at=1.0), "its first epoch, perhaps its teachers', is under way"


def test_it_is_said_that_teachers_come_first_until_a_run_has_an_epoch() -> None:
    parts = {
        "variants": [{"name": "plain"}, {"name": "taught", "techniques": [{"name": "distillation"}]}],
        "seeds": [0],
    }
    experiment = parse_experiment(json.dumps(parts))

    def shown(plain: str, taught: str, epochs: int) -> str:
        records = []
        for place, (variant, status, seen) in enumerate((("plain", plain, 0), ("taught", taught, epochs))):
            run = make_stored(make_run(experiment, variant, 0), place, status=status)
            records.append(RunRecord(run, {name: np.ones(seen) for name in CURVE_NAMES}))
        return show_progress(experiment, records, measure(records, experiment.training.epochs, 1), None)

    assert text.TEACHING in shown("queued", "running", 0)
    assert text.TEACHING not in shown("queued", "running", 1)
    assert text.TEACHING not in shown("running", "queued", 0)
