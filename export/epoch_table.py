"""Every epoch of an experiment as one table."""

import csv
from collections.abc import Sequence

from experiment.version import PROGRAM_AND_VERSION
from export.table_text import disarm
from results.curves import RunRecord
from results.records import CURVE_NAMES

KEY = ("variant", "seed", "epoch")
PROGRAM_COLUMN = "program"


def epoch_csv(records: Sequence[RunRecord]) -> str:
    """A line for each epoch of each run: variant, seed, epoch, the contract's names, and the program's version.

    As `export.table_text.as_csv` has it, but of many rows: pandas writes them.
    """
    import pandas as pd  # a quarter of a second that no first page should wait for

    frames = [
        pd.DataFrame(
            {"variant": disarm(r.run.variant), "seed": r.run.seed, "epoch": range(1, r.last_epoch + 1), **r.curves}
        )
        for r in records
    ]
    table = pd.concat(frames)[[*KEY, *CURVE_NAMES]].assign(**{PROGRAM_COLUMN: PROGRAM_AND_VERSION})
    return str(table.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC))
