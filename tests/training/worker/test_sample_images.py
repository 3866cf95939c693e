"""What augmentation makes of images, with the real layers."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.registry import Digits
from datasets.split import make_split
from experiment.spec import parse_experiment
from results.findings.samples import Samples, read_samples
from results.store import Store
from training.dispatch.tasks import augment_samples

pytestmark = pytest.mark.usefixtures("keras")
SHOWN_EPOCHS, SHOWN_IMAGES = 3, 6


def samples(folder: Path, technique: dict[str, Any], **dataset: Any) -> Samples:
    variant = {"name": "v", "techniques": [technique]}
    spec = json.dumps({"dataset": {"name": "digits", **dataset}, "variants": [variant], "seeds": [4]})
    url = f"sqlite:///{folder / 'results.db'}"
    Store(url).close()  # workers make none
    return read_samples(augment_samples(spec, url))


def test_the_first_row_is_the_data_and_the_others_are_mirrored_or_not(tmp_path: Path) -> None:
    off = {"translation": 0.0, "rotation": 0.0, "zoom": 0.0}
    found = samples(tmp_path, {"name": "augmentation", "flip": "horizontal", **off}, train_size=50)
    digits = Digits(train_size=50)
    split = make_split(digits, digits.load(), 4)
    assert found.images.shape == (1 + SHOWN_EPOCHS, SHOWN_IMAGES, 8, 8, 1)
    assert found.labels[0].argmax(axis=1).tolist() == split.y_train[:SHOWN_IMAGES].tolist()
    own = split.x_train[:SHOWN_IMAGES]
    np.testing.assert_allclose(found.images[0] / 255, (own - own.min()) / (own.max() - own.min()), atol=1 / 500)
    flipped = [
        (image != original).any()
        for epoch in found.images[1:]
        for image, original in zip(epoch, found.images[0], strict=True)
    ]
    assert 0 < sum(flipped) < len(flipped)
    for epoch in found.images[1:]:
        for image, original in zip(epoch, found.images[0], strict=True):
            assert (image == original).all() or (image == original[:, ::-1]).all()


def test_the_images_are_those_that_a_run_trains_on(tmp_path: Path) -> None:
    import tensorflow as tf

    from training.worker.augmentation import Augmentation

    spec = {"name": "augmentation", "translation": 0.2}
    found = samples(tmp_path, spec, train_size=50)
    variant = {"name": "v", "techniques": [spec]}
    experiment = parse_experiment(json.dumps({"dataset": {"name": "digits", "train_size": 50}, "variants": [variant]}))
    digits = Digits(train_size=50)
    split = make_split(digits, digits.load(), 4)
    augmentation = Augmentation(experiment.plan(experiment.variants[0]))
    x, y = tf.constant(split.x_train), tf.constant(split.y_train)
    changed, _ = augmentation.apply(x, y, seed=4, epoch=2)
    own = split.x_train[:SHOWN_IMAGES]
    expected = np.clip((changed.numpy()[:SHOWN_IMAGES] - own.min()) / (own.max() - own.min()), 0, 1)
    np.testing.assert_allclose(found.images[2] / 255, expected, atol=1 / 500)


def test_mixed_images_have_mixed_labels(tmp_path: Path) -> None:
    found = samples(tmp_path, {"name": "mixup", "alpha": 1.0}, train_size=50)
    np.testing.assert_allclose(found.labels.sum(axis=-1), 1, atol=1e-5)
    assert (found.labels[0].max(axis=-1) == 1).all()
    mixed = found.labels[1:][(found.labels[1:] > 0).sum(axis=-1) == 2]
    assert len(mixed) > SHOWN_IMAGES
