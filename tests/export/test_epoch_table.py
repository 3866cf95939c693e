"""All epochs as CSV: pandas reads it back, and a spreadsheet runs nothing of it."""

from io import StringIO

import numpy as np
import pandas as pd

from export.epoch_table import epoch_csv
from results.curves import RunRecord
from results.records import CURVE_NAMES
from tests.export.reports import make_experiment, make_run, make_stored

NAMES = ("baseline", "=1+1", "-0.5", "@x", "a;=1+1", 'a, "b"', "'a", "＝1")


def test_it_comes_back_with_every_number_and_no_name_is_a_formula() -> None:
    experiment = make_experiment(NAMES, seeds=1)
    records = []
    for place, (variant, seed) in enumerate(experiment.runs()):
        curves = {name: np.array([-0.5, np.nan, 1e-300 + place]) for name in CURVE_NAMES}
        run = make_stored(make_run(experiment, variant, seed), place)
        records.append(RunRecord(run, curves))
    text = epoch_csv(records)
    read = pd.read_csv(StringIO(text), dtype={"variant": str})
    names = ["baseline", "'=1+1", "-0.5", "'@x", "a;=1+1", 'a, "b"', "'a", "'＝1"]
    assert list(read["variant"]) == [name for name in names for _ in range(3)]
    assert list(read["epoch"]) == [1, 2, 3] * len(NAMES)
    for place, record in enumerate(records):
        for name in CURVE_NAMES:
            np.testing.assert_array_equal(read[name][3 * place : 3 * place + 3], record.curves[name])
    assert '"a;=1+1",0,' in text, "no cell begins within a name where semicolons separate them"
