"""How far the runs are, in words."""

import json

import numpy as np

from experiment.progress import measure
from experiment.spec import parse_experiment
from results.curves import RunRecord
from results.records import CURVE_NAMES
from tests.export.reports import make_run, make_stored
from ui import text
from ui.lab.progress_view import show_progress


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
