"""What a host on the open internet allows. On one's own machine everything is allowed."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from experiment.estimate import run_bytes, whole_run_seconds
from experiment.spec import Experiment, ExperimentError
from models.layer_facts import count_parameters
from wording.language import _, say_later

HOSTED_DEFAULTS = {
    "active_runs": 100,
    "address_active_runs": 2_000,
    "total_active_runs": 5_000,
    "experiments": 200,
    "address_experiments": 4_000,
    "total_experiments": 10_000,
    "stored_bytes": 100_000_000,
    "address_stored_bytes": 1_000_000_000,
    "total_stored_bytes": 4_000_000_000,
    "parameters": 1_000_000,
    "run_seconds": 600,
    "experiment_seconds": 7_200,
    "run_bytes": 1_500_000_000,
    "days_kept": 14,
    "upload_bytes": 5_000_000,
}
"""Generous for an address: a class of 60 sits behind one."""

RUN_SECONDS_OF_ONE_WORKER = 30
"""With a single worker a long run would keep everybody waiting, so there the default for a run is this."""


class LimitsError(ValueError):
    """A limit in the environment is no positive whole number."""


@dataclass(frozen=True)
class Limits:
    """None: no limit.

    Attributes:
        active_runs: queued and running runs of one visitor.
        address_active_runs: of all visitors from one address.
        total_active_runs: of all visitors.
        experiments: stored ones of one visitor; beyond it the least recently looked at goes.
        address_experiments: of all visitors from one address.
        total_experiments: of all visitors.
        stored_bytes: files and models of one visitor; beyond it the least recently looked at goes.
        address_stored_bytes: of all visitors from one address.
        total_stored_bytes: of all visitors.
        parameters: weights of one network.
        run_seconds: estimated seconds of one run; a run that takes twice as long is ended.
        experiment_seconds: estimated seconds of all runs of an experiment on one worker.
        run_bytes: estimated memory of one run.
        days_kept: experiments older than that are deleted.
        upload_bytes: size of a file of one's own data.
    """

    active_runs: int | None = None
    address_active_runs: int | None = None
    total_active_runs: int | None = None
    experiments: int | None = None
    address_experiments: int | None = None
    total_experiments: int | None = None
    stored_bytes: int | None = None
    address_stored_bytes: int | None = None
    total_stored_bytes: int | None = None
    parameters: int | None = None
    run_seconds: int | None = None
    experiment_seconds: int | None = None
    run_bytes: int | None = None
    days_kept: int | None = None
    upload_bytes: int | None = None

    def find_excesses(self, asked: Mapping[str, float]) -> dict[str, str]:
        """Which limits are exceeded: the limit's name -> a sentence with what was asked for and what is allowed."""
        limits = {key: getattr(self, key) for key in asked}
        return {
            key: _("{what}: {asked:,} asked for; this host allows {limit:,}").format(
                what=_(TEXTS[key]), asked=math.ceil(value), limit=limits[key]
            )
            for key, value in asked.items()
            if limits[key] is not None and value > limits[key]
        }

    def measure(self, experiment: Experiment) -> dict[str, float]:
        """What an experiment asks for, under the names of the limits; nothing where there are none."""
        if self == Limits():
            return {}
        seconds = [whole_run_seconds(experiment, variant) for variant in experiment.variants]
        return {
            "parameters": max(count_parameters(p) for v in experiment.variants for p in experiment.plan(v).trained),
            "run_seconds": max(seconds),
            "experiment_seconds": sum(seconds) * len(experiment.seeds),
            "run_bytes": max(run_bytes(experiment, variant) for variant in experiment.variants),
        }

    def check(self, experiment: Experiment) -> None:
        """Refuses an experiment that is over a limit.

        Raises:
            ExperimentError: naming each limit that is exceeded.
        """
        if over := self.find_excesses(self.measure(experiment)):
            raise ExperimentError("\n".join(over.values()))


TEXTS = {
    "active_runs": say_later("queued and running runs for one visitor"),
    "address_active_runs": say_later("queued and running runs for all visitors from one address"),
    "total_active_runs": say_later("queued and running runs on this server"),
    "parameters": say_later("parameters in a network"),
    "run_seconds": say_later("estimated seconds of a run"),
    "experiment_seconds": say_later("estimated seconds of all runs together, on one worker"),
    "run_bytes": say_later("estimated bytes of memory for a run"),
}
"""What is refused. Of what is stored beyond a bound, the least recently looked at goes instead."""


def is_hosted() -> bool:
    """Whether this server is open to the public (`HOSTED=1`)."""
    return os.environ.get("HOSTED", "") == "1"


def limits_from_environment(workers: int = 2) -> Limits:
    """None of them on one's own machine; with `HOSTED=1` the defaults, or `LIMIT_<NAME>` where it is set.

    Args:
        workers: how many runs this host trains at once.

    Raises:
        LimitsError: naming the variable and what is allowed.
    """
    if not is_hosted():
        return Limits()
    values = {}
    defaults = HOSTED_DEFAULTS | ({"run_seconds": RUN_SECONDS_OF_ONE_WORKER} if workers == 1 else {})
    for field in fields(Limits):
        variable = f"LIMIT_{field.name.upper()}"
        text = os.environ.get(variable) or str(defaults[field.name])
        if not text.isdecimal() or int(text) < 1:
            raise LimitsError(f'{variable} is "{text}"; allowed: a whole number from 1')
        values[field.name] = int(text)
    return Limits(**values)
