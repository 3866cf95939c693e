"""What a server process has once: the store, the queue, the curves in memory, and analysis cached for all viewers."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import streamlit as st

from analysis.early_stopping import AnyRule
from analysis.lines import View
from analysis.summary import RunSummary, VariantSummary, summarize, summarize_run
from analysis.verdict import Verdict, What
from charts.curves import curve_figure
from charts.seed_panels import seeds_figure
from datasets.uploads import UploadedFiles
from experiment.estimate import machine_factor
from experiment.judging import judge_runs, run_curves
from experiment.limits import LimitsError, limits_from_environment
from experiment.presets import recorded_curves
from experiment.spec import Experiment, parse_experiment
from results.curves import CurveCache, RunRecord
from results.speed import read_finished_runs
from results.store import Store, StoreError
from results.uploads import read_upload
from training.dispatch.cluster import ClusterError, worker_count
from training.dispatch.queue import Queue
from wording.language import LANGUAGE

SECONDS_A_SPEED_IS_KEPT = 30


@dataclass(frozen=True)
class Services:
    """Opened once for all sessions of a server process."""

    store: Store
    queue: Queue
    curves: CurveCache
    uploads: UploadedFiles


@st.cache_resource(show_spinner=False)
def _start() -> Services | str:
    """The services, or why they cannot start. Both are kept: the settings do not change while the server runs."""
    try:
        limits, workers = limits_from_environment(), worker_count()
        store = Store()
    except (StoreError, ClusterError, LimitsError) as error:
        return str(error)
    queue = Queue(store, adopts=True, address=os.environ.get("DASK_SCHEDULER_ADDRESS"), workers=workers, limits=limits)
    queue.start()
    return Services(store, queue, CurveCache(store), UploadedFiles(partial(read_upload, store)))


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
    service = services()
    return machine_factor(read_finished_runs(service.store), service.uploads)


def read_spec(spec: str) -> Experiment:
    """A stored experiment's JSON, parsed once."""
    return _read_spec(spec, services().uploads)


@lru_cache(maxsize=256)
def _read_spec(spec: str, uploads: UploadedFiles) -> Experiment:
    return parse_experiment(spec, uploads)


# What follows is computed once for each new epoch, whoever looks. The keys are objects that stay the same as long as
# nothing new has come (`CurveCache` sees to that) and that nobody changes, so what they hold is never compared.


def stored_runs(
    experiment: Experiment, records: Sequence[RunRecord], marked: AnyRule | None = None
) -> tuple[RunSummary, ...]:
    """The runs of a stored experiment in numbers, with the marks of a rule other than theirs if one is given."""
    return tuple(_stored_run(experiment, record, marked) for record in records)


@lru_cache(maxsize=4096)
def _stored_run(experiment: Experiment, record: RunRecord, marked: AnyRule | None) -> RunSummary:
    return summarize_run(run_curves(experiment, record), marked)


@lru_cache(maxsize=64)
def recorded_runs(name: str, marked: AnyRule | None = None) -> tuple[RunSummary, ...]:
    """The runs that were recorded for a preset, in numbers; none if it was not recorded."""
    return tuple(summarize_run(run, marked) for run in recorded_curves(name))


@lru_cache(maxsize=64)
def summaries(runs: tuple[RunSummary, ...]) -> tuple[VariantSummary, ...]:
    """What runs say together, for each variant."""
    return summarize(runs)


@lru_cache(maxsize=128)
def verdict(experiment: Experiment, runs: tuple[RunSummary, ...], what: What | None = None) -> Verdict:
    """What runs say of the experiment's variants, by what it judges or by another quantity."""
    return judge_runs(experiment, runs, what)


def figure(runs: tuple[RunSummary, ...], view: View, *, single: bool, **options: Any) -> dict[str, Any]:
    """The chart of an experiment as a Plotly figure: means, or single seeds; `options` are those of `curve_figure`."""
    return _figure(runs, view, single, LANGUAGE, **options)


@lru_cache(maxsize=128)
def _figure(runs: tuple[RunSummary, ...], view: View, single: bool, _language: str, **options: Any) -> dict[str, Any]:
    """Its words are in a language, which therefore belongs to the key."""
    return (seeds_figure if single else curve_figure)(summaries(runs), view, **options)
