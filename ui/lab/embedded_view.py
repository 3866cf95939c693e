"""One experiment's result alone, for a frame in a page of another site: nothing can be changed there."""

from html import escape

import streamlit as st

from experiment.presets import FIRST_VISIT, presets
from experiment.progress import measure
from experiment.spec import Experiment
from experiment.used import count_used
from results.records import StoredExperiment
from ui import state, text
from ui.lab.deeper import page_url
from ui.lab.experiment_view import (
    EPOCHS_MAY_BE_OLD,
    SECONDS_BETWEEN_REFRESHES,
    draw_answer_and_cards,
    draw_chart_panel,
    draw_failures,
    draw_head,
    draw_progress,
)
from ui.lab.verdict_view import draw_judged
from ui.refreshes import in_turn
from ui.services import read_spec, recorded_runs, services, stored_runs

LAYOUT = """<style>
[data-testid="stMainBlockContainer"] { padding: 0.6rem 1rem; }
.st-key-results h3 { font-size: 1.4rem; padding: 0; }
.st-key-chart_panel { padding: 0.6rem 1rem; }
</style>"""


def embedded_view(identifier: str | None) -> None:
    """The experiment, live or finished; without one, the recorded example."""
    st.html(LAYOUT)
    with st.container(key="results", gap="xsmall"):
        if identifier is None:
            _draw_recorded(presets()[FIRST_VISIT])
        else:
            _draw_stored(identifier)
    whole = page_url({state.EXPERIMENT_PARAMETER: identifier} if identifier else {})
    st.html(f'<small><a href="{escape(whole)}" target="_blank" rel="noopener">{text.OPEN_WHOLE_PAGE}</a></small>')


def _draw_recorded(experiment: Experiment) -> None:
    runs = recorded_runs(FIRST_VISIT)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(experiment.name, anchor=False, width="content")
        st.badge(text.RECORDED, icon=":material/videocam:", color="violet", help=text.RECORDED_HELP)
        what = draw_judged(experiment, runs, FIRST_VISIT)
    draw_answer_and_cards(experiment, runs, what)
    draw_chart_panel(experiment, runs, FIRST_VISIT, None, what)


def _draw_stored(identifier: str) -> None:
    service = services()
    stored = service.store.experiment(identifier)
    if stored is None:
        st.warning(text.NOT_FOUND)
        return
    active = any(record.run.active for record in service.curves.read(identifier))
    st.fragment(_live, run_every=SECONDS_BETWEEN_REFRESHES if active else None)(stored, active)


@in_turn
def _live(stored: StoredExperiment, was_active: bool) -> None:
    service, experiment = services(), read_spec(stored.spec)
    records = service.curves.read(stored.id, max_age=EPOCHS_MAY_BE_OLD)
    progress = measure(records, experiment.training.epochs, max(1, service.queue.state.ready_workers))
    if was_active != progress.active:
        st.rerun()  # the whole page once more, without the timer, or with it
    runs = stored_runs(experiment, records)
    with st.container(horizontal=True, vertical_alignment="center"):
        draw_head(experiment, stored.id, progress, owned=False, used=count_used(records))
        what = draw_judged(experiment, runs, stored.id)
    if progress.active:
        draw_progress(service, experiment, stored.id, records, progress)
    draw_failures(records)
    if not any(run.epochs for run in runs):
        st.info(text.WAITING_FOR_FIRST_EPOCH)
        return
    draw_answer_and_cards(experiment, runs, what)
    draw_chart_panel(experiment, runs, stored.id, None, what)
