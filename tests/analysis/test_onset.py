"""Onset on hand-worked curves, on simulated noise, and by its properties."""

from collections.abc import Iterator
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from analysis.onset import SHORTEST_CURVE, explain_by_noise, find_onset

FloatArray = NDArray[np.float64]
FALLING = np.linspace(2.0, 0.5, 60)


def v_shape(turn: int, epochs: int, slope: float = 0.01) -> FloatArray:
    """1 at the turning epoch (from 1), rising by `slope` an epoch to both sides."""
    return 1.0 + slope * np.abs(np.arange(1, epochs + 1) - turn)


def steps(level: float, *, turn: int = 20, epochs: int = 60) -> FloatArray:
    """1 up to the turning epoch, `level` from there on."""
    return np.repeat([1.0, level], [turn, epochs - turn])


def test_v_shape_turns_at_its_tip() -> None:
    onset = find_onset(FALLING, v_shape(20, 60))
    assert onset is not None
    assert onset.epoch == 20
    # Half of the 40 epochs since: 41 to 60, on average 30.5 steps above the tip. Around it: 2 (1 + ... + 6) / 13 steps.
    assert onset.tail == 20
    assert onset.lowest == pytest.approx(1 + 0.01 * 42 / 13)
    assert onset.rise == pytest.approx(0.01 * (30.5 - 42 / 13))
    # Training loss falls by 1.5 / 59 an epoch, and the centres of the two means are 50.5 and 20.
    assert onset.train_fall == pytest.approx(30.5 * 1.5 / 59)
    assert onset.by_noise == 0


def test_at_least_16_epochs_and_15_percent_of_the_run_are_the_tail() -> None:
    short, long = find_onset(FALLING[:45], v_shape(20, 45)), find_onset(np.ones(200), v_shape(165, 200, 0.02))
    assert short is not None and short.tail == 16  # half of 25 would be 12
    assert long is not None and long.tail == 30  # half of 35 would be 18


def test_the_turn_is_the_middle_of_the_lowest_five_within_the_lowest_thirteen() -> None:
    bent = v_shape(20, 60)
    # The five around 22 are now 1, 1.01, 0.97, 0.98, 0.99; those around 21 or 23 add up to more.
    bent[[21, 22, 23]] -= 0.05
    onset = find_onset(FALLING, bent)
    assert onset is not None and onset.epoch == 22


@pytest.mark.parametrize(
    "val_loss",
    [np.linspace(2, 1, 60), np.ones(60), v_shape(20, 60, slope=0.001)],
    ids=["falling", "flat", "rises by 3%"],
)
def test_silent_where_nothing_turns_or_matters(val_loss: FloatArray) -> None:
    assert find_onset(FALLING, val_loss) is None


@pytest.mark.parametrize(("level", "found"), [(1.049, False), (1.051, True)])
def test_the_rise_must_reach_5_percent_of_the_minimum(level: float, found: bool) -> None:
    assert (find_onset(FALLING, steps(level)) is not None) == found


@pytest.mark.parametrize(("level", "found"), [(1.005, False), (1.02, True)])
def test_a_rise_that_comes_and_goes_is_none_yet(level: float, found: bool) -> None:
    broken = steps(1.2, epochs=300)
    broken[200:213] = level  # as many epochs as a mean has, within the tail
    assert (find_onset(np.ones(300), broken) is not None) == found


def test_a_few_spikes_are_no_rise() -> None:
    spiky = steps(1.04)
    spiky[[40, 58]] = 1.3  # with them the tail's mean is 6% above the minimum; a tenth is cut off at either end
    assert find_onset(FALLING, spiky) is None
    assert find_onset(FALLING, steps(1.06)) is not None


@pytest.mark.parametrize(("train_rise", "found"), [(0.0, True), (0.25, True), (0.35, False), (1.0, False)])
def test_training_loss_that_rises_too_is_no_overfitting(train_rise: float, found: bool) -> None:
    val_loss = steps(1.2)
    onset = find_onset(0.5 + train_rise * (val_loss - 1.0), val_loss)
    assert (onset is not None) == found
    assert onset is None or onset.train_fall == pytest.approx(-train_rise * 0.2)


