"""Step 6: predict, then look. Three recorded experiments whose result is shown once the person has chosen."""

from collections.abc import Callable
from functools import cache

import streamlit as st

from analysis.verdict import Verdict
from experiment.judging import judge_runs
from ui.components.plain import plain
from ui.lab.verdict_view import draw_cards
from ui.learn.recorded import experiment_of, runs_of
from ui.learn.steps.frame import Places, lab_chart, open_in_lab
from wording.language import _
from wording.numbers import format_number
from wording.verdict import say_answer


def name_step() -> str:
    """What the step is called."""
    return _("Predict, then look")


def _plenty() -> str:
    return _("Plenty of data. Dropout on a few rows of two spirals and on forty times as many. Which is lowest?")


def _noisy() -> str:
    return _("Noisy labels. Three of ten training labels are wrong on purpose. What helps most?")


def _small() -> str:
    return _("A net that is too small: four hidden units for ten digits. What helps it?")


QUESTIONS: dict[str, tuple[Callable[[], str], Callable[[], str]]] = {
    "plenty_of_data": (lambda: _("Plenty of data"), _plenty),
    "noisy_labels": (lambda: _("Noisy labels"), _noisy),
    "too_small_a_net": (lambda: _("A net too small"), _small),
}
"""Recorded experiment -> its short name, and what is asked about it."""


def draw(places: Places) -> None:
    """The question; the result only once something was predicted."""
    with places.words:
        st.markdown(
            _(
                "Now you know what the curves mean. Which variant will hand over the **lowest validation loss**? Say "
                "it before you look: only then does a result teach something.\n\n"
                "The Lab asks the same of any data and any technique."
            )
        )
    with places.figure:
        name = _choose_experiment()
        experiment, runs = experiment_of(name), runs_of(name)
        st.markdown(f"**{QUESTIONS[name][1]()}**")
        predicted = st.pills(
            _("My prediction"), [variant.name for variant in experiment.variants], key=f"learn_predicted_{name}",
            format_func=plain,
        )  # fmt: skip
        if predicted is not None:
            draw_cards(experiment, runs, experiment.judging.what, None)
            lab_chart(experiment, runs, key="learn_predicted", status=say_result(name, predicted))
        if st.button(
            _("Run it yourself in the Lab"), key="learn_to_lab", icon=":material/science:",
            type="primary" if predicted is not None else "secondary",
        ):  # fmt: skip
            open_in_lab(experiment)
    places.say(_("Choose one.") if predicted is None else say_result(name, predicted))


def _choose_experiment() -> str:
    first = next(iter(QUESTIONS))
    chosen = st.segmented_control(
        _("Experiment"), list(QUESTIONS), default=first, required=True, key="learn_experiment", wrap=True,
        format_func=lambda name: QUESTIONS[name][0](), label_visibility="collapsed",
    )  # fmt: skip
    return chosen or first


@cache
def verdict_on(name: str) -> Verdict:
    """The Lab's verdict on a recorded experiment."""
    return judge_runs(experiment_of(name), runs_of(name))


def lowest_of(name: str) -> tuple[str, float]:
    """The variant with the lowest mean of what is judged, and that mean."""
    means = {c.variant: c.mean for c in verdict_on(name).comparisons if c.mean is not None}
    best = min(means, key=lambda variant: means[variant])
    return best, means[best]


def say_result(name: str, predicted: str) -> str:
    """Whether the prediction holds, and what can be claimed."""
    variant, loss = lowest_of(name)
    head = _("**As you said.**") if variant == predicted else _("**Not as you said.**")
    lowest = _("The lowest mean is that of {variant}: {loss}.").format(variant=plain(variant), loss=format_number(loss))
    return f"{head} {lowest} {plain(say_answer(verdict_on(name)))}"
