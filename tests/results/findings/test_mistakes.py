"""Confusion matrices and mistakes, by hand and against scikit-learn."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from results.findings.mistakes import SHOWN, as_pixels, count_confusions, pack_mistakes, read_mistakes, surest_mistakes


@given(st.integers(2, 6), st.integers(0, 2**31))
def test_confusions_are_scikit_learns(classes: int, seed: int) -> None:
    truth, predicted = np.random.default_rng(seed).integers(0, classes, (2, 50)).astype(np.int32)
    np.testing.assert_array_equal(
        count_confusions(truth, predicted, classes), confusion_matrix(truth, predicted, labels=range(classes))
    )


def test_the_surest_mistake_comes_first() -> None:
    probabilities = np.array([[0.6, 0.4], [0.1, 0.9], [0.3, 0.7], [0.01, 0.99]])
    assert surest_mistakes(np.array([1, 0, 0, 1]), probabilities).tolist() == [1, 2, 0]


def test_what_is_packed_is_read_again() -> None:
    generator = np.random.default_rng(0)
    images = generator.random((200, 8, 8, 1), np.float32)
    rows, truth = generator.permutation(200)[:60], generator.integers(0, 3, 60)
    probabilities = generator.dirichlet(np.ones(3), 60).astype(np.float32)
    read = read_mistakes(pack_mistakes(("a", "b", "<b>"), truth, probabilities, rows, images))
    assert read.class_names == ("a", "b", "<b>")
    assert read.confusion.sum() == 60
    wrong = 60 - np.trace(read.confusion)
    assert len(read.rows) == min(SHOWN, wrong)
    place = {row: index for index, row in enumerate(rows)}
    for row, label, taken_for, confidence in zip(read.rows, read.truth, read.predicted, read.confidence, strict=True):
        assert truth[place[row]] == label != taken_for
        assert probabilities[place[row]].argmax() == taken_for
        assert probabilities[place[row]].max() == confidence
    assert (np.diff(read.confidence) <= 0).all()
    low, high = images[read.rows].min(), images[read.rows].max()
    np.testing.assert_allclose(read.images / 255, (images[read.rows] - low) / (high - low), atol=1 / 500)


def test_what_is_no_image_has_a_confusion_matrix_alone() -> None:
    read = read_mistakes(pack_mistakes(("a", "b"), np.array([0, 1]), np.array([[0.9, 0.1]] * 2), np.arange(2), None))
    assert read.confusion.tolist() == [[1, 0], [1, 0]]
    assert len(read.rows) == len(read.images) == 0


def test_a_network_without_mistakes_has_no_images() -> None:
    images = np.zeros((2, 4, 4, 3), np.uint8)
    read = read_mistakes(pack_mistakes(("a", "b"), np.array([0, 1]), np.eye(2), np.arange(2), images))
    assert read.images.shape == (0, 4, 4, 3)


def test_pixels_of_bytes_stay_as_they_are() -> None:
    image = np.array([[[[7]]]], np.uint8)
    assert as_pixels(image) is not None
    np.testing.assert_array_equal(as_pixels(image), image)
