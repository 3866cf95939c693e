"""What the Learn page's pictures compute, against formulas and against the real Keras."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import shown_activations as activations
from analysis import shown_data as data
from analysis import shown_weights as weights

SEEDS = st.integers(0, 10_000)


@given(SEEDS, st.floats(0.0, 0.9))
def test_dropout_keeps_the_expected_output(seed: int, rate: float) -> None:
    ones = np.ones((40, 40))
    dropped = activations.drop(ones, rate, seed)
    assert set(np.round(np.unique(dropped), 9)) <= {0.0, round(1 / (1 - rate), 9)}
    assert dropped.mean() == pytest.approx(1.0, abs=6 * np.sqrt(rate / (1 - rate) / ones.size) + 6 / ones.size)


@given(SEEDS, st.floats(0.1, 5.0))
def test_shortened_vectors_keep_their_direction_and_the_bound(seed: int, longest: float) -> None:
    vectors = np.random.default_rng(seed).normal(0.0, 2.0, (6, 2))
    short = weights.shorten(vectors, longest)
    assert np.linalg.norm(short, axis=1).max() <= longest * (1 + 1e-9)
    kept = np.linalg.norm(vectors, axis=1) <= longest
    np.testing.assert_allclose(short[kept], vectors[kept])
    np.testing.assert_allclose(np.arctan2(*short.T), np.arctan2(*vectors.T), atol=1e-6)


def test_the_moving_average_of_a_step_reaches_it_geometrically() -> None:
    path = np.array([[0.0], *[[1.0]] * 20])
    np.testing.assert_allclose(weights.average_path(path, 0.8)[:, 0], 1 - 0.8 ** np.arange(21))


def test_a_softmax_fit_without_penalty_ends_where_its_gradient_vanishes_and_l1_empties_weights() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(200, 6))
    y = (x[:, 0] + 0.5 * generator.normal(size=200) > 0).astype(int)  # only the first feature matters
    lasso = weights.fit_softmax(x, y, 2, l1=0.1)
    assert np.all(lasso[1:] == 0) and np.all(lasso[0] != 0)
    assert np.abs(weights.fit_softmax(x, y, 2, l2=0.1)).max() < np.abs(weights.fit_softmax(x, y, 2)).max()
    assert weights.share_nearly_zero(lasso) == pytest.approx(10 / 12)


def test_decay_through_adam_depends_on_the_gradients_and_decoupled_does_not() -> None:
    """Decoupled: (1 - 0.01 * 0.5) ** 399 of the weight is left, plus noise whose size Adam takes away."""
    small, large = (weights.shrink_under_adam(size, 0.5, decoupled=False)[-1] for size in (0.25, 4.0))
    assert small < 0.1 < large
    ends = [weights.shrink_under_adam(size, 0.5, decoupled=True) for size in (0.25, 4.0)]
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-4)
    without = weights.shrink_under_adam(1.0, 0.0, decoupled=True)
    assert ends[0][-1] < without[-1] - 0.5


def test_an_image_that_is_not_changed_stays_and_a_shift_moves_it() -> None:
    image = np.random.default_rng(0).random((8, 8))
    same = data.change_image(image, np.random.default_rng(1), translation=0.0, rotation=0.0, zoom=0.0)
    np.testing.assert_allclose(same, image)
    constant = np.full((8, 8), 0.3)
    moved = data.change_image(constant, np.random.default_rng(1), translation=0.3, rotation=0.2, zoom=0.3)
    np.testing.assert_allclose(moved, constant)


@given(SEEDS, st.floats(0.0, 1.0))
def test_cut_images_consist_of_pixels_of_both_in_the_shares_said(seed: int, share: float) -> None:
    first, second = np.zeros((8, 8)), np.ones((8, 8))
    cut, left = data.cut_images(first, second, share, np.random.default_rng(seed))
    assert set(np.unique(cut)) <= {0.0, 1.0}
    assert left == pytest.approx(1 - cut.mean())
    assert abs(left - share) < 0.15
    np.testing.assert_allclose(data.mix_images(first, second, share), 1 - share)


@given(SEEDS, st.integers(2, 10))
def test_the_average_of_members_is_at_most_as_wrong_as_they_are_on_average(seed: int, members: int) -> None:
    grid, predictions, _, _ = data.fit_members(members, seed)
    truth = data.wave(grid)
    assert np.mean((predictions.mean(axis=0) - truth) ** 2) <= np.mean((predictions - truth) ** 2)
    more = data.fit_members(members + 1, seed)[1]
    np.testing.assert_allclose(more[:-1], predictions, rtol=1e-6)


def test_more_rows_leave_fewer_errors() -> None:
    generator = np.random.default_rng(0)
    y = generator.integers(0, 3, 600)
    x = np.eye(3)[y] + generator.normal(0.0, 0.6, (600, 3))
    errors = data.error_by_rows(x, y, 3, [10, 60, 300])
    assert errors[0] > errors[-1] and np.all((errors >= 0) & (errors <= 1))
