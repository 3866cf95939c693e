"""What decides a run's numbers, as a text that is the same for equal runs and for no others."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from experiment.spec import Experiment, Variant
from models.engine_rules import uses_xla
from results.records import RunKey


def run_keys(
    experiment: Experiment, runs: Iterable[tuple[str, int]], machine: Mapping[str, Any], *, anew: bool = False
) -> dict[tuple[str, int], RunKey]:
    """(variant, seed) -> key of its run, trained on a machine (`experiment.machine.this_machine`).

    The rows (data set, how it is read, how many rows, label noise), the plan, the batch size, the seed and the machine
    are in it. The number of epochs is not, so that a shorter run is found in a longer one. Where a plan depends on that
    number, as with a learning rate that falls until the last epoch, the plans differ; where teachers are trained for as
    many epochs first, it is in the key.
    """
    decided = {variant.name: describe_training(experiment, variant) for variant in experiment.variants}
    common, epochs = json.dumps(machine, sort_keys=True), experiment.training.epochs
    return {
        (variant, seed): RunKey(_digest(f"{common}\n{decided[variant]}\n{seed}"), epochs, anew)
        for variant, seed in runs
    }


def describe_training(experiment: Experiment, variant: Variant) -> str:
    """What decides the numbers of all runs of a variant, whatever it is called."""
    plan = experiment.plan(variant)
    rows = json.dumps(experiment.dataset_of(variant).model_dump(mode="json"), sort_keys=True)
    # Teachers are trained for all epochs of the run: those of a shorter run are others.
    taught = f"\n{experiment.training.epochs}" if plan.teachers else ""
    return f"{rows}\n{plan!r}\n{is_compiled(experiment, variant)}\n{experiment.training.batch_size}{taught}"


def is_compiled(experiment: Experiment, variant: Variant) -> bool:
    """Whether XLA compiles the runs of a variant."""
    return uses_xla(experiment.plan(variant), experiment.steps(variant))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
