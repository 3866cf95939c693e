"""Keras's `summary()` of a variant's model, said by a worker, for processes without Keras."""

from functools import lru_cache

from distributed import Future

from models.plan import count_parameters
from training.cluster import ClusterError
from training.experiment import Experiment, Variant
from training.queue import Queue
from training.task import summarize_model

TOO_LARGE = "{weights:,} parameters in a network; this host allows {limit:,}"


class SummaryError(Exception):
    """The worker could not build the model, or is gone; `forget` it to ask anew."""


def model_summary(queue: Queue, experiment: Experiment, variant: Variant) -> str | None:
    """The summary, or None while no worker has said it: ask again later. The same model is built once.

    Raises:
        SummaryError: the network is larger than this host allows; else with the worker's reason.
    """
    weights, limit = count_parameters(experiment.plan(variant)), queue.limits.parameters
    if limit is not None and weights > limit:
        raise SummaryError(TOO_LARGE.format(weights=weights, limit=limit))
    # Only what decides the model, so that whoever asks for the same one gets the same answer.
    parts = {"name": "", "variants": (variant,), "seeds": (0,)}
    spec = experiment.model_copy(update=parts).model_dump_json(exclude_defaults=True)
    try:
        future = _ask(queue, spec, variant.name)
    except ClusterError:  # no worker is ready yet
        return None
    if not future.done():
        return None
    if future.status == "finished":
        return _result(future)
    raise SummaryError(str(future.exception()) if future.status == "error" else future.status)


def forget() -> None:
    """The next questions are asked anew."""
    _ask.cache_clear()


@lru_cache(maxsize=64)
def _ask(queue: Queue, spec: str, variant: str) -> Future:
    return queue.ask(summarize_model, spec, variant)


@lru_cache(maxsize=64)
def _result(future: Future) -> str:
    return str(future.result())
