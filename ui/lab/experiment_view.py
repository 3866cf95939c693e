"""An experiment on the page: answer, cards, chart, numbers, what if, envelope, and what lies deeper; live while it
trains."""

import re
from collections.abc import Sequence

import streamlit as st

from analysis.early_stopping import AnyRule
from analysis.summary import ENDED, RunSummary
from analysis.verdict import What
from experiment.limits import is_hosted
from experiment.presets import presets
from experiment.progress import Progress, measure, show_duration
from experiment.spec import Experiment
from experiment.used import count_used
from results.curves import RunRecord
from results.records import StoredExperiment
from training.dispatch.cluster import RESOURCE
from training.dispatch.turns import Place
from ui import state, text
from ui.components.plain import plain
from ui.findings.boundary_view import draw_boundaries
from ui.findings.sections import draw_finding
from ui.lab.chart_view import draw_chart
from ui.lab.deeper import cancel, draw_panels, draw_recorded_panels
from ui.lab.envelope_view import draw_envelope
from ui.lab.progress_view import draw_progress_cells
from ui.lab.result_table import draw_numbers
from ui.lab.verdict_view import draw_answer, draw_cards, draw_judged
from ui.lab.what_if import chosen_rule, draw_what_if
from ui.refreshes import in_turn
from ui.services import (
    Services,
    note_look,
    read_spec,
    reading_changed,
    recorded_runs,
    services,
    stored_runs,
    summaries,
    verdict,
)
from wording.in_words import describe
from wording.language import ngettext
from wording.verdict import say_answer

SECONDS_BETWEEN_REFRESHES = 1.0
EPOCHS_MAY_BE_OLD = 0.8
"""Seconds, in a refresh: less than lies between two of them."""
WORKER_COMMAND = (
    f"PYTHONPATH=. dask worker ADDRESS --nthreads 3 --resources {RESOURCE}=1 --preload training.worker.preload"
)


def recorded_view(name: str) -> None:
    """The recorded example that is on screen before anything was trained."""
    experiment = presets()[name]
    rule = chosen_rule(experiment, name)
    runs = recorded_runs(name, rule)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(experiment.name, anchor=False, width="content")
        st.badge(text.RECORDED, icon=":material/videocam:", color="violet", help=text.RECORDED_HELP)
        what = draw_judged(experiment, runs, name)
    _results(experiment, runs, name, rule, what)
    draw_recorded_panels(experiment, runs)


def experiment_view(identifier: str, visitor: str | None) -> None:
    """A stored experiment, live or finished."""
    service = services()
    stored = service.store.experiment(identifier)
    if stored is None:
        st.warning(text.NOT_FOUND)
        st.button(text.BACK_TO_LAB, on_click=state.show_experiment, args=(None,))
        return
    note_look(identifier)
    if changed := reading_changed(stored):
        st.caption(f":material/priority_high: {changed}")
    active = any(record.run.active for record in service.curves.read(identifier))
    every = SECONDS_BETWEEN_REFRESHES if active else None
    st.fragment(_live, run_every=every)(stored, active, visitor)
    experiment = read_spec(stored.spec)
    draw_panels(
        experiment,
        stored,
        read_runs=lambda: stored_runs(experiment, service.curves.read(identifier)),
        owned=stored.visitor == visitor,
        every=every,
    )


@in_turn
def _live(stored: StoredExperiment, was_active: bool, visitor: str | None) -> None:
    service, identifier, owned = services(), stored.id, stored.visitor == visitor
    experiment = read_spec(stored.spec)
    # Without a timer somebody has pressed something, seeds were added perhaps: that must be seen at once.
    records = service.curves.read(identifier, max_age=EPOCHS_MAY_BE_OLD if was_active else 0.0)
    note_look(identifier)
    progress = measure(records, experiment.training.epochs, max(1, service.queue.state.ready_workers))
    if was_active != progress.active:
        st.rerun()  # the whole page once more, without the timer, or with it where seeds were added
    rule = chosen_rule(experiment, identifier)
    runs = stored_runs(experiment, records, rule)
    with st.container(horizontal=True, vertical_alignment="center"):
        draw_head(experiment, identifier, progress, owned, used=count_used(records))
        what = draw_judged(experiment, runs, identifier)
    if progress.active:
        draw_progress(service, experiment, identifier, records, progress)
    draw_failures(records)
    _results(experiment, runs, identifier, rule, what, stored, extendable=owned and not progress.active)
    draw_envelope(experiment, identifier, records, owned=owned)


def draw_failures(records: Sequence[RunRecord]) -> None:
    """One box for each reason, with all runs that failed for it."""
    failed: dict[str, dict[str, list[int]]] = {}
    for record in records:
        run = record.run
        if run.status == "failed":
            failed.setdefault(_kind_of_failure(run.message or ""), {}).setdefault(run.variant, []).append(run.seed)
    for reason, seeds_of in failed.items():
        runs = "; ".join(
            text.FAILED_RUNS.format(variant=plain(variant), seeds=", ".join(map(str, seeds)))
            for variant, seeds in seeds_of.items()
        )
        st.error(f"{runs}: {plain(reason)}")


