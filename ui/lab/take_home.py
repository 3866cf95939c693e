"""What a person takes home of a variant: its Keras script, and of its runs the model and TensorBoard's files."""

from collections.abc import Sequence
from functools import lru_cache

import streamlit as st

from datasets.table import TableError
from experiment.spec import Experiment
from experiment.used import is_beginning
from export.file_names import variant_stem
from export.keras_text import Style
from export.notebook import as_notebook
from export.script import STYLES, Cell, as_python, make_script
from models.layer_facts import count_parameters
from results.artifacts import artifact_size, read_artifact
from results.curves import RunRecord
from results.findings.kept_model import MAX_MODEL_BYTES, MODEL, is_kept
from results.uploads import upload_name
from training.dispatch.questions import Question
from training.dispatch.tasks import write_event_files
from ui import text
from ui.components.plain import plain
from ui.services import services
from ui.visitor import visitor
from wording.language import language

CODE_HEIGHT = 420
MEGABYTE = 1_000_000


@st.fragment
def draw_take_home(experiment: Experiment, records: Sequence[RunRecord] = ()) -> None:
    """The script of any variant; with `records`, what their runs have left, too."""
    st.caption(text.TAKE_HOME_HELP)
    names = [variant.name for variant in experiment.variants]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(text.SHOWN_VARIANT, names, key="take_home_variant", width=260)
        style = st.segmented_control(
            text.STYLE,
            STYLES,
            default="class",
            required=True,
            format_func=lambda style: text.STYLES[style],
            key="take_home_style",
        )
    try:
        cells = _script(experiment, name, style, _file_name(experiment), language())
    except TableError as error:
        st.warning(plain(str(error)))
        return
    st.code(as_python(cells), language="python", height=CODE_HEIGHT)
    _offer_script(cells, variant_stem(experiment, name))
    if runs := [record for record in records if record.run.variant == name and record.last_epoch]:
        _offer_run(experiment, runs)


def _offer_script(cells: tuple[Cell, ...], stem: str) -> None:
    with st.container(horizontal=True):
        for label, data, ending, kind in (
            (text.DOWNLOAD_SCRIPT, as_python(cells), "py", "text/x-python"),
            (text.DOWNLOAD_NOTEBOOK, as_notebook(cells), "ipynb", "application/x-ipynb+json"),
        ):
            st.download_button(label, data, f"{stem}.{ending}", kind, key=f"take_home_{ending}", on_click="ignore")


def _offer_run(experiment: Experiment, records: Sequence[RunRecord]) -> None:
    """The trained model and the logs of the run of one seed."""
    service, by_seed = services(), {record.run.seed: record.run for record in records}
    st.markdown(text.TRAINED_HERE)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        run = by_seed[st.selectbox(text.SHOWN_SEED, by_seed, key="take_home_seed", width=140)]
        stem = f"{variant_stem(experiment, run.variant)}-seed-{run.seed}"
        size = artifact_size(service.store, run.id, MODEL)
        if size is not None:
            st.download_button(
                text.DOWNLOAD_MODEL.format(size=size / MEGABYTE),
                lambda: (read_artifact(service.store, run.id, MODEL) or (0, b""))[1],
                f"{stem}.keras",
                "application/octet-stream",
                key="take_home_model",
                on_click="ignore",
            )
        who = visitor() or ""  # now: the file is made in a thread that no session belongs to
        ready = bool(service.queue.state.ready_workers)
        st.download_button(
            text.DOWNLOAD_EVENTS,
            lambda: service.queue.questions.wait(Question(write_event_files, (run.id, service.store.url)), who),
            f"{stem}.tensorboard.zip",
            "application/zip",
            key="take_home_events",
            on_click="ignore",
            disabled=not ready,
            help=text.EVENTS_HELP if ready else text.WARMING_UP_FOR_EVENTS,
        )
    if size is not None:
        st.caption(text.MODEL_HELP)
    elif not is_kept(count_parameters(experiment.plan(experiment.variant(run.variant)))):
        st.caption(text.MODEL_TOO_LARGE.format(limit=MAX_MODEL_BYTES / MEGABYTE))
    elif run.active:
        st.caption(text.MODEL_LATER)
    elif is_beginning(run, experiment):
        st.caption(text.OF_A_LONGER_RUN)


@lru_cache(maxsize=64)
def _script(experiment: Experiment, name: str, style: Style, file_name: str | None, _language: str) -> tuple[Cell, ...]:
    """Its comments are in a language, which therefore belongs to the key."""
    return make_script(experiment, experiment.variant(name), style, file_name)


def _file_name(experiment: Experiment) -> str | None:
    """What the file of somebody's own data is called."""
    return next((upload_name(services().store, sha256) for sha256 in experiment.dataset.uploads), None)
