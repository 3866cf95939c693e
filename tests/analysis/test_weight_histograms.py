"""Histograms on common bins."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analysis.weight_histograms import Weights, bin_centres, weights_at, widen


@given(st.integers(0, 2**31), st.integers(0, 9))
def test_a_wider_histogram_is_numpys_on_the_wider_edges(seed: int, doublings: int) -> None:
    values = np.random.default_rng(seed).normal(0, 0.3, 500).clip(-0.999, 0.999)
    wider = 2.0**doublings
    counts = np.histogram(values, np.linspace(-1, 1, 129))[0]
    expected = np.histogram(values, np.linspace(-wider, wider, 129))[0]
    np.testing.assert_array_equal(widen(counts, 1.0, wider), expected)


def test_bins_are_centred_between_their_edges() -> None:
    np.testing.assert_allclose(bin_centres(2.0, 4), [-1.5, -0.5, 0.5, 1.5])


def test_weights_are_the_last_ones_known() -> None:
    first, second = (Weights(epoch, 1.0, 0.0, 1.0, np.ones(2, np.int64)) for epoch in (3, 7))
    assert [weights_at((first, second), epoch) for epoch in (1, 3, 6, 7, 9)] == [first, first, first, second, second]
