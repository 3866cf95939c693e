"""Runs: every experiment of this visitor; open, run again, load, export, delete, import."""

from datetime import UTC, datetime

import streamlit as st

from experiment.limits import is_hosted
from experiment.spec import MAX_CHARACTERS, ExperimentError, parse_experiment
from results.records import ExperimentSummary, StoredExperiment
from ui import state, text
from ui.client_address import client_address
from ui.components.downloads import draw_downloads
from ui.components.plain import plain
from ui.lab.experiment_form import load_draft
from ui.layout import LAB_PAGE, draw_footer, draw_title
from ui.services import read_spec, reading_changed, services, stored_runs, verdict
from ui.visitor import ask_browser, visitor
from wording.language import _
from wording.numbers import write_time
from wording.verdict import say_briefly

SECONDS_BETWEEN_REFRESHES = 2.0


def draw_import() -> None:
    """An experiment file fills the form."""
    with st.expander(text.IMPORT, icon=":material/upload_file:"):
        file = st.file_uploader(
            text.IMPORT, type="json", max_upload_size=1, help=text.IMPORT_HELP, label_visibility="collapsed"
        )
        if file is None:
            return
        if file.size > MAX_CHARACTERS:
            st.error(text.FILE_TOO_LARGE.format(size=file.size, limit=MAX_CHARACTERS))
            return
        try:
            experiment = parse_experiment(file.getvalue(), services().uploads)
        except ExperimentError as error:
            st.error(text.REFUSED)
            st.code(str(error), language=None, wrap_lines=True)
            return
        if st.button(text.LOAD, type="primary"):
            load_draft(experiment)
            st.switch_page(LAB_PAGE)


@st.dialog(text.DELETE)
def ask_to_delete(identifier: str, name: str) -> None:
    """Deletes only after a second press."""
    st.markdown(text.DELETE_QUESTION.format(name=plain(name)))
    with st.container(horizontal=True):
        if (who := visitor()) and st.button(text.DELETE_CONFIRM, type="primary"):
            services().store.delete_experiment(identifier, visitor=who)
            if st.session_state.get(state.SHOWN_EXPERIMENT) == identifier:
                st.session_state[state.SHOWN_EXPERIMENT] = None
            st.rerun()
        if st.button(text.KEEP):
            st.rerun()


def run_again(stored: StoredExperiment) -> None:
    """Queues the same experiment once more for whoever presses, and shows it."""
    service, who = services(), visitor()
    if who is None:
        return
    try:
        experiment = parse_experiment(stored.spec, service.uploads)
        st.session_state[state.SHOWN_EXPERIMENT] = service.queue.submit(experiment, who, client_address())
    except ExperimentError as error:
        st.error(plain(str(error)))
    else:
        st.switch_page(LAB_PAGE)


@st.dialog(text.RUN_AGAIN)
def ask_to_run_again(stored: StoredExperiment, changed: str) -> None:
    """Says what is different, and queues the experiment after a second press."""
    st.markdown(changed)
    if st.button(text.RUN_ANYWAY, type="primary"):
        run_again(stored)


def draw_experiment(summary: ExperimentSummary, who: str) -> None:
    """One experiment: what it is, how far it is, and what can be done with it."""
    service = services()
    stored = service.store.experiment(summary.id)
    if stored is None:  # deleted while the list was drawn
        return
    experiment, name = read_spec(stored.spec), summary.name or text.UNTITLED
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(name)}**", width="content")
            for status, number in summary.counts.items():
                if number:
                    st.badge(f"{number} {text.STATUS_NAMES[status]}", color=text.STATUS_COLOURS[status])
        created = datetime.fromtimestamp(summary.created_at, UTC).astimezone()
        facts = [write_time(created), _(experiment.dataset.label), _(experiment.architecture.label)]
        runs = stored_runs(experiment, service.curves.read(summary.id))
        if claims := say_briefly(verdict(experiment, runs)):
            facts.append(plain(claims))
        st.caption(" · ".join(facts))
        with st.container(horizontal=True):
            if st.button(text.OPEN, key=f"open_{summary.id}", type="primary"):
                st.session_state[state.SHOWN_EXPERIMENT] = summary.id
                st.switch_page(LAB_PAGE)
            if summary.active and st.button(text.CANCEL, key=f"cancel_{summary.id}"):
                service.queue.cancel(summary.id, visitor=who)
                st.rerun()
            if st.button(text.RUN_AGAIN, key=f"again_{summary.id}"):
                if changed := reading_changed(stored):
                    ask_to_run_again(stored, changed)
                else:
                    run_again(stored)
            if st.button(text.LOAD, key=f"load_{summary.id}"):
                load_draft(experiment)
                st.session_state[state.SHOWN_EXPERIMENT] = None
                st.switch_page(LAB_PAGE)
            with st.popover(text.EXPORT):
                draw_downloads(experiment, summary.id, key="runs")
            if st.button(text.DELETE, key=f"delete_{summary.id}", type="tertiary"):
                ask_to_delete(summary.id, name)


def draw_experiments() -> None:
    """The list of whoever looks now, newest first."""
    who = visitor()
    if who is None:
        return
    experiments = services().store.experiments(who)
    if not experiments:
        st.info(text.NO_RUNS)
        st.page_link(LAB_PAGE, label=text.BACK_TO_LAB, icon=":material/science:")
    for summary in experiments:
        draw_experiment(summary, who)


state.arrive("runs")
services()
who = visitor()
days = services().queue.limits.days_kept
draw_title(text.RUNS, text.RUNS_INTRODUCTION_HOSTED.format(days=days) if is_hosted() else text.RUNS_INTRODUCTION)
if not is_hosted():
    for notice in services().opened.notices:
        st.info(plain(notice))
draw_import()
if who is not None:
    any_active = any(summary.active for summary in services().store.experiments(who))
    st.fragment(draw_experiments, run_every=SECONDS_BETWEEN_REFRESHES if any_active else None)()
draw_footer()
ask_browser()
