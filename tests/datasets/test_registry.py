"""Data sets: what they say about themselves equals what they load."""

from collections.abc import Callable

import numpy as np
import pytest

from datasets.registry import DATASETS, Circles, Dataset, Digits, Moons, Spirals

ENTRIES: list[Dataset] = [d.model_validate({}) for d in DATASETS.values() if d.origin == "embedded"]
GENERATED: list[Callable[..., Dataset]] = [Moons, Circles, Spirals]


@pytest.mark.parametrize("dataset", ENTRIES, ids=lambda d: d.name)
def test_the_declared_size_is_that_of_the_loaded_arrays(dataset: Dataset) -> None:
    arrays = dataset.load()
    assert arrays.x.shape == (dataset.rows, *dataset.shape)
    assert arrays.y.shape == (dataset.rows,)
    assert [a.dtype.name for a in (arrays.x, arrays.y)] == ["float32", "int32"]
    assert np.unique(arrays.y).tolist() == list(range(dataset.classes))
    assert len(arrays.class_names) == dataset.classes
    assert len(arrays.feature_names) == (0 if dataset.kind == "image" else dataset.shape[0])
    assert np.isfinite(arrays.x).all()


@pytest.mark.parametrize("dataset", ENTRIES, ids=lambda d: d.name)
def test_loading_again_gives_the_same_arrays(dataset: Dataset) -> None:
    first, second = dataset.load(), dataset.load()
    assert (first.x == second.x).all()
    assert (first.y == second.y).all()


def test_known_values_of_the_bundled_sets() -> None:
    digits = Digits().load()
    # scikit-learn's documentation prints the first image's first row: 0, 0, 5, 13, 9, 1, 0, 0 (of 16).
    assert (digits.x[0, 0, :, 0] * 16).tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert digits.y[:5].tolist() == [0, 1, 2, 3, 4]
    wine = DATASETS["wine"].model_validate({}).load()
    assert np.bincount(wine.y).tolist() == [59, 71, 48]
    cancer = DATASETS["breast_cancer"].model_validate({}).load()
    assert np.bincount(cancer.y).tolist() == [212, 357]
    assert cancer.class_names == ("malignant", "benign")


@pytest.mark.parametrize(("size", "held_out"), [(1797, 359), (569, 114), (178, 36)])
def test_a_fifth_is_held_out_twice(size: int, held_out: int) -> None:
    dataset = next(d for d in ENTRIES if d.rows == size)
    assert dataset.held_out == held_out
    assert dataset.training_rows == size - 2 * held_out


@pytest.mark.parametrize("generated", GENERATED, ids=lambda d: d.__name__)
@pytest.mark.parametrize("samples", [50, 77, 500])
def test_generated_points_are_as_many_as_asked_and_balanced(generated: Callable[..., Dataset], samples: int) -> None:
    counts = np.bincount(generated(samples=samples).load().y)
    assert counts.sum() == samples
    assert counts.max() - counts.min() <= 1


def test_noise_on_spirals_has_the_asked_standard_deviation() -> None:
    # Only here: scikit-learn shuffles the other sets before it adds the noise.
    added = Spirals(samples=6000, noise=0.5).load().x - Spirals(samples=6000, noise=0.0).load().x
    # 12,000 normal draws: the standard deviation is known to 0.5 / sqrt(24,000) = 0.0032.
    assert abs(added.std() - 0.5) < 0.015
    assert abs(added.mean()) < 0.02


def test_moons_without_noise_lie_on_two_half_circles() -> None:
    arrays = Moons(samples=400, noise=0.0).load()
    upper, lower = arrays.x[arrays.y == 0], arrays.x[arrays.y == 1]
    assert np.allclose(np.hypot(*upper.T), 1.0, atol=1e-6)
    assert (upper[:, 1] >= -1e-6).all()
    assert np.allclose(np.hypot(lower[:, 0] - 1.0, lower[:, 1] - 0.5), 1.0, atol=1e-6)
    assert (lower[:, 1] <= 0.5 + 1e-6).all()


def test_circles_without_noise_have_radius_1_and_a_half() -> None:
    arrays = Circles(samples=400, noise=0.0).load()
    radius = np.hypot(*arrays.x.T)
    assert np.allclose(radius[arrays.y == 0], 1.0, atol=1e-6)
    assert np.allclose(radius[arrays.y == 1], 0.5, atol=1e-6)


def test_spirals_without_noise_lie_on_three_arms_of_one_turn() -> None:
    arrays = Spirals(samples=3000, noise=0.0).load()
    radius, angle = np.hypot(*arrays.x.T), np.arctan2(arrays.x[:, 1], arrays.x[:, 0])
    assert 0.2 <= radius.min() < 0.4
    assert 1.95 < radius.max() <= 2.0
    # r = 2 t and angle = 2 pi (t + arm / 3): the angle says t but for whole turns.
    turns = angle / (2 * np.pi) - radius / 2 - arrays.y / 3
    assert np.abs(turns - np.round(turns)).max() < 1e-5
    # Uniform over t^2: as many points within half the radius as a disc's area says, a quarter.
    assert abs((radius < 1.0).mean() - 0.25) < 0.03


def test_held_out_rows_are_a_fifth_and_at_most_5000() -> None:
    mnist = DATASETS["mnist"].model_validate({})
    assert (mnist.held_out, mnist.training_rows, mnist.judged_rows) == (5_000, 60_000, 10_000)
    digits = DATASETS["digits"].model_validate({})
    assert (digits.held_out, digits.judged_rows) == (round(0.2 * 1797), digits.training_rows)
