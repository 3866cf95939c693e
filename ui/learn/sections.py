"""The sections of the Learn page. A section computes nothing before it is opened."""

from functools import cache
from itertools import groupby

import numpy as np
import streamlit as st

from charts.curves import chart_height
from charts.technique_pictures import PICTURES, Material
from charts.views import ChartOptions
from datasets.registry import Digits
from experiment.judging import BASELINE
from experiment.lessons import lesson
from experiment.presets import FIRST_VISIT, presets, recorded_curves
from export.added_calls import added_calls
from export.keras_text import Writer
from models.architectures import ARCHITECTURES, make_plan
from models.keras_names import KERAS_NAMES
from models.parameters import Parameter, parameters
from models.techniques import TECHNIQUES, Technique
from ui import state, text
from ui.components.live_chart import live_chart
from ui.components.network_view import draw_network
from ui.lab.experiment_form import load_draft
from ui.layout import LAB_PAGE
from ui.learn import learn_text
from ui.services import figure, recorded_runs, summaries
from wording.in_words import describe
from wording.language import _

FIRST_IMAGE = 3
"""The first images of the digits are 0, 1, 2; a 3 and a 4 show turning and mixing better."""

EXAMPLE_SHARES = np.array([[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]])
EXAMPLE_LABELS = (2, 0)


@cache
def material() -> Material:
    """What pictures are made from: the digits, and a recorded run that overfits."""
    arrays = Digits().load()
    run = next(run for run in recorded_curves(FIRST_VISIT) if run.variant == BASELINE)
    return Material(
        images=arrays.x[FIRST_IMAGE:, ..., 0].astype(np.float64),
        labels=arrays.y[FIRST_IMAGE:],
        classes=len(arrays.class_names),
        train_loss=run.curves["train_loss"],
        val_loss=run.curves["val_loss"],
    )


def draw_overfitting() -> None:
    """A recorded net that overfits, with its marks."""
    st.markdown(learn_text.OVERFITTING_TEXT)
    experiment = presets()[FIRST_VISIT]
    run = next(run for run in recorded_runs(FIRST_VISIT) if run.variant == BASELINE)
    words = describe(summaries((run,)))
    epochs = experiment.training.epochs
    drawn = figure((run,), ChartOptions(BASELINE, epochs, revision="learn"))
    live_chart(drawn, key="learn_overfitting", alt=words, height=chart_height(1))
    st.caption(words)
    st.markdown(learn_text.OVERFITTING_MORE)


def draw_labels() -> None:
    """The same labels both ways, and that the loss is the same."""
    import pandas as pd  # a quarter of a second that no first page should wait for

    st.markdown(learn_text.LABELS_TEXT)
    st.code(learn_text.LABELS_CODE, language="python", wrap_lines=True)
    one_hot = np.eye(EXAMPLE_SHARES.shape[1], dtype=int)[list(EXAMPLE_LABELS)]
    rows = zip(EXAMPLE_SHARES, EXAMPLE_LABELS, one_hot, strict=True)
    values = [(_join(p), label, _join(row), f"−ln {p[label]:g} = {-np.log(p[label]):.3f}") for p, label, row in rows]
    st.table(pd.DataFrame(values, columns=list(learn_text.LABELS_COLUMNS)), hide_index=True)
    st.markdown(learn_text.LABELS_MORE)


def _join(values: np.ndarray) -> str:
    return ", ".join(f"{value:g}" for value in values)


def draw_names() -> None:
    """What Keras calls things, as a string, a function and a class."""
    import pandas as pd

    st.markdown(learn_text.NAMES_TEXT)
    for argument, names in groupby((n for n in KERAS_NAMES if n.listed), key=lambda name: name.argument):
        rows = [
            (f'`"{n.string}"`', f"`tf.keras.{n.function}`" if n.function else "–", f"`tf.keras.{n.cls}`") for n in names
        ]
        st.markdown(f"**{argument}**")
        st.table(pd.DataFrame(rows, columns=list(learn_text.NAMES_COLUMNS)), hide_index=True)


def draw_networks() -> None:
    """Each network of the registry with its defaults, as it is built for the digits."""
    st.markdown(learn_text.NETWORKS_TEXT)
    architectures = list(ARCHITECTURES.values())
    first_residual = next(_(architecture.label) for architecture in architectures if architecture.residual)
    tabs = st.tabs([_(architecture.label) for architecture in architectures], default=first_residual)
    for tab, architecture in zip(tabs, architectures, strict=True):
        with tab:
            st.markdown(f"{_(architecture.summary)} [{text.SOURCE}]({architecture.source})")
            st.caption(_(architecture.diagram))
            chosen = architecture.model_validate({})
            draw_network(make_plan(chosen, (), input_shape=Digits.shape, classes=Digits.classes))


def draw_technique(name: str) -> None:
    """One technique: its idea, its formula, its Keras line, its picture, when it hurts, and the way to the Lab."""
    technique = TECHNIQUES[name]
    words, picture = st.columns([1, 1], gap="large")
    with words:
        st.markdown(_(technique.idea))
        st.latex(technique.formula)
        st.markdown(learn_text.HURTS.format(text=_(technique.hurts)))
        st.caption(f"{text.ACTS.format(where=_(technique.acts))} [{text.SOURCE}]({technique.source})")
    with picture:
        _draw_picture(technique, name)
    st.code(keras_lines(technique), language="python", wrap_lines=True)
    if st.button(learn_text.COMPARE, key=f"compare_{name}", icon=":material/science:", type="primary"):
        experiment = lesson(technique)
        load_draft(experiment, notice=learn_text.LOADED.format(name=experiment.name))
        state.show_experiment(None)
        st.switch_page(LAB_PAGE)


def _draw_picture(technique: type[Technique], name: str) -> None:
    picture, values = PICTURES[name], technique.model_validate({}).model_dump()
    known = {parameter.key: parameter for parameter in parameters(technique)}
    place = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for key in picture.controls:
            values[key] = _slider(name, known[key], picture.starts.get(key, known[key].default))
        if picture.random:
            st.button(
                learn_text.DRAW_ANEW, key=f"anew_{name}", icon=":material/casino:", on_click=_draw_anew, args=(name,)
            )
    seed = st.session_state.get(state.LEARN_DRAWS, {}).get(name, 0)
    drawing = picture.draw(material(), values, seed)
    with place:
        live_chart(drawing.figure, key=f"learn_{name}", alt=drawing.words, height=picture.height)
        st.caption(drawing.words)


def _slider(name: str, parameter: Parameter, start: float) -> float:
    cast = int if parameter.kind == "int" else float
    low, high, step = map(cast, parameter.slider)
    return st.slider(
        _(parameter.label),
        low,
        high,
        cast(start),
        step,
        format="%g",
        key=f"learn_{name}_{parameter.key}",
        help=_(parameter.about),
        width=220,
    )


def _draw_anew(name: str) -> None:
    draws = st.session_state.setdefault(state.LEARN_DRAWS, {})
    draws[name] = draws.get(name, 0) + 1


def keras_lines(technique: type[Technique]) -> str:
    """What the technique's lesson has in Keras and the baseline has not, or that it has nothing."""
    return _added_lines(technique) or learn_text.NO_CALL


@cache
def _added_lines(technique: type[Technique]) -> str:
    experiment = lesson(technique)
    without, with_it = map(experiment.plan, experiment.variants)
    writer = Writer("class")
    lines = [line for call in added_calls(with_it, without) for line in writer.lay_out("", call, "", "")]
    return "\n".join(lines)