def test_training_loss_at_its_floor_may_wiggle() -> None:
    epochs = np.arange(1.0, 161.0)
    val_loss = 0.3 + 0.5 * np.exp(-epochs / 5) + 0.004 * np.maximum(0, epochs - 30)
    train_loss = np.exp(-epochs / 2) + 1e-4
    train_loss[-1] += 3e-5
    onset = find_onset(train_loss, val_loss)
    assert onset is not None and abs(onset.epoch - 30) <= 3


def test_16_epochs_must_have_passed_and_the_mark_then_stays_in_place() -> None:
    curve = v_shape(20, 60)
    found = [find_onset(FALLING[:n], curve[:n]) for n in range(61)]
    assert all(onset is None for onset in found[:36])
    assert {onset.epoch if onset else None for onset in found[36:]} == {20}


def test_a_new_minimum_withdraws_the_mark_and_a_second_turn_moves_it() -> None:
    train = np.linspace(2.0, 0.1, 140)
    curve = np.concatenate([v_shape(20, 50), np.linspace(1.3, 0.6, 30), 0.6 + 0.02 * np.arange(1, 61)])
    found = {n: find_onset(train[:n], curve[:n]) for n in (50, 80, 140)}
    assert found[50] is not None and found[50].epoch == 20
    assert found[80] is None
    assert found[140] is not None and abs(found[140].epoch - 80) <= 1


@pytest.mark.parametrize("epochs", range(SHORTEST_CURVE))
def test_short_curves_have_no_onset(epochs: int) -> None:
    assert find_onset(FALLING[:epochs], np.arange(1.0, epochs + 1)) is None


def test_the_first_mark_comes_after_23_epochs() -> None:
    assert SHORTEST_CURVE == 23
    onset = find_onset(FALLING[:23], np.arange(1.0, 24.0))
    assert onset is not None and onset.epoch == 3  # the lowest five: epochs 1 to 5


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 20, 59])
def test_values_that_are_not_finite_silence_it(value: float, place: int) -> None:
    broken = v_shape(20, 60)
    broken[place] = value
    assert find_onset(FALLING, broken) is None
    assert find_onset(broken, v_shape(20, 60)) is None


def test_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(60,\).*\(59,\)"):
        find_onset(FALLING, np.ones(59))


def noise_of(correlation: float, generator: np.random.Generator, epochs: int = 160) -> FloatArray:
    """AR(1) noise of variance 1, shape (epochs,)."""
    noise = generator.standard_normal(epochs)
    for place in range(1, epochs):
        noise[place] = correlation * noise[place - 1] + sqrt(1 - correlation**2) * noise[place]
    return noise


