"""Makes some training images as augmentation and mixing change them, with the real layers."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from datasets.split import choose_rows, scale
from experiment.spec import Experiment
from results.findings.samples import Samples, pack_samples
from training.worker.augmentation import BLOCK_ROWS, Augmentation
from training.worker.data import load

SHOWN_IMAGES: Final = 6
SHOWN_EPOCHS: Final = 3


def make_samples(experiment: Experiment) -> bytes:
    """Samples for the first variant and seed of an experiment, packed.

    Draws are those of a run, whose first rows these are. The scale is that of the first block of rows, for scaling
    all of them would take a large data set many seconds.
    """
    dataset, seed = experiment.dataset_of(experiment.variants[0]), experiment.seeds[0]
    arrays = load(experiment.dataset)
    chosen = choose_rows(dataset, arrays.y, seed)
    (x,) = scale(arrays.x[chosen.train[:BLOCK_ROWS]], per_feature=False)
    labels = np.eye(dataset.classes, dtype=np.float32)[chosen.labels[:BLOCK_ROWS]]
    images, shares = _change(experiment, x, labels)
    return pack_samples(Samples(arrays.class_names, images, shares))


def _change(
    experiment: Experiment, x: NDArray[np.float32], labels: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The first rows, then what becomes of them in each epoch; pixels keep the brightness that they had."""
    augmentation = Augmentation(experiment.plan(experiment.variants[0]))
    epochs = [(x, labels)]
    for epoch in range(1, SHOWN_EPOCHS + 1):
        changed = augmentation.apply(x, labels, seed=experiment.seeds[0], epoch=epoch)
        epochs.append((np.asarray(changed[0]), np.asarray(changed[1])))
    images = np.stack([changed[:SHOWN_IMAGES] for changed, _ in epochs])
    low, high = float(images[0].min()), float(images[0].max())
    pixels = np.rint(np.clip((images - low) / ((high - low) or 1.0), 0, 1) * 255).astype(np.uint8)
    return pixels, np.stack([shares[:SHOWN_IMAGES] for _, shares in epochs])
