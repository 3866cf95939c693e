"""Isotonic regression by hand, against scipy's, and by its properties."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from analysis.isotonic import fit_rising, fit_valley

FloatArray = NDArray[np.float64]
values = st.integers(0, 60).flatmap(lambda n: arrays(np.float64, n, elements=st.floats(-100, 100)))


@pytest.mark.parametrize(
    ("given_values", "fitted"),
    [
        ([], []),
        ([5.0], [5.0]),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]),
        ([3.0, 2.0, 1.0], [2.0, 2.0, 2.0]),
        ([2.0, 4.0, 1.0], [2.0, 2.5, 2.5]),  # 4 and 1 are pooled to 2.5, which is not below 2
        ([3.0, 4.0, 0.0], [7 / 3, 7 / 3, 7 / 3]),  # pooled to 2, which is below 3: all three are pooled
    ],
)
def test_rising_by_hand(given_values: list[float], fitted: list[float]) -> None:
    assert fit_rising(given_values).tolist() == pytest.approx(fitted)


@given(values)
def test_rising_is_what_scipy_finds(drawn: FloatArray) -> None:
    if len(drawn):
        np.testing.assert_allclose(fit_rising(drawn), isotonic_regression(drawn).x, rtol=1e-9, atol=1e-9)


@given(values)
def test_rising_rises_keeps_the_mean_and_is_its_own_fit(drawn: FloatArray) -> None:
    fitted = fit_rising(drawn)
    assert fitted.shape == drawn.shape
    assert all(before <= after for before, after in pairwise(fitted))
    assert fitted.sum() == pytest.approx(drawn.sum(), abs=1e-6)
    np.testing.assert_array_equal(fit_rising(fitted), fitted)


def test_valley_by_hand() -> None:
    # Falls before place 3: 5, then 3 and 4 pooled. Rises from there on: 1, then 3 and 2 pooled.
    assert fit_valley(np.array([5.0, 3.0, 4.0, 1.0, 3.0, 2.0]), 3).tolist() == [5, 3.5, 3.5, 1, 2.5, 2.5]


@given(values, st.integers(0, 60))
def test_valley_falls_then_rises_and_is_nearer_than_two_levels(drawn: FloatArray, place: int) -> None:
    lowest = min(place, len(drawn))
    before, kept = drawn.copy(), fit_valley(drawn, lowest)
    assert (np.diff(kept[:lowest]) <= 0).all()
    assert (np.diff(kept[lowest:]) >= 0).all()
    off = ((drawn - kept) ** 2).sum()
    flat = np.concatenate([np.full(len(part), part.mean() if len(part) else 0) for part in np.split(drawn, [lowest])])
    assert off <= ((drawn - flat) ** 2).sum() + 1e-6
    np.testing.assert_array_equal(drawn, before)
