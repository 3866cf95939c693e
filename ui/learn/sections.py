"""The sections of the Learn page. A section computes nothing before it is opened."""

from collections.abc import Sequence
from functools import cache
from itertools import groupby

import numpy as np
import streamlit as st

from charts.technique_pictures import PICTURES, Material
from datasets.registry import Digits
from experiment.judging import BASELINE, judge_runs
from experiment.lessons import lesson
from experiment.presets import FIRST_VISIT, recorded_curves
from export.added_calls import added_calls
from export.keras_text import Writer
from export.sharpness_source import sharpness_source
from models.architectures import ARCHITECTURES, make_plan
from models.keras_names import KERAS_NAMES
from models.parameters import Parameter, parameters
from models.techniques import TECHNIQUES, Technique
from ui import state, text
from ui.components.live_chart import live_chart
from ui.components.network_view import draw_network
from ui.components.plain import plain
from ui.learn import learn_text
from ui.learn.recorded import experiment_of, runs_of
from ui.learn.steps.frame import lab_chart, open_in_lab
from wording.language import _
from wording.verdict import say_answer

FIRST_IMAGE = 3
"""The first images of the digits are 0, 1, 2; a 3 and a 4 show turning and mixing better."""

DEEP_NETS = "deep_nets"
HUNDRED_LAYERS, LAYERS_IN_A_BLOCK = 100, 2
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
    st.markdown(learn_text.NAMES_MORE)
    for argument, names in groupby((n for n in KERAS_NAMES if n.listed), key=lambda name: name.argument):
        rows = [
            (f'`"{n.string}"`', f"`tf.keras.{n.function}`" if n.function else "–", f"`tf.keras.{n.cls}`") for n in names
        ]
        st.markdown(f"**{argument}**")
        st.table(pd.DataFrame(rows, columns=list(learn_text.NAMES_COLUMNS)), hide_index=True)


def draw_networks() -> None:
    """Each network of the registry with its defaults, as it is built for the digits; what shortcuts are for."""
    import pandas as pd

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
    st.markdown(learn_text.RESIDUAL_TEXT)
    st.code(learn_text.RESIDUAL_CODE, language="python", wrap_lines=True)
    st.markdown(learn_text.DEEP_TEXT)
    st.table(pd.DataFrame(list(learn_text.DEEP_ROWS), columns=list(learn_text.DEEP_COLUMNS)), hide_index=True)
    _draw_deep()


def _draw_deep() -> None:
    """A hundred layers as they are built, and what half of them learn with and without shortcuts."""
    residual = next(architecture for architecture in ARCHITECTURES.values() if architecture.residual)
    deep = residual.model_validate({"blocks": HUNDRED_LAYERS // LAYERS_IN_A_BLOCK})
    st.markdown(_("**A hundred layers** are one block again and again:"))
    draw_network(make_plan(deep, (), input_shape=Digits.shape, classes=Digits.classes))
    experiment, runs = experiment_of(DEEP_NETS), runs_of(DEEP_NETS)
    answer = plain(say_answer(judge_runs(experiment, runs)))
    st.markdown(_("**Fifty layers**, recorded. {answer}").format(answer=answer))
    lab_chart(experiment, runs, key="learn_deep")
    if st.button(learn_text.COMPARE, key="compare_deep", icon=":material/science:"):
        open_in_lab(experiment)


def draw_technique(name: str) -> None:
    """One technique in the same places as all: idea, when it hurts, source; formula, Keras line, picture, the Lab."""
    technique = TECHNIQUES[name]
    words, picture = st.columns([1, 1], gap="large")
    with words:
        st.markdown(_(technique.idea))
        st.markdown(learn_text.HURTS.format(text=_(technique.hurts)))
        st.caption(f"{text.ACTS.format(where=_(technique.acts))} [{text.SOURCE}]({technique.source})")
        st.latex(technique.formula)
        st.code(keras_lines(technique) or learn_text.NO_CALL, language="python", wrap_lines=True)
        if st.button(learn_text.COMPARE, key=f"compare_{name}", icon=":material/science:", type="primary"):
            open_in_lab(lesson(technique))
    with picture:
        draw_picture(technique, name, place="entry")


def draw_picture(technique: type[Technique], name: str, *, place: str) -> None:
    """What a technique does, with sliders for its parameters, drawn anew on request where chance has a part in it.

    Args:
        technique: of the registry.
        name: its name.
        place: where on the page; two pictures of one technique have their own widgets.
    """
    picture, values = PICTURES[name], technique.model_validate({}).model_dump()
    known = {parameter.key: parameter for parameter in parameters(technique)}
    key, drawn = f"learn_{place}_{name}", st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for control in picture.controls:
            start = picture.starts.get(control, known[control].default)
            values[control] = _slider(f"{key}_{control}", known[control], start)
        if picture.random:
            st.button(
                learn_text.DRAW_ANEW, key=f"{key}_anew", icon=":material/casino:", on_click=_draw_anew, args=(key,)
            )
    seed = st.session_state.get(state.LEARN_DRAWS, {}).get(key, 0)
    drawing = picture.draw(material(), values, seed)
    with drawn:
        live_chart(drawing.figure, key=key, alt=drawing.words, height=picture.height)
        st.caption(drawing.words)


def _slider(key: str, parameter: Parameter, start: float) -> float:
    cast = int if parameter.kind == "int" else float
    low, high, step = map(cast, parameter.slider)
    return st.slider(
        _(parameter.label),
        low,
        high,
        cast(start),
        step,
        format="%g",
        key=key,
        help=_(parameter.about),
        width=220,
    )


def _draw_anew(key: str) -> None:
    draws = st.session_state.setdefault(state.LEARN_DRAWS, {})
    draws[key] = draws.get(key, 0) + 1


def keras_lines(technique: type[Technique]) -> str:
    """What the technique's lesson has in Keras and the baseline has not; a layer of the network as it is written in
    one: `H = tf.keras.layers.Dropout(0.3)(H)`. Empty where that is nothing."""
    experiment = lesson(technique)
    without, with_it = map(experiment.plan, experiment.variants)
    writer, layers = Writer("class"), {layer.call for layer in with_it.layers}
    lines = []
    for added in added_calls(with_it, without):
        head, tail = ("H = ", "(H)") if added in layers else ("", "")
        lines += writer.lay_out(head, added, tail, "")
    if with_it.class_weighting is not None:
        lines.append(learn_text.CLASS_WEIGHT_CALL)
    if with_it.teachers is not None:
        lines.append(learn_text.DISTILLER_CALL)
    if with_it.sharpness is not None:
        lines += sharpness_source(with_it)
    return "\n".join(lines)


def explain(entry: str) -> Sequence[str]:
    """The words of what is no technique, for the search."""
    return {
        "labels": (learn_text.LABELS_TEXT, learn_text.LABELS_CODE, learn_text.LABELS_MORE),
        "names": (learn_text.NAMES_TEXT, *(f"{n.string} {n.function} {n.cls}" for n in KERAS_NAMES if n.listed)),
        "networks": (learn_text.NETWORKS_TEXT, *(_(architecture.label) for architecture in ARCHITECTURES.values())),
    }[entry]
