"""What a server process has once: the store, the queue, the curves in memory, and analysis cached for all viewers."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import streamlit as st

from analysis.summary import RunCurves, RunSummary, VariantSummary, summarize, summarize_run
from charts.curves import Metric, curve_figure
from datasets.uploads import connect
from results.curves import CurveCache, RunRecord
from results.speed import read_finished_runs
from results.store import Store, StoreError
from results.uploads import read_upload
from training.cluster import ClusterError, worker_count
from training.estimate import machine_factor
from training.experiment import Experiment, parse_experiment
from training.limits import LimitsError, limits_from_environment
from training.queue import Queue
from training.report import run_curves

SECONDS_A_SPEED_IS_KEPT = 30


@dataclass(frozen=True)
class Services:
    """Opened once for all sessions of a server process."""

    store: Store
    queue: Queue
    curves: CurveCache


@st.cache_resource(show_spinner=False)
def _start() -> Services | str:
    """The services, or why they cannot start. Both are kept: the settings do not change while the server runs."""
    try:
        limits, workers = limits_from_environment(), worker_count()
        store = Store()
    except (StoreError, ClusterError, LimitsError) as error:
        return str(error)
    connect(partial(read_upload, store))
    queue = Queue(store, adopts=True, address=os.environ.get("DASK_SCHEDULER_ADDRESS"), workers=workers, limits=limits)
    queue.start()
    return Services(store, queue, CurveCache(store))


def services() -> Services:
    """The process's services; a page without them shows the reason and ends."""
    started = _start()
    if isinstance(started, str):
        st.error(started)
        st.stop()
    return started


@st.cache_data(ttl=SECONDS_A_SPEED_IS_KEPT, show_spinner=False)
def measured_factor() -> float | None:
    """How this machine's speed compares with the estimate's constants; None before a run has finished."""
    return machine_factor(read_finished_runs(services().store))


@lru_cache(maxsize=256)
def read_spec(spec: str) -> Experiment:
    """A stored experiment's JSON, parsed once."""
    return parse_experiment(spec)


@dataclass(frozen=True)
class RunKey:
    """Identifies a run's curves up to its last epoch; what it carries takes no part in comparison."""

    run_id: Any
    attempt: int
    last_epoch: int
    status: str
    curves: RunCurves = field(compare=False, hash=False)


def stored_key(experiment: Experiment, record: RunRecord) -> RunKey:
    """The key of a stored run."""
    run = record.run
    return RunKey(run.id, run.attempt, record.last_epoch, run.status, run_curves(experiment, record))


def recorded_keys(name: str, runs: Sequence[RunCurves]) -> tuple[RunKey, ...]:
    """The keys of a recorded example's runs."""
    return tuple(RunKey((name, i), 1, len(run.curves["val_loss"]), run.status, run) for i, run in enumerate(runs))


@lru_cache(maxsize=4096)
def _run_summary(key: RunKey) -> RunSummary:
    return summarize_run(key.curves)


@lru_cache(maxsize=64)
def summaries(keys: tuple[RunKey, ...]) -> tuple[VariantSummary, ...]:
    """The analysis of an experiment, done once for each new epoch whoever looks."""
    by_curves = {id(key.curves): key for key in keys}
    return summarize([key.curves for key in keys], run_summary=lambda run: _run_summary(by_curves[id(run)]))


@lru_cache(maxsize=128)
def figure(keys: tuple[RunKey, ...], metric: Metric, log_axis: bool, epochs: int, revision: str) -> dict[str, Any]:
    """The chart of an experiment as a Plotly figure, drawn once for each new epoch whoever looks."""
    return curve_figure(summaries(keys), metric, log_axis=log_axis, epochs=epochs, revision=revision)
