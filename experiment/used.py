"""Runs that were not trained: what their provenance says of the run whose numbers they show."""

from collections.abc import Iterable

from experiment.spec import Experiment
from results.curves import RunRecord
from results.records import Run
from results.run_keys import USED


def is_used(run: Run) -> bool:
    """Whether the run shows the numbers of an equal one that was trained before."""
    return USED in (run.provenance or {})


def count_used(records: Iterable[RunRecord]) -> int:
    """How many of the runs were used."""
    return sum(is_used(record.run) for record in records)


def is_beginning(run: Run, experiment: Experiment) -> bool:
    """Whether those were trained for more epochs than are asked for here: then model and findings are another's."""
    return (epochs_trained(run) or 0) > experiment.training.epochs


def epochs_trained(run: Run) -> int | None:
    """For how many epochs those were trained; None where the run was trained itself."""
    used = (run.provenance or {}).get(USED)
    return used and int(used["epochs"])


def trained_at(run: Run) -> float | None:
    """When those were trained, in unix seconds; None where the run was trained itself."""
    used = (run.provenance or {}).get(USED)
    return used and float(used["trained_at"])
