"""An experiment on the page: answer, cards, chart, numbers, what if, envelope, and what lies deeper; live while it
trains."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.early_stopping import AnyRule
from analysis.summary import ENDED, RunSummary
from analysis.verdict import What
from experiment.limits import is_hosted
from experiment.presets import presets
from experiment.progress import Progress
from experiment.spec import Experiment
from experiment.used import count_used
from results.curves import RunRecord
from results.records import StoredExperiment
from training.dispatch.cluster import RESOURCE
from ui import state, text
from ui.components import live_road
from ui.components.live_chart import live_chart
from ui.components.live_part import live_part
from ui.components.plain import plain
from ui.findings.boundary_view import draw_boundaries
from ui.findings.sections import draw_finding
from ui.lab.chart_view import CHART_KEY, ChartView, choose_chart, show_chart
from ui.lab.deeper import cancel, draw_panels, draw_recorded_panels
from ui.lab.envelope_view import draw_envelope
from ui.lab.history import PRESET, chain, ghosts_of
from ui.lab.live_view import draw_replaced, draw_steps
from ui.lab.progress_view import PROGRESS_KEY, show_progress
from ui.lab.result_table import draw_numbers
from ui.lab.verdict_view import draw_answer, draw_cards, draw_judged
from ui.lab.what_if import chosen_rule, draw_what_if
from ui.live.message import FEEDS, LiveView, Look, phase_of, stage_of, take_look
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
from wording.language import _
from wording.verdict import say_answer

SECONDS_BETWEEN_REFRESHES = 1.0
"""Where the live road is closed."""
SECONDS_BETWEEN_BOUNDARIES = 2.0
SECONDS_FOR_FIRST_EPOCH = 0.6
"""A page drawn without an epoch is drawn once more when the first one has come, which takes longer."""
SECONDS_BETWEEN_LOOKS = 0.02
EPOCHS_MAY_BE_OLD = 0.8
"""Seconds, in a run of the live part while runs train: less than lies between two of them."""
WORKER_COMMAND = (
    f"PYTHONPATH=. dask worker ADDRESS --nthreads 3 --resources {RESOURCE}=1 --preload training.worker.preload"
)


def recorded_view(name: str) -> None:
    """The recorded example that is on screen before anything was trained."""
    experiment = presets()[name]
    rule = chosen_rule(experiment, name)
    runs = recorded_runs(name, rule)
    with st.container():  # a fragment, where it is live
        above = st.container()
        with above, st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(_(experiment.name), anchor=False, width="content")
            st.badge(text.RECORDED, icon=":material/videocam:", color="violet", help=text.RECORDED_HELP)
            what = draw_judged(experiment, runs, name)
        _results(above, experiment, runs, name, rule, what)
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
    experiment = read_spec(stored.spec)
    if state.take(state.JUST_TRAINED):
        wait_for_first_epoch(service, identifier)
    active = any(record.run.active for record in service.curves.read(identifier))
    drawn = Drawn(active, live_road.is_closed())
    st.fragment(_live, run_every=seconds_between_runs(experiment, drawn))(
        stored, drawn, visitor, reading_changed(stored)
    )
    draw_panels(
        experiment,
        stored,
        read_runs=lambda: stored_runs(experiment, service.curves.read(identifier)),
        owned=stored.visitor == visitor,
        every=SECONDS_BETWEEN_REFRESHES if active else None,
    )


def wait_for_first_epoch(service: Services, identifier: str) -> None:
    """Waits a little, unless others come first or nothing is left to train."""
    deadline = time.monotonic() + SECONDS_FOR_FIRST_EPOCH
    while time.monotonic() < deadline and service.queue.state.ready_workers:
        active = [record for record in service.curves.read(identifier) if record.run.active]
        place = service.queue.state.places.get(identifier)
        if not active or any(record.last_epoch for record in active) or (place and place.runs_before):
            return
        time.sleep(SECONDS_BETWEEN_LOOKS)


@dataclass(frozen=True)
class Drawn:
    """What the whole page was drawn for; once it is otherwise, the whole page is drawn again.

    Attributes:
        active: whether runs are queued or train.
        road_closed: whether the browser cannot be reached by the live road.
    """

    active: bool
    road_closed: bool


def seconds_between_runs(experiment: Experiment, drawn: Drawn) -> float | None:
    """How often the live part runs by itself: the live road brings all that grows but decision boundaries."""
    if not drawn.active:
        return None
    if drawn.road_closed:
        return SECONDS_BETWEEN_REFRESHES
    return SECONDS_BETWEEN_BOUNDARIES if experiment.dataset.kind == "points" else None


def draw_whole_page_if_changed(drawn: Drawn, look: Look) -> None:
    """Without the timer, or with it: where runs have ended, seeds were added, or the road was closed or opened."""
    if drawn.active != look.progress.active or (drawn.active and drawn.road_closed != live_road.is_closed()):
        st.rerun()


def follow_runs(look: Look, identifier: str, rule: AnyRule | None, what: What, chart: ChartView | None) -> None:
    """Lets the browser bring to this part of the page what grows."""
    if look.progress.active:
        name = FEEDS.register(LiveView(identifier, what, rule, chart))
        live_road.live_road(name, phase=phase_of(look), stage=stage_of(services(), look))


@in_turn
def _live(stored: StoredExperiment, drawn: Drawn, visitor: str | None, changed: str | None) -> None:
    service, identifier, owned = services(), stored.id, stored.visitor == visitor
    experiment = read_spec(stored.spec)
    # Without active runs somebody has pressed something, seeds were added perhaps: that must be seen at once.
    look = take_look(service, identifier, experiment, EPOCHS_MAY_BE_OLD if drawn.active else 0.0)
    note_look(identifier)
    draw_whole_page_if_changed(drawn, look)
    rule = chosen_rule(experiment, identifier)
    runs = stored_runs(experiment, look.records, rule)
    above = st.container()
    with above:
        if changed:
            st.caption(f":material/priority_high: {changed}")
        with st.container(horizontal=True, vertical_alignment="center"):
            draw_head(experiment, identifier, look.progress, owned, used=count_used(look.records))
            what = draw_judged(experiment, runs, identifier)
        if look.progress.active:
            draw_progress(service, identifier, look)
        draw_failures(look.records)
    chart = _results(above, experiment, runs, identifier, rule, what, stored, owned=owned, active=look.progress.active)
    draw_envelope(experiment, identifier, look.records, owned=owned)
    follow_runs(look, identifier, rule, what, chart)


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
        st.error(f"{runs}: {plain(_(reason))}")


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


def draw_progress(service: Services, identifier: str, look: Look) -> None:
    """How far the runs are, when they start, and why none of them goes on."""
    workers = service.queue.state
    place = workers.places.get(identifier)
    live_part(show_progress(look.experiment, look.records, look.progress, place), key=PROGRESS_KEY)
    if not workers.store_answers:
        st.warning(text.DATABASE_FAILED)
    elif workers.error:
        st.warning(text.WORKERS_FAILED if is_hosted() else _(workers.error))
    elif not workers.ready_workers and workers.expected_workers is None:
        st.info(text.NO_WORKERS.format(command=f"`{WORKER_COMMAND}`"))
    elif not workers.ready_workers:
        st.info(text.WARMING_UP)


def _results(
    above: DeltaGenerator,
    experiment: Experiment,
    runs: tuple[RunSummary, ...],
    revision: str,
    rule: AnyRule | None,
    what: What,
    stored: StoredExperiment | None = None,
    *,
    owned: bool = False,
    active: bool = False,
) -> ChartView | None:
    """What the runs say so far; the chart's view, or None while there is none.

    All that comes and goes over the chart is in one container, `above`: what has another place is built anew by the
    browser, and a chart of 40 runs takes it half a second.
    """
    if not any(run.epochs for run in runs):
        with above:
            draw_no_epoch(active=active)
        return None
    with above:
        draw_answer_and_cards(experiment, runs, what, stored if owned and not active else None)
        if stored is not None:
            draw_replaced(stored.id, experiment, runs)
        if stored is not None and experiment.dataset.kind == "points":
            service = services()
            draw_finding(
                draw_boundaries,
                service.store,
                experiment,
                service.curves.read(stored.id, max_age=EPOCHS_MAY_BE_OLD),
                key="boundary",
            )
    place = stored.id if stored else f"{PRESET}{revision}"
    chart = draw_chart_panel(experiment, runs, place, rule, what)
    draw_steps(place, owned=stored is None or owned)
    variants = summaries(runs)
    with st.container(border=True, gap="small", key="numbers_panel"):
        draw_numbers(variants, verdict(experiment, runs, what))
    draw_what_if(experiment, variants, revision)
    return chart


def draw_no_epoch(*, active: bool) -> None:
    """Instead of a result, where no run has an epoch."""
    st.info(text.WAITING_FOR_FIRST_EPOCH if active else text.NO_EPOCH)


def draw_answer_and_cards(
    experiment: Experiment, runs: tuple[RunSummary, ...], what: What, extendable: StoredExperiment | None = None
) -> None:
    """The answer in a sentence, a card for each variant, and which networks differ."""
    draw_answer(experiment, runs, what)
    draw_cards(experiment, runs, what, extendable)
    if own := [v for v in experiment.variants if v.architecture]:
        networks = "; ".join(f"{plain(v.name)}: {_(experiment.architecture_of(v).label)}" for v in own)
        st.caption(text.OWN_NETWORK_OF.format(default=_(experiment.architecture.label), networks=networks))


def draw_chart_panel(
    experiment: Experiment,
    runs: tuple[RunSummary, ...],
    place: str,
    rule: AnyRule | None,
    what: What,
) -> ChartView:
    """The chart with its controls; what they are set to. From one step of Live to the next the zoom stays."""
    ended = all(run.status in ENDED for run in runs)
    with st.container(border=True, gap="xsmall", key="chart_panel"):
        status = f"{text.ENDED} {say_answer(verdict(experiment, runs))}" if ended else ""
        chosen = choose_chart(experiment, summaries(runs), what, revision=chain(place)[0])
        ghosts = ghosts_of(place, experiment, chosen.options.view)
        live_chart(**show_chart(runs, chosen, ghosts), key=CHART_KEY, status=status)
        if rule is not None:
            st.caption(text.OTHER_RULE)
    return chosen
