"""The expected calibration error against a case by hand, its bounds, and what its interval holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from analysis.calibration import BINS, RESAMPLES, calibration_error, fill_bins, resample, summarize

ROWS = st.integers(1, 60)


@st.composite
def judged(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Confidences and whether they are right."""
    count = draw(ROWS)
    confidence = draw(arrays.arrays(np.float32, count, elements=st.floats(0, 1, width=32)))
    return confidence, draw(arrays.arrays(np.bool_, count))


def error_of(confidence: np.ndarray, right: np.ndarray) -> float:
    return calibration_error(fill_bins(confidence, right))


def test_a_case_by_hand() -> None:
    """Bins of width 1/15: 0.62 and 0.65 lie in (0.6, 0.667], 0.95 and 0.99 in (0.933, 1], 0.34 in (0.333, 0.4]."""
    confidence = np.array([0.62, 0.65, 0.95, 0.99, 0.34])
    right = np.array([True, False, True, False, True])
    bins = fill_bins(confidence, right)
    assert np.flatnonzero(bins.rows).tolist() == [5, 9, 14] and bins.rows[[5, 9, 14]].tolist() == [1, 2, 2]
    assert bins.confidence[[5, 9, 14]] == pytest.approx([0.34, 0.635, 0.97])
    assert bins.accuracy[[5, 9, 14]] == pytest.approx([1, 0.5, 0.5])
    # 1/5 * 0.66 + 2/5 * 0.135 + 2/5 * 0.47
    assert calibration_error(bins) == pytest.approx(0.132 + 0.054 + 0.188)


def test_a_bin_holds_its_upper_edge() -> None:
    edges = np.arange(1, BINS + 1) / BINS
    assert fill_bins(edges, np.ones(BINS, bool)).rows.tolist() == [1] * BINS
    assert fill_bins(np.array([0.0, 1.0]), np.array([True, True])).rows[[0, -1]].tolist() == [1, 1]


def test_who_is_as_often_right_as_sure_has_none() -> None:
    assert error_of(np.full(10, 0.7), np.arange(10) < 7) == pytest.approx(0)
    assert error_of(np.ones(10), np.ones(10, bool)) == 0
    assert error_of(np.ones(10), np.zeros(10, bool)) == 1


@given(judged())
def test_it_lies_between_the_overall_gap_and_the_mean_distance_of_the_rows(rows: tuple[np.ndarray, np.ndarray]) -> None:
    confidence, right = rows
    error, gaps = error_of(confidence, right), right - confidence.astype(float)
    assert abs(gaps.mean()) - 1e-9 <= error <= np.abs(gaps).mean() + 1e-9 <= 1 + 2e-9


@given(judged(), st.integers(0, 1000))
def test_the_order_of_rows_does_not_matter_and_twice_the_same_rows_are_no_more(
    rows: tuple[np.ndarray, np.ndarray], seed: int
) -> None:
    confidence, right = rows
    order = np.random.default_rng(seed).permutation(len(right))
    assert error_of(confidence[order], right[order]) == pytest.approx(error_of(confidence, right))
    assert error_of(np.tile(confidence, 2), np.tile(right, 2)) == pytest.approx(error_of(confidence, right))
    assert resample(confidence, right).error == pytest.approx(error_of(confidence, right))


@given(st.lists(judged(), min_size=1, max_size=4))
def test_an_interval_holds_its_mean_and_never_goes_below_zero(runs: list[tuple[np.ndarray, np.ndarray]]) -> None:
    found = summarize([resample(*rows) for rows in runs])
    assert 0 <= found.low <= found.mean <= found.high + 1e-12
    assert found.mean == pytest.approx(np.mean(found.by_seed)) and len(found.by_seed) == len(runs)
    assert summarize([resample(*rows) for rows in runs]) == found, "the same every time"


def drawn(generator: np.random.Generator, rows: int, gap: float) -> tuple[np.ndarray, np.ndarray]:
    """A network that is `gap` too sure, where that is possible."""
    confidence = generator.beta(5, 1, rows)
    return confidence, generator.random(rows) < np.clip(confidence - gap, 0, 1)


@pytest.mark.parametrize(("gap", "least"), [(0.0, 0.9), (0.1, 0.84)])
def test_the_interval_holds_the_true_error_about_as_often_as_said(gap: float, least: float) -> None:
    """Percentiles of the same resamples would hold the 0 of a calibrated network never."""
    generator, cases = np.random.default_rng(1), 100
    held = by_percentiles = 0
    for _ in range(cases):
        run = resample(*drawn(generator, 360, gap))
        found = summarize([run])
        held += found.low <= gap <= found.high
        by_percentiles += bool(np.quantile(run.bootstrap, 0.025) <= gap)
    assert held / cases >= least
    assert gap or by_percentiles == 0


def test_chance_alone_is_what_calibrated_networks_have() -> None:
    generator = np.random.default_rng(2)
    runs = [resample(*drawn(generator, 360, 0.0)) for _ in range(60)]
    assert np.mean([run.error for run in runs]) == pytest.approx(0.044, abs=0.005)
    assert np.mean([summarize([run]).chance for run in runs]) == pytest.approx(0.066, abs=0.01)
    assert np.mean([run.error <= summarize([run]).chance for run in runs]) >= 0.85
    assert runs[0].bootstrap.shape == runs[0].chance.shape == (RESAMPLES,)


def test_more_seeds_make_the_interval_narrower() -> None:
    generator = np.random.default_rng(3)
    runs = [resample(*drawn(generator, 360, 0.1)) for _ in range(12)]
    one, many = summarize(runs[:1]), summarize(runs)
    assert many.high - many.low < 0.6 * (one.high - one.low)
    assert many.low < 0.1 < many.high
