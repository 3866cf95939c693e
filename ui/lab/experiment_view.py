"""An experiment on the page: progress, charts with marks, verdict and table; live while it trains."""

from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from analysis.early_stopping import AnyRule
from analysis.summary import RunSummary
from charts.curves import Metric
from experiment.link import encode_link
from experiment.presets import presets
from experiment.progress import Progress, measure, show_duration
from experiment.spec import Experiment
from results.curves import RunRecord
from results.records import StoredExperiment
from training.dispatch.cluster import RESOURCE
from ui import state, text
from ui.components.downloads import draw_downloads
from ui.components.live_chart import live_chart
from ui.components.network_view import draw_networks
from ui.components.plain import plain
from ui.findings.sections import draw_findings
from ui.lab.envelope_view import draw_envelope
from ui.lab.result_table import column_config, result_table
from ui.lab.take_home import draw_take_home
from ui.lab.verdict_view import draw_answer, draw_comparisons
from ui.lab.what_if import chosen_rule, draw_what_if
from ui.services import Services, figure, read_spec, recorded_runs, services, stored_runs, summaries, verdict
from wording.in_words import describe

SECONDS_BETWEEN_REFRESHES = 1.0
CHART_HEIGHT = {"loss": 430, "accuracy": 340}
WORKER_COMMAND = (
    f"PYTHONPATH=. dask worker ADDRESS --nthreads 2 --resources {RESOURCE}=1 --preload training.worker.preload"
)


def recorded_view(name: str) -> None:
    """The recorded example that is on screen before anything was trained."""
    experiment = presets()[name]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(experiment.name, anchor=False, width="content")
        st.badge(text.RECORDED, icon=":material/videocam:", color="violet")
    st.caption(text.RECORDED_HELP)
    rule = chosen_rule(experiment, name)
    _results(experiment, recorded_runs(name, rule), name, rule)
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
    live(stored, active, visitor)
    _networks(experiment)
    draw_take_home(experiment, service.curves.read(identifier))
    _share(experiment, identifier)


def _live(stored: StoredExperiment, was_active: bool, visitor: str | None) -> None:
    service, identifier, owned = services(), stored.id, stored.visitor == visitor
    experiment = read_spec(stored.spec)
    records = service.curves.read(identifier)
    progress = measure(records, experiment.training.epochs, max(1, service.queue.state.ready_workers))
    if was_active != progress.active:
        st.rerun()  # the whole page once more, without the timer, or with it where seeds were added
    _head(experiment, identifier, progress, owned)
    if progress.active:
        _progress(service, progress)
    for record in records:
        if record.run.status == "failed":
            run = record.run
            st.error(text.FAILED_RUN.format(variant=plain(run.variant), seed=run.seed, message=run.message))
    rule = chosen_rule(experiment, identifier)
    extendable = stored if owned and not progress.active else None
    _results(experiment, stored_runs(experiment, records, rule), identifier, rule, extendable)
    draw_envelope(experiment, identifier, records, visitor=visitor, owned=owned)
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


def _results(
    experiment: Experiment,
    runs: tuple[RunSummary, ...],
    revision: str,
    rule: AnyRule | None,
    extendable: StoredExperiment | None = None,
) -> None:
    if not any(run.epochs for run in runs):
        st.info(text.WAITING_FOR_FIRST_EPOCH)
        return
    variants = summaries(runs)
    draw_answer(experiment, runs, revision)
    if own := [v for v in experiment.variants if v.architecture]:
        networks = "; ".join(f"{plain(v.name)}: {experiment.architecture_of(v).label}" for v in own)
        st.caption(text.OWN_NETWORK_OF.format(default=experiment.architecture.label, networks=networks))
    with st.container(horizontal=True):
        log_axis = st.toggle(text.LOG_AXIS, key="log_axis")
        seeds = len(experiment.seeds) > 1 and st.toggle(text.SINGLE_SEEDS, key="single_seeds")
    words = describe(variants)
    metrics: tuple[tuple[Metric, str], ...] = (("loss", f"{text.LOSS}. {words}"), ("accuracy", text.ACCURACY_ALT))
    for metric, alt in metrics:
        drawn = figure(
            runs,
            metric,
            log_axis=log_axis and metric == "loss",
            epochs=experiment.training.epochs,
            revision=revision,
            seeds=seeds,
        )
        live_chart(drawn, key=f"chart_{metric}", alt=alt, height=CHART_HEIGHT[metric])
    st.caption(text.MARKS_LEGEND if rule is None else f"{text.OTHER_RULE} {text.MARKS_LEGEND}")
    draw_comparisons(experiment, runs, revision, extendable)
    draw_what_if(experiment, variants, revision)
    judged = verdict(experiment, runs)
    st.dataframe(result_table(variants, judged), hide_index=True, column_config=column_config(judged), placeholder="–")
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
        draw_downloads(experiment, identifier, key="share")


def page_url(parameters: dict[str, str]) -> str:
    """A link to the Lab of this server with these parameters."""
    parts = urlsplit(st.context.url or "")
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(parameters), ""))
