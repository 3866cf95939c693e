"""Every epoch of an experiment as one table."""

from collections.abc import Sequence

import pandas as pd

from experiment.version import PROGRAM_AND_VERSION
from results.curves import RunRecord
from results.records import CURVE_NAMES

KEY = ("variant", "seed", "epoch")
PROGRAM_COLUMN = "program"


def epoch_table(records: Sequence[RunRecord]) -> pd.DataFrame:
    """A row for each epoch of each run: variant, seed, epoch, the contract's names, and the program's version."""
    frames = [
        pd.DataFrame({"variant": r.run.variant, "seed": r.run.seed, "epoch": range(1, r.last_epoch + 1), **r.curves})
        for r in records
    ]
    return pd.concat(frames)[[*KEY, *CURVE_NAMES]].assign(**{PROGRAM_COLUMN: PROGRAM_AND_VERSION})
