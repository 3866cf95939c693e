import math

import numpy as np
import pytest

from analysis.averages import Spread, average_curves, measure_spread


def test_spread_is_worked_by_hand() -> None:
    # Mean 4; squared distances 4, 0, 4; sd = sqrt(8 / 2).
    assert measure_spread([2, None, 4, math.nan, 6]) == Spread(4, 2, 2, 6, 3, (2, 4, 6))


def test_one_value_has_no_standard_deviation_and_none_has_nothing() -> None:
    assert measure_spread([3.5]) == Spread(3.5, None, 3.5, 3.5, 1, (3.5,))
    assert measure_spread([None, math.inf]) == Spread(None, None, None, None, 0, ())


def test_spread_is_that_of_numpy() -> None:
    values = np.random.default_rng(0).normal(1e6, 1, 7)
    spread = measure_spread(values.tolist())
    assert (spread.mean, spread.sd) == pytest.approx((values.mean(), values.std(ddof=1)), rel=1e-12)


def test_curves_are_averaged_over_the_runs_that_have_the_epoch() -> None:
    long, short = {"val_loss": np.array([1.0, 2.0, 6.0, 9.0])}, {"val_loss": np.array([3.0, 4.0])}
    assert average_curves([long, short], 3)["val_loss"].tolist() == [2.0, 3.0, 6.0]
    assert average_curves([short, long], 1)["val_loss"].tolist() == [2.0]
    assert average_curves([], 0) == {}


def test_a_missing_value_leaves_a_gap() -> None:
    mean = average_curves([{"a": np.array([1.0, np.nan])}, {"a": np.array([1.0, 1.0])}], 2)["a"]
    np.testing.assert_array_equal(mean, [1.0, np.nan])


def test_a_curve_that_not_all_runs_have_is_left_out() -> None:
    """Runs of an older engine have no balanced accuracy, in whatever order they come."""
    with_it, without = {"a": np.ones(3), "b": np.ones(3)}, {"a": np.ones(3)}
    assert set(average_curves([with_it, without], 3)) == set(average_curves([without, with_it], 3)) == {"a"}
