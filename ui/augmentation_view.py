"""What the augmentation of a variant makes of some training images: computed by a worker, while the page goes on."""

import logging
from functools import lru_cache
from typing import Any

import streamlit as st

from training.cluster import ClusterError
from training.experiment import Experiment, Variant
from training.samples import Samples, read_samples
from training.task import augment_samples
from ui import text
from ui.pictures import draw_pictures
from ui.services import services

SECONDS_BETWEEN_LOOKS = 0.5
PICTURE_WIDTH = 3.75
"""Of six in a row of the form, in rem."""

logger = logging.getLogger(__name__)


def draw_augmentation(experiment: Experiment) -> None:
    """An expander for image data with a variant that changes its images; nothing otherwise."""
    changing = {variant.name: spec for variant in experiment.variants if (spec := changing_part(experiment, variant))}
    if not changing or experiment.dataset.missing:
        return
    expander = st.expander(text.AUGMENTED, icon=":material/auto_fix_high:", key="augmented", on_change="rerun")
    with expander:
        if not expander.open:
            return
        name = next(iter(changing))
        if len(changing) > 1:
            name = st.selectbox(text.SHOWN_VARIANT, changing, key="augmented_variant")
        answer = _answer(changing[name])
        if answer is None:
            st.fragment(_wait, run_every=SECONDS_BETWEEN_LOOKS)(changing[name])
        elif isinstance(answer, str):
            st.warning(answer)
        else:
            _draw(answer)


def changing_part(experiment: Experiment, variant: Variant) -> str | None:
    """The experiment that says all that its changed images depend on, as JSON; None if it changes none."""
    shape = experiment.dataset.shape
    techniques = tuple(t for t in variant.techniques if t.augmentation(shape) or t.mixing())
    if experiment.dataset.kind != "image" or not techniques:
        return None
    only = Experiment(
        dataset=experiment.dataset,
        variants=(Variant(name="samples", techniques=techniques),),
        seeds=experiment.seeds[:1],
    )
    return only.model_dump_json()


def _wait(spec: str) -> None:
    if _is_done(spec):
        st.rerun()  # the whole page once more, without the timer
    st.caption(text.AUGMENTING if services().queue.state.ready_workers else text.WARMING_UP_FOR_PREVIEW)


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
        return samples.class_names[present[0]]
    return "\n".join(f"{shares[label]:.0%} {samples.class_names[label]}" for label in present[:2])


def _answer(spec: str) -> Samples | str | None:
    """The samples, why there are none, or None as long as they are not there yet."""
    if not _is_done(spec):
        return None
    try:
        return read_samples(_ask(spec).result())
    except Exception:  # whatever a worker ran into: the preview is no reason to lose the page
        logger.exception("no preview of an augmentation")
        _ask.cache_clear()  # asked again when it is looked at again
        return text.NO_PREVIEW


def _is_done(spec: str) -> bool:
    try:
        return bool(_ask(spec).done())
    except ClusterError:  # no worker is ready yet
        return False


@lru_cache(maxsize=32)
def _ask(spec: str) -> Any:
    """The future with the samples: asked for once, for all sessions."""
    service = services()
    return service.queue.ask(augment_samples, spec, service.store.url)
