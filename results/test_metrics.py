"""What the models scored on the test rows: a table of its own, for showing only.

Nothing may be chosen by these numbers (a technique, an epoch, a ranking), so they are read nowhere else.
"""

from collections.abc import Mapping

from sqlalchemy import select

from results.records import nan_if_none
from results.run_keys import RECORDS
from results.schema import test_metrics
from results.store import Store

_COLUMNS = [RECORDS.c.run_id, *(test_metrics.c[name] for name in ("epoch", "test_loss", "test_accuracy"))]


def read_test_metrics(store: Store, experiment_id: str) -> Mapping[int, Mapping[int, tuple[float, float]]]:
    """Run id -> epoch -> (loss, accuracy) of the current attempts; runs that have not ended are missing.

    A loss that was not finite is NaN.
    """
    query = (
        select(*_COLUMNS)
        .join(RECORDS, (RECORDS.c.source_id == test_metrics.c.run_id) & (RECORDS.c.attempt == test_metrics.c.attempt))
        .where(RECORDS.c.experiment_id == experiment_id, test_metrics.c.epoch <= RECORDS.c.shown)
        .order_by(RECORDS.c.position, test_metrics.c.epoch)
    )
    metrics: dict[int, dict[int, tuple[float, float]]] = {}
    with store.reading() as connection:
        for run_id, epoch, loss, accuracy in connection.execute(query):
            metrics.setdefault(run_id, {})[epoch] = (nan_if_none(loss), nan_if_none(accuracy))
    return metrics