def flat_curves(correlation: float, deviation: float, count: int) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Losses that fall to a level and stay there under noise, shape (160,) each."""
    generator, epochs = np.random.default_rng(7), np.arange(160)
    for _ in range(count):
        level = 0.5 * (1 + np.exp(-epochs / 4) + deviation * noise_of(correlation, generator))
        yield 0.5 * np.exp(-epochs / 20) + 0.01, level


@pytest.mark.parametrize(
    ("correlation", "deviation", "largest"), [(0, 0.02, 0.01), (0.5, 0.02, 0.02), (0.8, 0.02, 0.05), (0.8, 0.1, 0.3)]
)
def test_false_alarms_on_400_flat_curves(correlation: float, deviation: float, largest: float) -> None:
    alarms = [find_onset(*curves) is not None for curves in flat_curves(correlation, deviation, 400)]
    assert np.mean(alarms) < largest


def test_watching_every_epoch_live_rarely_marks_a_flat_curve() -> None:
    watched = flat_curves(0.5, 0.02, 100)
    ever = [any(find_onset(train[:n], val[:n]) for n in range(SHORTEST_CURVE, 161)) for train, val in watched]
    assert np.mean(ever) < 0.08


def test_noisy_turns_are_found_near_their_place() -> None:
    generator, epochs = np.random.default_rng(3), np.arange(1, 161)
    truth = 0.5 + 1.5 * np.exp(-epochs / 10) + 0.004 * np.maximum(epochs - 50, 0)
    found = []
    for _ in range(200):
        onset = find_onset(np.exp(-epochs / 40), truth + 0.02 * noise_of(0.5, generator))
        found.append(onset.epoch if onset else 0)
    assert np.mean(np.array(found) > 0) > 0.97
    assert np.median(np.abs(np.array(found) - truth.argmin() - 1)) <= 0.15 * 50


def test_correlated_noise_explains_more_and_a_longer_tail_less() -> None:
    generator = np.random.default_rng(5)
    white = [explain_by_noise(1 + 0.02 * noise_of(0.0, generator), 60, 40) for _ in range(50)]
    slow = [explain_by_noise(1 + 0.02 * noise_of(0.8, generator), 60, 40) for _ in range(50)]
    assert np.median(slow) > 1.5 * np.median(white)
    curve = 1 + 0.02 * noise_of(0.8, generator)
    assert explain_by_noise(curve, 60, 80) < explain_by_noise(curve, 60, 20)
    assert explain_by_noise(v_shape(60, 160), 59, 40) == 0


losses = st.integers(SHORTEST_CURVE, 70).flatmap(lambda n: arrays(np.float64, (2, n), elements=st.floats(1e-3, 1e3)))
turning = st.tuples(st.integers(7, 40), st.integers(0, 2**32 - 1)).map(
    lambda drawn: np.array(
        [np.linspace(2, 1, 80), v_shape(drawn[0], 80) + np.random.default_rng(drawn[1]).normal(0, 0.005, 80)]
    )
)


@given(curves=losses | turning, exponent=st.integers(-30, 30))
def test_scaling_both_losses_moves_nothing(curves: FloatArray, exponent: int) -> None:
    before, after = find_onset(*curves), find_onset(*(curves * 2.0**exponent))
    assert (before is None) == (after is None)
    if before and after:
        assert (before.epoch, before.tail, before.rise * 2.0**exponent) == (after.epoch, after.tail, after.rise)


@given(curves=turning, later=st.integers(1, 15))
def test_a_longer_fall_before_moves_the_mark_along(curves: FloatArray, later: int) -> None:
    fall = np.linspace(5, 3, later)
    before, after = find_onset(*curves), find_onset(*np.array([np.append(fall, curve) for curve in curves]))
    assert before and after and after.epoch == before.epoch + later


@given(curves=losses | turning)
def test_what_is_marked_keeps_what_it_promises(curves: FloatArray) -> None:
    kept = curves.copy()
    onset = find_onset(*curves)
    np.testing.assert_array_equal(curves, kept)
    if onset:
        assert 3 <= onset.epoch <= curves.shape[1] - 10
        assert onset.tail >= 16
        assert onset.rise > onset.by_noise
        assert onset.rise >= 0.05 * onset.lowest
        assert -onset.train_fall <= 0.3 * onset.rise


@given(curves=st.integers(0, 40).flatmap(lambda n: arrays(np.float64, (2, n), elements=st.floats(width=64))))
def test_never_raises(curves: FloatArray) -> None:
    find_onset(*curves)


def test_noise_is_measured_where_most_of_it_is_next_to_nothing() -> None:
    curve = np.where(np.arange(160) % 2, 1e-210, 0.0)
    curve[100] = 1.0  # squares of the others are 0 in any unit in which this one is not infinite
    assert np.isfinite(explain_by_noise(curve, 80, 40))


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e170, 1e307])
def test_losses_of_any_size_are_judged(scale: float) -> None:
    noisy = v_shape(20, 60) + np.random.default_rng(0).normal(0, 0.01, 60)
    onset = find_onset(FALLING * scale, noisy * scale)
    assert onset is None or abs(onset.epoch - 20) <= 3
    assert scale > 1e300 or onset is not None
