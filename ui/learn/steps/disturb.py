"""Step 5: disturb it. What a row looks like to the net under four techniques, and the curves with and without."""

import streamlit as st

from experiment.judging import BASELINE, judge_runs
from models.techniques import TECHNIQUES
from ui.learn.recorded import experiment_of, runs_of, runs_of_variants
from ui.learn.sections import draw_picture
from ui.learn.steps.frame import Places, lab_chart
from wording.language import _
from wording.verdict import say_comparison

LESSON = "disturbed"
SHOWN = ("dropout", "augmentation", "mixup", "label_smoothing")
"""Techniques; each has a variant of its own in the lesson."""


def name_step() -> str:
    """What the step is called."""
    return _("Disturb it")


def draw(places: Places) -> None:
    """The picture of a technique, drawn anew on request, and the Lab's chart."""
    with places.figure:
        technique = _choose_technique()
        draw_picture(TECHNIQUES[technique], technique, place="step")
        shown, said = runs_of_variants(LESSON, BASELINE, variant_of(technique)), say_difference(technique)
        lab_chart(experiment_of(LESSON), shown, key="learn_disturbed", status=said)
    with places.words:
        st.markdown(
            _(
                "What is a little different every time cannot be learned by heart. **Dropout** silences units, "
                "**augmentation** moves and turns images, **mixup** blends two rows with their labels, **label "
                "smoothing** asks for a little less certainty. Draw anew: this is what the net gets to see next.\n\n"
                "When it is evaluated, nothing is disturbed. That is why all curves here are drawn in evaluation mode: "
                "training loss, too, is that of the undisturbed rows."
            )
        )
        st.markdown(f"**{_(TECHNIQUES[technique].label)}.** {_(TECHNIQUES[technique].idea)}")
    places.say(said)


def _choose_technique() -> str:
    chosen = st.segmented_control(
        _("Technique"), SHOWN, default=SHOWN[0], required=True, key="learn_disturbance", wrap=True,
        format_func=lambda name: _(TECHNIQUES[name].label), label_visibility="collapsed",
    )  # fmt: skip
    return chosen or SHOWN[0]


def variant_of(technique: str) -> str:
    """The lesson's variant that has this technique."""
    variants = experiment_of(LESSON).variants
    return next(v.name for v in variants if any(t.name == technique for t in v.techniques))


def say_difference(technique: str) -> str:
    """The Lab's verdict on the variant."""
    verdict = judge_runs(experiment_of(LESSON), runs_of(LESSON))
    return next(say_comparison(c, verdict) for c in verdict.comparisons if c.variant == variant_of(technique))
