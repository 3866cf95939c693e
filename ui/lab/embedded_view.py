"""One experiment's result alone, for a frame in a page of another site: nothing can be changed there."""

from html import escape

import streamlit as st

from experiment.presets import FIRST_VISIT, presets
from experiment.spec import Experiment
from experiment.used import count_used
from results.records import StoredExperiment
from ui import state, text
from ui.components import live_road
from ui.lab.deeper import page_url
from ui.lab.experiment_view import (
    EPOCHS_MAY_BE_OLD,
    SECONDS_BETWEEN_REFRESHES,
    Drawn,
    draw_answer_and_cards,
    draw_chart_panel,
    draw_failures,
    draw_head,
    draw_no_epoch,
    draw_progress,
    draw_whole_page_if_changed,
    follow_runs,
)
from ui.lab.history import PRESET
from ui.lab.verdict_view import draw_judged
from ui.language import tell_browser
from ui.live.message import take_look
from ui.refreshes import in_turn
from ui.services import read_spec, recorded_runs, services, stored_runs
from wording.language import _

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
    tell_browser()
    st.html(f'<small><a href="{escape(whole)}" target="_blank" rel="noopener">{text.OPEN_WHOLE_PAGE}</a></small>')


def _draw_recorded(experiment: Experiment) -> None:
    runs = recorded_runs(FIRST_VISIT)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(_(experiment.name), anchor=False, width="content")
        st.badge(text.RECORDED, icon=":material/videocam:", color="violet", help=text.RECORDED_HELP)
        what = draw_judged(experiment, runs, FIRST_VISIT)
    draw_answer_and_cards(experiment, runs, what)
    draw_chart_panel(experiment, runs, f"{PRESET}{FIRST_VISIT}", None, what)


def _draw_stored(identifier: str) -> None:
    service = services()
    stored = service.store.experiment(identifier)
    if stored is None:
        st.warning(text.NOT_FOUND)
        return
    active = any(record.run.active for record in service.curves.read(identifier))
    drawn = Drawn(active, live_road.is_closed())
    every = SECONDS_BETWEEN_REFRESHES if drawn.active and drawn.road_closed else None
    st.fragment(_live, run_every=every)(stored, drawn)


@in_turn
def _live(stored: StoredExperiment, drawn: Drawn) -> None:
    service, experiment = services(), read_spec(stored.spec)
    look = take_look(service, stored.id, experiment, EPOCHS_MAY_BE_OLD)
    draw_whole_page_if_changed(drawn, look)
    runs = stored_runs(experiment, look.records)
    begun = any(run.epochs for run in runs)
    with st.container():  # what comes and goes, so that the chart keeps its place
        with st.container(horizontal=True, vertical_alignment="center"):
            draw_head(experiment, stored.id, look.progress, owned=False, used=count_used(look.records))
            what = draw_judged(experiment, runs, stored.id)
        if look.progress.active:
            draw_progress(service, stored.id, look)
        draw_failures(look.records)
        if begun:
            draw_answer_and_cards(experiment, runs, what)
        else:
            draw_no_epoch(active=look.progress.active)
    chart = draw_chart_panel(experiment, runs, stored.id, None, what) if begun else None
    follow_runs(look, stored.id, None, what, chart)
