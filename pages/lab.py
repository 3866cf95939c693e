"""Lab: set up an experiment, train it, and watch where overfitting begins."""

from collections.abc import Collection

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from datasets.uploads import Upload
from experiment.estimate import estimate_seconds
from experiment.judging import judging_of
from experiment.link import decode_link
from experiment.presets import FIRST_VISIT, presets
from experiment.progress import show_duration
from experiment.spec import Experiment, ExperimentError
from models.layer_facts import count_parameters
from ui import state, text
from ui.client_address import client_address
from ui.components.plain import plain
from ui.lab.doubts_view import draw_doubts
from ui.lab.embedded_view import embedded_view
from ui.lab.experiment_form import draw_presets, experiment_form, follow_shown, load_draft
from ui.lab.experiment_view import experiment_view, recorded_view
from ui.lab.hints_view import draw_hints
from ui.lab.live_view import draw_live_switch, follow_changes, place_of
from ui.lab.mismatch import draw_mismatch
from ui.layout import draw_footer, draw_title
from ui.services import measured_factor, read_spec, services
from ui.visitor import ask_browser, visitor
from wording.language import ngettext
from wording.numbers import count_seeds
from wording.verdict import name_quantity

LAYOUT = """<style>
[data-testid="stMainBlockContainer"] { padding: 3rem 40px 2rem; }
[data-testid="stHorizontalBlock"]:has(> * .st-key-train_bar) { gap: 32px; }
[data-testid="stColumn"]:has(.st-key-train_bar) { flex: 0 0 368px; min-width: 0; }
[data-testid="stColumn"]:has(.st-key-results) { flex: 1 1 0; min-width: 0; }
.st-key-presets button p { font-size: 0.82rem; }
.st-key-results h3 { font-size: 1.4rem; padding: 0; }
.st-key-chart_panel { padding: 0.6rem 1rem; }
.st-key-steps { flex-wrap: nowrap !important; overflow-x: auto; }
.st-key-steps > div { flex: none; }
.st-key-mismatch { background: color-mix(in srgb, #d99a00 14%, transparent); padding: 0.6rem 1rem; }
@media (min-width: 641px) { .st-key-mismatch { flex-wrap: nowrap !important; } }
@media (max-width: 1180px) {
  [data-testid="stHorizontalBlock"]:has(> * .st-key-train_bar) { flex-direction: column-reverse; }
  [data-testid="stColumn"]:has(.st-key-train_bar), [data-testid="stColumn"]:has(.st-key-results) {
    flex: 1 1 auto; width: 100%;
  }
  .st-key-train_bar {
    position: fixed; bottom: 0; left: 0; right: 0; z-index: 99; padding: 0.6rem 1rem; gap: 0.2rem;
    background: light-dark(#fff, #0e1117); border-top: 1px solid color-mix(in srgb, currentColor 18%, transparent);
  }
  .st-key-train_bar p { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
  [data-testid="stMainBlockContainer"] { padding-bottom: 8rem; }
}
@media (max-width: 640px) { [data-testid="stMainBlockContainer"] { padding-left: 16px; padding-right: 16px; } }
</style>"""
"""The form beside the results; on a narrow screen below them, with Train in reach."""


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


def read_shown(identifier: str | None, recording: str) -> Experiment | None:
    """What the results are of: a stored experiment, else a recorded example; None if it was deleted."""
    if identifier is None:
        return presets()[recording]
    stored = services().store.experiment(identifier)
    return read_spec(stored.spec) if stored else None


def draw_results(into: DeltaGenerator, identifier: str | None, recording: str, who: str | None) -> None:
    """A stored experiment, else a recorded example."""
    with into:
        if identifier is None:
            recorded_view(recording)
        else:
            experiment_view(identifier, who)


