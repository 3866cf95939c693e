"""What decides a run's numbers, as a text that is the same for equal runs and for no others."""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from experiment.spec import Experiment, Variant
from models.engine_rules import uses_xla
from models.plan import Plan
from results.records import RunKey


def run_key(
    experiment: Experiment, variant: Variant, seed: int, machine: Mapping[str, Any], *, anew: bool = False
) -> RunKey:
    """The key of a variant's run under a seed, trained on a machine (`experiment.machine.this_machine`).

    The rows (data set, how it is read, how many rows, label noise), the plan, the batch size, the seed and the machine
    are in it. The number of epochs is not, so that a shorter run is found in a longer one. Where a plan depends on that
    number, as with a learning rate that falls until the last epoch, the plans differ.
    """
    settings, dataset, plan = experiment.training, experiment.dataset_of(variant), experiment.plan(variant)
    steps = settings.epochs * -(-dataset.training_rows // settings.batch_size)
    decides = (
        dataset.model_dump(mode="json"),
        _digest(plan),
        uses_xla(plan, steps),
        settings.batch_size,
        seed,
        dict(machine),
    )
    text = json.dumps(decides, sort_keys=True, ensure_ascii=False)
    return RunKey(hashlib.sha256(text.encode()).hexdigest(), settings.epochs, anew)


@lru_cache(maxsize=1024)
def _digest(plan: Plan) -> str:
    return hashlib.sha256(repr(plan).encode()).hexdigest()
