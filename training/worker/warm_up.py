"""What a worker has compiled when it says that it is ready: the networks of the first visit."""

import time
from pathlib import Path

from datasets.split import make_split
from experiment.spec import parse_experiment
from training.worker.data import load
from training.worker.run import prepared_engine

FIRST_VISIT = Path(__file__).parents[2] / "examples" / "first_visit.json"

SECONDS = 6.0
"""After so many it is ready, whatever is left: on a machine that has compiled them before all take one or two."""


def compile_first_visit() -> None:
    """Compiles the variants of the first visit's experiment, or loads what XLA has in its cache.

    Not those of the other presets: a worker keeps few structures, and TensorFlow never gives back what each takes.
    """
    experiment, began = parse_experiment(FIRST_VISIT.read_bytes()), time.monotonic()
    for variant in experiment.variants:
        if time.monotonic() - began < SECONDS:
            dataset = experiment.dataset_of(variant)
            split = make_split(dataset, load(experiment.dataset), experiment.seeds[0])
            prepared_engine(experiment, variant, split)
