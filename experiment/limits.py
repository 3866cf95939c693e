"""What a host on the open internet allows. On one's own machine everything is allowed."""

import os
from dataclasses import dataclass, fields

from experiment.spec import Experiment, ExperimentError, Variant
from models.layer_facts import count_parameters

HOSTED_DEFAULTS = {
    "active_runs": 100,
    "parameters": 1_000_000,
    "row_epochs": 30_000_000,
    "days_kept": 14,
    "upload_bytes": 5_000_000,
}


class LimitsError(ValueError):
    """A limit in the environment is no positive whole number."""


@dataclass(frozen=True)
class Limits:
    """None: no limit.

    Attributes:
        active_runs: queued and running runs of one visitor.
        parameters: weights of one network.
        row_epochs: rows x epochs x variants x seeds of one experiment, times an ensemble's members; see `row_epochs`.
        days_kept: experiments older than that are deleted.
        upload_bytes: size of a file of one's own data.
    """

    active_runs: int | None = None
    parameters: int | None = None
    row_epochs: int | None = None
    days_kept: int | None = None
    upload_bytes: int | None = None

    def check(self, experiment: Experiment, active_runs: int) -> None:
        """Refuses what is over a limit.

        Args:
            experiment: that is asked for, with all its seeds.
            active_runs: of the visitor, with those that are asked for.

        Raises:
            ExperimentError: naming each limit that is exceeded.
        """
        asked = {
            "active_runs": active_runs,
            "parameters": max(count_parameters(experiment.plan(v)) for v in experiment.variants),
            "row_epochs": sum(row_epochs(experiment, v) for v in experiment.variants) * len(experiment.seeds),
        }
        texts = {
            "active_runs": "queued and running runs for one visitor",
            "parameters": "parameters in a network",
            "row_epochs": "training rows (others count a quarter) × epochs × variants × seeds",
        }
        over = [
            f"{texts[key]}: {value:,} asked for; this host allows {limit:,}"
            for key, value in asked.items()
            if (limit := getattr(self, key)) is not None and value > limit
        ]
        if over:
            raise ExperimentError("\n".join(over))


def row_epochs(experiment: Experiment, variant: Variant) -> int:
    """Rows that a run of a variant goes through, each member of an ensemble counted.

    Rows for validation and test count a quarter: they are only evaluated, while a training row goes forward, backward
    (twice as much) and is evaluated too. Large data sets hold out 10,000 of them, however few are trained on.
    """
    dataset = experiment.dataset_of(variant)
    rows = dataset.training_rows + 2 * dataset.held_out // 4
    return rows * experiment.training.epochs * experiment.plan(variant).members


def is_hosted() -> bool:
    """Whether this server is open to the public (`HOSTED=1`)."""
    return os.environ.get("HOSTED", "") == "1"


def limits_from_environment() -> Limits:
    """None of them on one's own machine; with `HOSTED=1` the defaults, or `LIMIT_<NAME>` where it is set.

    Raises:
        LimitsError: naming the variable and what is allowed.
    """
    if not is_hosted():
        return Limits()
    values = {}
    for field in fields(Limits):
        variable = f"LIMIT_{field.name.upper()}"
        text = os.environ.get(variable) or str(HOSTED_DEFAULTS[field.name])
        if not text.isdecimal() or int(text) < 1:
            raise LimitsError(f'{variable} is "{text}"; allowed: a whole number from 1')
        values[field.name] = int(text)
    return Limits(**values)