def draw_train(bar: DeltaGenerator, drafted: Experiment | ExperimentError, who: str | None) -> bool:
    """Train, above the form; a refused experiment stays in the form, with the reason. Whether Live is on."""
    experiment = drafted if isinstance(drafted, Experiment) else None
    with bar:
        if notice := state.take(state.FORM_NOTICE):
            st.success(notice)
        if state.take(state.LIVE_WAITS):
            st.info(text.LIVE_WAITS)
        if refused := state.take(state.REFUSAL):
            show_mistakes(text.REFUSED, refused)
        if isinstance(drafted, ExperimentError):
            show_mistakes(text.FIX_FIRST, str(drafted))
        with st.container(key="train_bar", gap="xsmall"):
            pressed = st.button(
                text.TRAIN,
                type="primary",
                icon=":material/play_arrow:",
                width="stretch",
                disabled=not (experiment and who),
            )
            known = draw_cost(experiment, who) if experiment else False
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                live = draw_live_switch()
                anew = known and st.button(
                    text.TRAIN_ANEW, key="train_anew", type="tertiary", help=text.TRAIN_ANEW_HELP
                )
        if experiment:
            st.caption(describe_judging(experiment))
            draw_hints(experiment)
            if isinstance(experiment.dataset, Upload):
                draw_doubts(experiment.dataset, experiment.seeds[0])
    if pressed or anew:
        train(experiment, who, anew=anew)
    return live


def draw_cost(experiment: Experiment, who: str | None) -> bool:
    """What Train takes; whether it can take less than all, since numbers are known."""
    new = services().queue.find_new(experiment, who or "")
    known = len(experiment.runs()) - len(new)
    counts = [count_runs(experiment)] + [text.KNOWN_RUNS.format(count=known)] * (known > 0 and bool(new))
    st.caption(" · ".join((*counts, describe_cost(experiment, new))))
    return bool(known and who)


def train(experiment: Experiment | None, who: str | None, *, anew: bool = False) -> None:
    """Queues the form's experiment and shows it."""
    if experiment and who:
        try:
            state.show_experiment(services().queue.submit(experiment, who, client_address(), anew=anew))
            st.session_state[state.JUST_TRAINED] = True
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


def describe_cost(experiment: Experiment, new: Collection[tuple[str, int]]) -> str:
    """The largest network, and how long training its new runs will take here."""
    parameters = max(count_parameters(experiment.plan(variant)) for variant in experiment.variants)
    if not new:
        return text.ALL_KNOWN.format(parameters=parameters)
    factor = measured_factor()
    seconds = estimate_seconds(experiment, new, services().queue.workers, factor or 1.0)
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


services()
if st.context.is_embedded:
    embedded_view(st.query_params.get(state.EXPERIMENT_PARAMETER))
    st.stop()
who = visitor()
read_configuration()
identifier = state.shown_experiment(arrived=state.arrive("lab"))
place = identifier, st.session_state.get(state.RECORDING, FIRST_VISIT)
shown = read_shown(*place)
before = st.session_state.get(state.SHOWN_BEFORE)
st.session_state[state.SHOWN_BEFORE] = place
st.html(LAYOUT)
draw_title(text.APP, text.INTRODUCTION)
follow_shown(read_shown(*before) if before else None, shown)
draw_presets()
with st.container(key="lab"):
    form, results = st.columns([368, 960])
with results, st.container(key="results", gap="xsmall"):
    notice = st.container()  # there without anything in it, too, so that what is below keeps its place
    looked_at = st.container()
if place != before:  # what somebody came for, or has just begun to train; a form takes longer than a chart
    draw_results(looked_at, *place, who)
with form:
    bar = st.container(gap="xsmall")
    drafted = experiment_form(shown)
live = draw_train(bar, drafted, who)
with notice:
    if live and shown:
        follow_changes(drafted, shown, place_of(identifier), who)
    if shown and draw_mismatch(drafted, shown, trainable=isinstance(drafted, Experiment) and bool(who)):
        train(drafted if isinstance(drafted, Experiment) else None, who)
if place == before:
    draw_results(looked_at, *place, who)
draw_footer()
ask_browser()
