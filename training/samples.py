"""What augmentation and mixing make of some training images. Made by workers with the real layers, read by pages."""

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from datasets.split import change_labels, scale, split_rows
from training.experiment import Experiment, parse_experiment

SHOWN_IMAGES: Final = 6
SHOWN_EPOCHS: Final = 3


@dataclass(frozen=True, eq=False)
class Samples:
    """The same training rows as they are (first), then in the first epochs of a run.

    Attributes:
        class_names: of all classes.
        images: uint8, shape (1 + epochs, images, height, width, channels).
        labels: the share of each class in each image, shape (1 + epochs, images, classes).
    """

    class_names: tuple[str, ...]
    images: NDArray[np.uint8]
    labels: NDArray[np.float32]


def make_samples(spec: str, database_url: str) -> bytes:
    """Samples for the first variant and seed of an experiment, as bytes. Called in workers only.

    Draws are those of a run, whose first rows these are. The scale is that of the first block of rows, for scaling
    all of them would take a large data set many seconds.
    """
    from training.augmentation import BLOCK_ROWS
    from training.worker import load, open_store

    open_store(database_url)  # an uploaded data set is found there
    experiment = parse_experiment(spec)
    dataset, seed = experiment.dataset_of(experiment.variants[0]), experiment.seeds[0]
    arrays = load(experiment.dataset)
    pool, _, _ = split_rows(arrays.y, dataset.held_out, seed)
    rows = pool[: min(dataset.training_rows, BLOCK_ROWS)]
    (x,) = scale(arrays.x[rows], per_feature=False)
    labels = change_labels(arrays.y[rows], dataset.label_noise, dataset.classes, seed)
    images, shares = _change(experiment, x, np.eye(dataset.classes, dtype=np.float32)[labels])
    file = io.BytesIO()
    np.savez_compressed(file, class_names=np.array(arrays.class_names), images=images, labels=shares)
    return file.getvalue()


def _change(
    experiment: Experiment, x: NDArray[np.float32], labels: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The first rows, then what becomes of them in each epoch; pixels keep the brightness that they had."""
    from training.augmentation import Augmentation

    augmentation = Augmentation(experiment.plan(experiment.variants[0]))
    epochs = [(x, labels)]
    for epoch in range(1, SHOWN_EPOCHS + 1):
        changed = augmentation.apply(x, labels, seed=experiment.seeds[0], epoch=epoch, on_border=lambda: None)
        epochs.append((np.asarray(changed[0]), np.asarray(changed[1])))
    images = np.stack([changed[:SHOWN_IMAGES] for changed, _ in epochs])
    low, high = float(images[0].min()), float(images[0].max())
    pixels = np.rint(np.clip((images - low) / ((high - low) or 1.0), 0, 1) * 255).astype(np.uint8)
    return pixels, np.stack([shares[:SHOWN_IMAGES] for _, shares in epochs])


def read_samples(content: bytes) -> Samples:
    """What `make_samples` packed."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return Samples(tuple(map(str, file["class_names"])), file["images"], file["labels"])
