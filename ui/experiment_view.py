"""An experiment on the page: progress, charts with marks, verdict and table; live while it trains."""

import json
from collections.abc import Sequence
from operator import itemgetter
from urllib.parse import urlencode, urlsplit, urlunsplit

import pandas as pd
import streamlit as st

from analysis.statements import describe, verdict
from charts.curves import Metric
from results.curves import RunRecord
from results.records import CURVE_NAMES
from training.cluster import RESOURCE
from training.experiment import Experiment
from training.link import encode_link
from training.recorded import presets, recorded_runs
from training.report import report
from ui import state, text
from ui.findings_view import draw_findings
from ui.live_chart import live_chart
from ui.network_view import draw_networks
from ui.plain import plain
from ui.progress import Progress, measure, show_duration
from ui.result_table import column_config, result_table
from ui.services import RunKey, Services, figure, read_spec, recorded_keys, services, stored_key, summaries
from ui.take_home import draw_take_home

SECONDS_BETWEEN_REFRESHES = 1.0
CHART_HEIGHT = {"loss": 430, "accuracy": 340}
WORKER_COMMAND = f"PYTHONPATH=. dask worker ADDRESS --nthreads 2 --resources {RESOURCE}=1 --preload training.preload"


def recorded_view(name: str) -> None:
    """The recorded example that is on screen before anything was trained."""
    experiment, keys = presets()[name], recorded_keys(name, recorded_runs(name))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(experiment.name, anchor=False, width="content")
        st.badge(text.RECORDED, icon=":material/videocam:", color="violet")
    st.caption(text.RECORDED_HELP)
    _results(experiment, keys, name)
    _networks(experiment)
    draw_take_home(experiment)


def experiment_view(identifier: str, visitor: str | None) -> None:
    """A stored experiment, live or finished."""
    service = services()
    stored = service.store.experiment(identifier)
    if stored is None:
        st.warning(text.NOT_FOUND)
        st.button(text.BACK_TO_LAB, on_click=state.show_experiment, args=(None,))
        return
    experiment = read_spec(stored.spec)
    active = any(record.run.active for record in service.curves.read(identifier))
    live = st.fragment(_live, run_every=SECONDS_BETWEEN_REFRESHES if active else None)
    live(experiment, identifier, active, stored.visitor == visitor)
    _networks(experiment)
    draw_take_home(experiment, service.curves.read(identifier))
    _share(experiment, identifier)


def _live(experiment: Experiment, identifier: str, was_active: bool, owned: bool) -> None:
    service = services()
    records = service.curves.read(identifier)
    progress = measure(records, experiment.training.epochs, max(1, service.queue.state.ready_workers))
    if was_active and not progress.active:
        st.rerun()  # the whole page once more, without the timer
    _head(experiment, identifier, progress, owned)
    if progress.active:
        _progress(service, progress)
    for record in records:
        if record.run.status == "failed":
            run = record.run
            st.error(text.FAILED_RUN.format(variant=plain(run.variant), seed=run.seed, message=run.message))
    keys = tuple(stored_key(experiment, record) for record in records)
    _results(experiment, keys, identifier)
    draw_findings(service.store, experiment, records)
    with st.expander(text.RUN_PROGRESS, key="run_progress", on_change="rerun") as runs:
        if runs.open:  # 24 runs are 17 KB a refresh
            _run_list(service, experiment, identifier, records, owned)


