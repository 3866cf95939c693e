"""Weights in numbers: norms by hand, histograms against NumPy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from results.findings.weights import BINS, LOOKS, describe_weights, epochs_to_look

WEIGHTS = npst.arrays(np.float32, st.integers(1, 200), elements=st.floats(-100, 100, width=32, allow_subnormal=False))


def test_the_norm_is_that_of_all_kernels_as_one_vector() -> None:
    described = describe_weights([np.array([[3.0, 0.0]], np.float32), np.array([4.0], np.float32)], members=1)
    assert described is not None
    assert described["norm"] == 5.0
    assert described["near_zero"] == pytest.approx(1 / 3)


def test_an_ensemble_has_the_root_mean_square_of_its_members_norms() -> None:
    of_one, of_other = np.full(4, 1.0, np.float32), np.full(4, 7.0, np.float32)  # norms 2 and 14
    described = describe_weights([of_one, of_other], members=2)
    assert described is not None
    assert described["norm"] == pytest.approx(np.sqrt((2**2 + 14**2) / 2))


def test_near_zero_is_below_a_thousandth_on_either_side() -> None:
    described = describe_weights([np.array([0.0009, -0.0009, 0.0011, -0.0011, 0.0], np.float32)], members=1)
    assert described is not None
    assert described["near_zero"] == 3 / 5


@given(WEIGHTS)
def test_the_histogram_is_numpys_over_its_edges(weights: NDArray[np.float32]) -> None:
    described = describe_weights([weights], members=1)
    assert described is not None
    limit, counts = described["histogram"]["limit"], described["histogram"]["counts"]
    assert sum(counts) == len(weights)
    assert np.log2(limit) == round(np.log2(limit))
    edges = np.linspace(-limit, limit, BINS + 1)
    inside = np.clip(weights, -limit, np.nextafter(np.float32(limit), np.float32(0)))
    assert counts == np.histogram(inside, edges)[0].tolist()
    assert limit >= 8 * np.sqrt(np.mean(weights.astype(np.float64) ** 2)) * (1 - 1e-6)


def test_a_weight_that_is_no_number_is_not_described() -> None:
    assert describe_weights([np.array([1.0, np.nan], np.float32)], members=1) is None


@given(st.integers(1, 1000))
def test_a_run_is_looked_at_a_bounded_number_of_times_first_and_last_epoch_among_them(epochs: int) -> None:
    looks = epochs_to_look(epochs)
    assert looks[0] == 1
    assert looks[-1] == epochs
    assert len(looks) <= LOOKS
    gaps = np.diff(looks)
    assert (gaps[1:] >= gaps[:-1] - 1).all()  # early epochs more densely, up to rounding


def test_all_weights_zero_have_a_histogram_too() -> None:
    described = describe_weights([np.zeros(3, np.float32)], members=1)
    assert described is not None
    assert described["histogram"]["counts"][BINS // 2] == 3
    assert described["near_zero"] == 1.0
