"""What the augmentation of a variant makes of some training images: computed by a worker, while the page goes on."""

import streamlit as st

from experiment.spec import Experiment
from models.names import visible
from results.findings.samples import Samples, read_samples
from training.dispatch.questions import ask_samples
from ui import text
from ui.components.pictures import draw_pictures
from ui.components.worker_answer import draw_answer
from ui.services import services

PICTURE_WIDTH = 3.75
"""Of six in a row of the form, in rem."""


def draw_augmentation(experiment: Experiment) -> None:
    """An expander for image data with a variant that changes its images; nothing otherwise."""
    url = services().store.url
    questions = {v.name: question for v in experiment.variants if (question := ask_samples(experiment, v, url))}
    if not questions or experiment.dataset.missing:
        return
    expander = st.expander(text.AUGMENTED, icon=":material/auto_fix_high:", key="augmented", on_change="rerun")
    with expander:
        if not expander.open:
            return
        name = next(iter(questions))
        if len(questions) > 1:
            name = st.selectbox(text.SHOWN_VARIANT, questions, key="augmented_variant")
        draw_answer(
            questions[name],
            lambda content: _draw(read_samples(content)),
            waiting=text.AUGMENTING,
            warming_up=text.WARMING_UP_FOR_PREVIEW,
            failed=text.NO_PREVIEW,
        )


def _draw(samples: Samples) -> None:
    for epoch in range(len(samples.images)):
        st.caption(text.CHANGED_IN_EPOCH.format(epoch=epoch) if epoch else text.UNCHANGED)
        captions = [_caption(samples, epoch, image) for image in range(samples.images.shape[1])]
        draw_pictures(samples.images[epoch], captions, width=PICTURE_WIDTH)


def _caption(samples: Samples, epoch: int, image: int) -> str:
    """The class of an image; of a mixed one, the shares of its two."""
    shares = samples.labels[epoch, image]
    present = [int(label) for label in (-shares).argsort(kind="stable") if shares[label] > 0]
    if len(present) == 1:
        return visible(samples.class_names[present[0]])
    return "\n".join(f"{shares[label]:.0%} {visible(samples.class_names[label])}" for label in present[:2])