def _head(experiment: Experiment, identifier: str, progress: Progress, owned: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(plain(experiment.name or text.UNTITLED), anchor=False, width="content")
        for status, number in progress.counts.items():
            st.badge(f"{number} {text.STATUS_NAMES[status]}", color=text.STATUS_COLOURS[status])
        if progress.active and owned:
            st.button(
                text.CANCEL,
                key="cancel_experiment",
                icon=":material/stop_circle:",
                on_click=_cancel,
                args=(identifier,),
            )


def _cancel(identifier: str, run_id: int | None = None) -> None:
    services().queue.cancel(identifier, run_id)


def _progress(service: Services, progress: Progress) -> None:
    workers = service.queue.state
    label = text.PROGRESS.format(
        done=progress.ended, total=progress.runs, epochs=progress.epochs, all_epochs=progress.all_epochs
    )
    if progress.seconds_left is not None:
        label += text.TIME_LEFT.format(time=show_duration(progress.seconds_left))
    st.progress(progress.epochs / progress.all_epochs, label)
    if workers.error:
        st.warning(workers.error)
    elif not workers.ready_workers and workers.expected_workers is None:
        st.info(text.NO_WORKERS.format(command=f"`{WORKER_COMMAND}`"))
    elif not workers.ready_workers:
        st.info(text.WARMING_UP)


def _results(experiment: Experiment, keys: tuple[RunKey, ...], revision: str) -> None:
    if not any(key.last_epoch for key in keys):
        st.info(text.WAITING_FOR_FIRST_EPOCH)
        return
    variants = summaries(keys)
    if own := [v for v in experiment.variants if v.architecture]:
        networks = "; ".join(f"{plain(v.name)}: {experiment.architecture_of(v).label}" for v in own)
        st.caption(text.OWN_NETWORK_OF.format(default=experiment.architecture.label, networks=networks))
    log_axis = st.toggle(text.LOG_AXIS, key="log_axis")
    words = describe(variants)
    metrics: tuple[tuple[Metric, str], ...] = (("loss", f"{text.LOSS}. {words}"), ("accuracy", text.ACCURACY_ALT))
    for metric, alt in metrics:
        drawn = figure(keys, metric, log_axis and metric == "loss", experiment.training.epochs, revision)
        live_chart(drawn, key=f"chart_{metric}", alt=alt, height=CHART_HEIGHT[metric])
    st.caption(text.MARKS_LEGEND)
    st.markdown(plain(verdict(variants)))
    st.dataframe(result_table(variants), hide_index=True, column_config=column_config(), placeholder="–")
    st.caption(text.TABLE_NOTE)
    with st.expander(text.IN_WORDS, key="in_words", on_change="rerun") as in_words:
        if in_words.open:
            st.markdown(plain(words))


def _networks(experiment: Experiment) -> None:
    """What each variant trained: a picture, computed when it is looked at."""
    with st.expander(text.NETWORKS, icon=":material/account_tree:", key="networks", on_change="rerun") as networks:
        if networks.open:
            draw_networks(experiment, key="shown_network")


def _run_list(
    service: Services, experiment: Experiment, identifier: str, records: Sequence[RunRecord], owned: bool
) -> None:
    """A line for each run, with its own Cancel while it is active."""
    for record in records:
        run = record.run
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(text.STATUS_NAMES[run.status], color=text.STATUS_COLOURS[run.status])
            share = 1.0 if not run.active else record.last_epoch / experiment.training.epochs
            st.progress(share, f"{plain(run.variant)} · seed {run.seed} · epoch {record.last_epoch}")
            if run.active and owned:
                st.button(
                    text.CANCEL,
                    key=f"cancel_{run.id}",
                    type="tertiary",
                    on_click=_cancel,
                    args=(identifier, run.id),
                )


def _share(experiment: Experiment, identifier: str) -> None:
    with st.expander(text.SHARE, icon=":material/share:"):
        st.caption(text.SHARE_RUN)
        st.code(page_url({state.EXPERIMENT_PARAMETER: identifier}), language=None)
        st.caption(text.SHARE_CONFIGURATION)
        packed = encode_link(experiment)
        if packed is None:
            st.caption(text.TOO_LONG_FOR_LINK)
        else:
            st.code(page_url({state.CONFIGURATION_PARAMETER: packed}), language=None, wrap_lines=True)
        downloads(experiment, identifier, key="share")


def downloads(experiment: Experiment, identifier: str, *, key: str) -> None:
    """Buttons for the experiment's JSON, its results and all its epochs; made when they are pressed."""
    service, stem = services(), f"experiment-{identifier[:6]}"

    def results() -> str:
        return json.dumps(report(service.store, identifier), allow_nan=False)

    def epochs() -> str:
        return epochs_table(service.curves.read(identifier)).to_csv(index=False)

    with st.container(horizontal=True):
        for label, data, name, kind in (
            (text.DOWNLOAD_EXPERIMENT, experiment.model_dump_json(indent=2), f"{stem}.json", "application/json"),
            (text.DOWNLOAD_RESULT, results, f"{stem}.result.json", "application/json"),
            (text.DOWNLOAD_EPOCHS, epochs, f"{stem}.csv", "text/csv"),
        ):
            st.download_button(label, data, name, kind, key=f"{key}.{identifier}.{name}", on_click="ignore")


def epochs_table(records: Sequence[RunRecord]) -> pd.DataFrame:
    """Every epoch of every run: variant, seed, epoch, then the contract's names."""
    frames = [
        pd.DataFrame({"variant": r.run.variant, "seed": r.run.seed, "epoch": range(1, r.last_epoch + 1), **r.curves})
        for r in records
    ]
    return pd.concat(frames)[["variant", "seed", "epoch", *CURVE_NAMES]]


def page_url(parameters: dict[str, str]) -> str:
    """A link to the Lab of this server with these parameters."""
    parts = urlsplit(st.context.url or "")
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(parameters), ""))


def best_variant(experiment: Experiment, identifier: str) -> tuple[str, float] | None:
    """The variant with the lowest mean validation loss at its best epoch, and that loss; None before any epoch."""
    keys = tuple(stored_key(experiment, record) for record in services().curves.read(identifier))
    losses = ((variant.spreads["best_val_loss"].mean, variant.name) for variant in summaries(keys))
    known = [(loss, name) for loss, name in losses if loss is not None]
    if not known:
        return None
    loss, name = min(known, key=itemgetter(0))
    return name, loss
