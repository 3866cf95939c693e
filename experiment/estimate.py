"""How long an experiment will take: a model of the work, times what this machine's finished runs took for theirs."""

from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from math import prod
from statistics import median

from datasets.uploads import UploadedFiles
from experiment.spec import Experiment, ExperimentError, Variant, parse_experiment
from models.layer_facts import block_rows, count_operations, count_parameters, measure_layers
from models.plan import Call, Plan
from results.speed import FinishedRun

SECONDS_PER_OPERATION = 1 / 110e9
"""Of a matrix product on one core (docs/decisions/0023)."""
SECONDS_PER_LAYER_AND_STEP = 3e-6
SECONDS_PER_OPERATION_OF_IMAGES = 1 / 75e9
SECONDS_PER_LAYER_AND_STEP_OF_IMAGES = 20e-6
"""Of convolutional nets, which XLA does not compile."""
SECONDS_PER_LAYER_TRACED = 0.045
SECONDS_PER_NUMBER_CHANGED = 4e-8
"""Of one layer that changes training images, for each of their numbers in each epoch."""
LAYERS_IN_A_DRAW = 3
"""RandAugment computes all of its eleven operations for each that it draws, which takes as long as so many layers."""
SECONDS_PER_DRAW_TRACED = 1.5
SECONDS_PER_EPOCH = 0.5e-3
"""What Python and the store take of each epoch."""
SECONDS_PER_RUN = 0.2
"""Data, initial weights, findings, the model's file, and the way to the worker and back."""

COPIES_OF_WEIGHTS = 16
COPIES_OF_ROWS = 3
"""Of training rows: as they are, in the order of an epoch, and changed by augmentation."""


def run_seconds(experiment: Experiment, variant: Variant, epochs: int | None = None) -> float:
    """Seconds of one run's epochs (all of them unless told otherwise) on the machine that the constants are from.

    Teachers are trained first, for all epochs whatever the run's own are. What they say of the training rows is asked
    for once, or in each epoch where the rows change.
    """
    plan, dataset = experiment.plan(variant), experiment.dataset_of(variant)
    train, whole = dataset.training_rows, experiment.training.epochs
    own = (epochs or whole) * _epoch_seconds(experiment, variant, plan)
    if plan.teachers is None:
        return own
    asked = (epochs or whole) if plan.changes_rows else 1
    asking = asked * train * count_operations(plan.teachers) * _speed(experiment, variant)[1]
    return whole * _epoch_seconds(experiment, variant, plan.teachers) + asking + own


def _epoch_seconds(experiment: Experiment, variant: Variant, plan: Plan) -> float:
    """Seconds of an epoch of a variant's plan, or of its teachers'."""
    dataset = experiment.dataset_of(variant)
    train, judged = dataset.training_rows, dataset.judged_rows + 2 * dataset.held_out
    steps = -(-train // experiment.training.batch_size)
    per_layer, per_operation = _speed(experiment, variant)
    layers = plan.gradients * plan.members * len(plan.layers) * steps * per_layer
    # A gradient takes three times the forward pass, and some steps take two of them; every epoch also evaluates rows.
    products = count_operations(plan) * (3 * plan.gradients * train + judged) * per_operation
    changing = sum(LAYERS_IN_A_DRAW * _draws(layer) or 1 for _, layer in plan.augmentation)
    changes = changing * train * prod(plan.input_shape) * SECONDS_PER_NUMBER_CHANGED
    return layers + products + changes + SECONDS_PER_EPOCH


def _speed(experiment: Experiment, variant: Variant) -> tuple[float, float]:
    """Seconds of a layer in a step, and of an operation."""
    if experiment.architecture_of(variant).convolutional:
        return SECONDS_PER_LAYER_AND_STEP_OF_IMAGES, SECONDS_PER_OPERATION_OF_IMAGES
    return SECONDS_PER_LAYER_AND_STEP, SECONDS_PER_OPERATION


def setup_seconds(experiment: Experiment, variant: Variant) -> float:
    """Seconds for tracing a variant, which every worker does once."""
    plans = experiment.plan(variant).trained
    draws = sum(_draws(layer) for plan in plans for _, layer in plan.augmentation)
    layers = sum(plan.gradients * len(plan.layers) for plan in plans)
    return layers * SECONDS_PER_LAYER_TRACED + draws * SECONDS_PER_DRAW_TRACED


def _draws(layer: Call) -> int:
    """Operations that RandAugment draws in a row; 0 of every other layer."""
    return int(layer.get("num_ops", 0))


def whole_run_seconds(experiment: Experiment, variant: Variant) -> float:
    """Seconds that one run holds a worker, with its tracing, on the machine that the constants are from."""
    return run_seconds(experiment, variant) + setup_seconds(experiment, variant) + SECONDS_PER_RUN


def run_bytes(experiment: Experiment, variant: Variant) -> float:
    """Bytes of memory that a run takes beyond what TensorFlow takes by itself, on the safe side.

    Backpropagation keeps the outputs of all layers for a batch; an evaluation holds two layers' outputs for a block of
    rows; of each weight there are the gradient, the optimizer's and others (docs/reliability.md has measurements).
    """
    plan, dataset = experiment.plan(variant), experiment.dataset_of(variant)
    outputs = [prod(size.shape) for size in measure_layers(plan).values()]
    batch = min(experiment.training.batch_size, dataset.training_rows)
    judged = block_rows(plan) * sum(sorted(outputs)[-2:])
    rows = dataset.training_rows * COPIES_OF_ROWS + dataset.judged_rows + 2 * dataset.held_out
    members = sum(trained.members for trained in plan.trained)
    numbers = batch * sum(outputs) * members + judged + rows * prod(plan.input_shape)
    return 4.0 * (numbers + COPIES_OF_WEIGHTS * sum(map(count_parameters, plan.trained)))


def machine_factor(finished: Sequence[FinishedRun], uploads: UploadedFiles | None = None) -> float | None:
    """How many times longer than the constants say runs take here: the median of finished runs; None without any."""
    factors = []
    for run in finished:
        with suppress(ExperimentError):  # its uploaded data is gone
            experiment = parse_experiment(run.spec, uploads, stored=True)
            factors.append(run.seconds / run_seconds(experiment, experiment.variant(run.variant), run.epochs))
    return median(factors) if factors else None


def estimate_seconds(experiment: Experiment, runs: Collection[tuple[str, int]], workers: int, factor: float) -> float:
    """Seconds until the last of these runs, as (variant, seed), ends, if all workers have nothing else to do.

    Early stopping may end it sooner.
    """
    if not runs:
        return 0.0
    trained = Counter(variant for variant, _ in runs)
    variants = {name: experiment.variant(name) for name in trained}
    seconds = sum(
        count * (run_seconds(experiment, variants[name]) + SECONDS_PER_RUN) for name, count in trained.items()
    )
    setup = sum(setup_seconds(experiment, variant) for variant in variants.values())
    return factor * (setup + seconds / min(workers, len(runs)))
