"""Lab: set up an experiment, train it, and watch where overfitting begins."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from experiment.estimate import estimate_seconds
from experiment.judging import judging_of
from experiment.link import decode_link
from experiment.presets import FIRST_VISIT
from experiment.progress import show_duration
from experiment.spec import Experiment, ExperimentError
from models.layer_facts import count_parameters
from ui import state, text
from ui.components.plain import plain
from ui.lab.experiment_form import draw_presets, experiment_form, load_draft
from ui.lab.experiment_view import experiment_view, recorded_view
from ui.layout import begin_within_app, draw_footer, draw_title
from ui.services import measured_factor, services
from ui.visitor import ask_browser, visitor
from wording.language import ngettext
from wording.numbers import count_seeds
from wording.verdict import name_quantity

LAYOUT = """<style>
@media (max-width: 640px) {
  .st-key-lab [data-testid="stHorizontalBlock"]:has(> [data-testid="stColumn"] .st-key-results) {
    flex-direction: column-reverse;
  }
}
</style>"""
"""On a phone the results come before the form."""


def read_configuration() -> None:
    """Fills the form from a configuration link, once."""
    packed = st.query_params.get(state.CONFIGURATION_PARAMETER)
    if packed is None or packed == st.session_state.get(state.READ_CONFIGURATION):
        return
    st.session_state[state.READ_CONFIGURATION] = packed
    try:
        load_draft(decode_link(packed, services().uploads), notice=text.LOADED_FROM_LINK)
    except ExperimentError as error:
        st.session_state[state.REFUSAL] = str(error)


def draw_train(top: DeltaGenerator, drafted: Experiment | ExperimentError, who: str | None) -> None:
    """Train, above the form; a refused experiment stays in the form, with the reason."""
    experiment = drafted if isinstance(drafted, Experiment) else None
    with top:
        if notice := state.take(state.FORM_NOTICE):
            st.success(notice)
        if refused := state.take(state.REFUSAL):
            show_mistakes(text.REFUSED, refused)
        if isinstance(drafted, ExperimentError):
            show_mistakes(text.FIX_FIRST, str(drafted))
        with st.container(horizontal=True, vertical_alignment="center"):
            pressed = st.button(
                text.TRAIN, type="primary", icon=":material/play_arrow:", width=220, disabled=not (experiment and who)
            )
            if experiment:
                facts = (count_runs(experiment), describe_cost(experiment), describe_judging(experiment))
                st.caption(" · ".join(facts), width="content")
    if pressed and experiment and who:
        try:
            state.show_experiment(services().queue.submit(experiment, who))
        except ExperimentError as error:
            st.session_state[state.REFUSAL] = str(error)
        st.rerun()


def count_runs(experiment: Experiment) -> str:
    """How many runs Train starts."""
    return text.RUNS_TO_TRAIN.format(
        variants=ngettext("{count} variant", "{count} variants", len(experiment.variants)),
        seeds=count_seeds(len(experiment.seeds)),
        runs=ngettext("{count} run", "{count} runs", len(experiment.runs())),
    )


def describe_cost(experiment: Experiment) -> str:
    """The largest network, and how long training will take here."""
    parameters = max(count_parameters(experiment.plan(variant)) for variant in experiment.variants)
    factor = measured_factor()
    seconds = estimate_seconds(experiment, services().queue.workers, factor or 1.0)
    template = text.ESTIMATE if factor else text.ESTIMATE_UNMEASURED
    return template.format(parameters=parameters, time=show_duration(seconds))


def describe_judging(experiment: Experiment) -> str:
    """What the verdict will judge, fixed before the seeds."""
    judging = judging_of(experiment)
    return text.WILL_BE_JUDGED.format(quantity=name_quantity(judging.what), reference=plain(judging.reference))


def show_mistakes(title: str, message: str) -> None:
    """All mistakes as a list, as they were typed."""
    st.error(title)
    st.code(message, language=None, wrap_lines=True)


begin_within_app()
services()
who = visitor()
read_configuration()
draw_title(text.APP, text.INTRODUCTION)
st.html(LAYOUT)
draw_presets()
top = st.container()
with st.container(key="lab"):
    form, results = st.columns([2, 3], gap="large")
with form:
    drafted = experiment_form()
draw_train(top, drafted, who)
with results, st.container(key="results"):
    identifier = state.shown_experiment()
    if identifier is None:
        recorded_view(st.session_state.get(state.RECORDING, FIRST_VISIT))
    else:
        experiment_view(identifier, who)
draw_footer()
ask_browser()