def _kind_of_failure(message: str) -> str:
    """The message without the epoch in which it happened: the same in every seed."""
    return re.sub(r" in epoch \d+", "", message)


def draw_head(experiment: Experiment, identifier: str, progress: Progress, owned: bool, *, used: int) -> None:
    """Name and states of an experiment; its owner can cancel it."""
    st.subheader(plain(experiment.name or text.UNTITLED), anchor=False, width="content")
    for status, number in progress.counts.items():
        st.badge(f"{number} {text.STATUS_NAMES[status]}", color=text.STATUS_COLOURS[status])
    if used:
        st.badge(text.USED.format(count=used), icon=":material/bolt:", color="gray", help=text.USED_HELP)
    if progress.active and owned:
        st.button(
            text.CANCEL,
            key="cancel_experiment",
            icon=":material/stop_circle:",
            on_click=cancel,
            args=(identifier,),
        )


def say_place(place: Place) -> str:
    """When an experiment's first run starts."""
    runs = ngettext("{count} run", "{count} runs", place.runs_before)
    template = text.PLACE_FAR if place.beyond else text.PLACE if place.runs_before else text.PLACE_NEXT
    return template.format(runs=runs, time=show_duration(place.seconds))


def draw_progress(
    service: Services, experiment: Experiment, identifier: str, records: Sequence[RunRecord], progress: Progress
) -> None:
    """How far the runs are, when they start, and why none of them goes on."""
    workers = service.queue.state
    label = text.PROGRESS.format(
        done=progress.ended, total=progress.runs, epochs=progress.epochs, all_epochs=progress.all_epochs
    )
    place = workers.places.get(identifier)
    if progress.seconds_left is not None:  # of its own runs, which others' may keep waiting
        left = max(progress.seconds_left, place.end or 0.0 if place else 0.0)
        label += text.TIME_LEFT.format(time=show_duration(left))
    st.caption(label)
    if not progress.epochs and place:
        st.caption(f":material/hourglass_top: {say_place(place)}")
    draw_progress_cells(experiment, records)
    if not workers.store_answers:
        st.warning(text.DATABASE_FAILED)
    elif workers.error:
        st.warning(text.WORKERS_FAILED if is_hosted() else workers.error)
    elif not workers.ready_workers and workers.expected_workers is None:
        st.info(text.NO_WORKERS.format(command=f"`{WORKER_COMMAND}`"))
    elif not workers.ready_workers:
        st.info(text.WARMING_UP)


def _results(
    experiment: Experiment,
    runs: tuple[RunSummary, ...],
    revision: str,
    rule: AnyRule | None,
    what: What,
    stored: StoredExperiment | None = None,
    *,
    extendable: bool = False,
) -> None:
    if not any(run.epochs for run in runs):
        st.info(text.WAITING_FOR_FIRST_EPOCH)
        return
    draw_answer_and_cards(experiment, runs, what, stored if extendable else None)
    if stored is not None and experiment.dataset.kind == "points":
        service = services()
        draw_finding(
            draw_boundaries,
            service.store,
            experiment,
            service.curves.read(stored.id, max_age=EPOCHS_MAY_BE_OLD),
            key="boundary",
        )
    draw_chart_panel(experiment, runs, revision, rule, what)
    variants = summaries(runs)
    with st.container(border=True, gap="small", key="numbers_panel"):
        draw_numbers(variants, verdict(experiment, runs, what))
    draw_what_if(experiment, variants, revision)


def draw_answer_and_cards(
    experiment: Experiment, runs: tuple[RunSummary, ...], what: What, extendable: StoredExperiment | None = None
) -> None:
    """The answer in a sentence, a card for each variant, and which networks differ."""
    draw_answer(experiment, runs, what)
    draw_cards(experiment, runs, what, extendable)
    if own := [v for v in experiment.variants if v.architecture]:
        networks = "; ".join(f"{plain(v.name)}: {experiment.architecture_of(v).label}" for v in own)
        st.caption(text.OWN_NETWORK_OF.format(default=experiment.architecture.label, networks=networks))


def draw_chart_panel(
    experiment: Experiment, runs: tuple[RunSummary, ...], revision: str, rule: AnyRule | None, what: What
) -> None:
    """The chart with its controls."""
    variants, ended = summaries(runs), all(run.status in ENDED for run in runs)
    with st.container(border=True, gap="xsmall", key="chart_panel"):
        status = f"{text.ENDED} {say_answer(verdict(experiment, runs))}" if ended else ""
        draw_chart(experiment, runs, variants, what, revision, words=describe(variants), status=status)
        if rule is not None:
            st.caption(text.OTHER_RULE)
