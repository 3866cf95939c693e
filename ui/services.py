"""What a server process has once: the store, the queue, the curves in memory, and analysis cached for all viewers."""

import importlib
import json
import logging
import os
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from threading import Lock
from typing import Any

import streamlit as st

from analysis.early_stopping import AnyRule
from analysis.summary import RunSummary, VariantSummary, summarize, summarize_run
from analysis.verdict import Verdict, What
from charts.curves import curve_figure
from charts.seed_panels import seeds_figure
from charts.views import ChartOptions
from datasets.split import checksum
from datasets.uploads import MAX_FILE_BYTES, Upload, UploadedFiles
from experiment.estimate import machine_factor
from experiment.judging import judge_runs, run_curves
from experiment.limits import LimitsError, is_hosted, limits_from_environment
from experiment.presets import FIRST_VISIT, presets, recorded_curves
from experiment.spec import Experiment, ExperimentError, parse_experiment
from results import bounds
from results.curves import CurveCache, RunRecord
from results.opening import OpenStore, open_store
from results.records import StoredExperiment
from results.speed import read_finished_runs
from results.store import Store, StoreError
from results.uploads import read_upload
from training.dispatch.cluster import ClusterError, worker_count
from training.dispatch.queue import Queue
from ui import text
from ui.client_address import trusted_proxies
from ui.components.plain import plain
from wording.language import _, language

SECONDS_A_SPEED_IS_KEPT = 30
SEVERAL = 2
"""Workers that a cluster of others is taken to have."""
SECONDS_BETWEEN_NOTED_LOOKS = 60
KEPT_RUNS = 2048
"""Runs in numbers that are kept for all viewers; one of 1,000 epochs takes 41 kB."""
UPLOAD = "upload"
logger = logging.getLogger(__name__)

UNKNOWN = {"rows": 10**6, "shape": [1], "classes": 2, "kind": "table"}
"""For an experiment of a version that kept no facts, on a file that is refused today: its curves can still be shown."""


@dataclass(frozen=True)
class Services:
    """Opened once for all sessions of a server process."""

    opened: OpenStore
    queue: Queue
    curves: CurveCache
    uploads: UploadedFiles

    @property
    def store(self) -> Store:
        """Everything that is known about experiments."""
        return self.opened.store


@st.cache_resource(show_spinner=False)
def _open() -> Services:
    workers, address = worker_count(), os.environ.get("DASK_SCHEDULER_ADDRESS")
    limits = limits_from_environment(workers if address is None else SEVERAL)
    trusted_proxies()
    opened = open_store()
    store = opened.store
    queue = Queue(store, adopts=True, address=address, workers=workers, limits=limits)
    queue.start()
    uploads = UploadedFiles(partial(read_upload, store), limits.upload_bytes or MAX_FILE_BYTES)
    return Services(opened, queue, CurveCache(store), uploads)


def start_services() -> Services | str:
    """The services, or why they cannot start: then the next caller tries again, since a database may come back."""
    try:
        return _open()
    except StoreError as error:
        logger.error("the server has not started: %s", error)
        return _(error.public) if is_hosted() else str(error)  # strangers read no paths
    except (ClusterError, LimitsError) as error:
        return str(error)


def prepare_first_page() -> None:
    """Loads what the first page is drawn by, and judges the recorded runs that it shows."""
    importlib.import_module("ui.lab.experiment_form")
    importlib.import_module("ui.lab.embedded_view")
    verdict(presets()[FIRST_VISIT], recorded_runs(FIRST_VISIT))


def close_services() -> None:
    """Ends the workers and closes the store, where they were started."""
    started = start_services()
    if isinstance(started, Services):
        started.queue.close()
        started.opened.close()


def services() -> Services:
    """The process's services; a page without them shows the reason and ends."""
    started = start_services()
    if isinstance(started, str):
        st.error(started)
        st.stop()
    return started


def note_look(identifier: str) -> None:
    """Somebody looks at an experiment, so it stays when room is made."""
    _note_look(identifier, int(time.time() / SECONDS_BETWEEN_NOTED_LOOKS))


@lru_cache(maxsize=1024)
def _note_look(identifier: str, _minute: int) -> None:
    bounds.note_look(services().store, identifier, time.time())


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
    try:
        return parse_experiment(spec, uploads, stored=True)
    except ExperimentError:
        values = json.loads(spec)
        if values["dataset"]["name"] != UPLOAD:
            raise
        values["dataset"]["facts"] = UNKNOWN
        return parse_experiment(json.dumps(values), uploads, stored=True)


def reading_changed(stored: StoredExperiment) -> str | None:
    """Why an experiment would be trained on other numbers today, its file being read differently; None: it would not.

    Runs keep a checksum of the data that they were trained on.
    """
    service = services()
    runs = service.store.runs(stored.id)
    trained = {run.provenance["data_checksum"] for run in runs if run.provenance}
    try:
        data = json.dumps({"dataset": json.loads(stored.spec)["dataset"]})
        dataset = parse_experiment(data, service.uploads).dataset
    except ExperimentError as error:
        return text.READ_NO_MORE.format(reason=plain(str(error)))
    if not isinstance(dataset, Upload) or not trained or trained == {checksum(dataset.load())}:
        return None
    return text.READ_DIFFERENTLY


# What follows is computed once for each new epoch, whoever looks. The keys are objects that stay the same as long as
# nothing new has come (`CurveCache` sees to that) and that nobody changes, so what they hold is never compared.


def stored_runs(
    experiment: Experiment, records: Sequence[RunRecord], marked: AnyRule | None = None
) -> tuple[RunSummary, ...]:
    """The runs of a stored experiment in numbers, with the marks of a rule other than theirs if one is given."""
    return tuple(_stored_run(experiment, record, marked) for record in records)


_newest: OrderedDict[tuple[int, AnyRule | None], tuple[Experiment, RunRecord, RunSummary]] = OrderedDict()
_newest_lock = Lock()


def _stored_run(experiment: Experiment, record: RunRecord, marked: AnyRule | None) -> RunSummary:
    """Of each run the newest is kept alone: a run of 1,000 epochs would else leave as many in memory."""
    key = record.run.id, marked
    with _newest_lock:
        found = _newest.get(key)
        if found is not None and found[0] is experiment and found[1] is record:
            _newest.move_to_end(key)
            return found[2]
    summary = summarize_run(run_curves(experiment, record), marked)
    with _newest_lock:
        _newest[key] = experiment, record, summary
        _newest.move_to_end(key)
        while len(_newest) > KEPT_RUNS:
            _newest.popitem(last=False)
    return summary


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


def figure(runs: tuple[RunSummary, ...], options: ChartOptions, *, single: bool = False) -> dict[str, Any]:
    """The chart of an experiment as a Plotly figure: means, or single seeds."""
    return _figure(runs, options, single, language())


@lru_cache(maxsize=128)
def _figure(runs: tuple[RunSummary, ...], options: ChartOptions, single: bool, _language: str) -> dict[str, Any]:
    """Its words are in a language, which therefore belongs to the key."""
    return (seeds_figure if single else curve_figure)(summaries(runs), options)
