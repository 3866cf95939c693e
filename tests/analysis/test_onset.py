"""Onset on hand-worked curves and on synthetic noise."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from analysis.onset import SMALLEST_RELATIVE_RISE, estimate_noise, find_onset

FloatArray = NDArray[np.float64]
FALLING = np.linspace(2.0, 0.5, 40)


def v_shape(turn: int, epochs: int, slope: float = 0.01) -> FloatArray:
    """1 at the turning epoch (from 1), rising by `slope` an epoch to both sides."""
    return 1.0 + slope * np.abs(np.arange(1, epochs + 1) - turn)


def test_v_shape_turns_at_its_tip() -> None:
    onset = find_onset(FALLING, v_shape(20, 40))
    assert onset is not None
    assert onset.epoch == 20
    # Around the tip: (2 + 1 + 0 + 1 + 2) / 5 = 1.2 steps above it; the last five epochs: 18 steps above it.
    assert onset.rise == pytest.approx(0.01 * (18 - 1.2))
    # Training loss falls by 1.5 / 39 an epoch, and the centres of the two means are 38 and 20.
    assert onset.train_fall == pytest.approx(18 * 1.5 / 39)
    assert onset.noise == pytest.approx(0, abs=1e-12)
    assert onset.evidence == (
        "validation loss is 0.168 above its minimum around epoch 20, more than 1000 times its noise; "
        "training loss fell by 0.692 since"
    )


def test_noise_of_a_zigzag_is_worked_by_hand() -> None:
    # Second differences of 0, d, 0, d, ... are all 2 d in size: s = 1.4826 * 2 d / sqrt(6).
    assert estimate_noise(np.tile([0.0, 0.3], 10)) == pytest.approx(1.4826 * 0.6 / sqrt(6))


def test_noise_of_a_bent_line_is_zero_and_of_white_noise_its_standard_deviation() -> None:
    assert estimate_noise(np.abs(np.arange(-20.0, 20.0))) == 0
    noise = np.random.default_rng(0).normal(0, 0.25, 20_000)
    assert estimate_noise(noise) == pytest.approx(0.25, rel=0.02)
    assert estimate_noise(np.array([0.0, 1.0, 0.0, 4.0])) == pytest.approx(1.4826 * (2 + 5) / 2 / sqrt(6))


def test_evidence_counts_the_rise_in_noises() -> None:
    zigzag = np.tile([0.0, 0.02], 20)
    onset = find_onset(FALLING, v_shape(20, 40) + zigzag)
    assert onset is not None
    assert onset.noise == pytest.approx(1.4826 * 0.04 / sqrt(6))
    assert f"{onset.rise / onset.noise:.3g} times its noise" in onset.evidence


@pytest.mark.parametrize(
    "val_loss",
    [np.linspace(2, 1, 40), np.ones(40), v_shape(20, 40, slope=0.0001)],
    ids=["falling", "flat", "rises by 0.2%"],
)
def test_silent_where_nothing_turns_or_matters(val_loss: FloatArray) -> None:
    assert find_onset(FALLING, val_loss) is None


@pytest.mark.parametrize(("factor", "found"), [(0.95, False), (1.05, True)])
def test_the_rise_must_reach_a_share_of_the_minimum(factor: float, found: bool) -> None:
    level = SMALLEST_RELATIVE_RISE * factor
    step = np.repeat([1.0, 1.0 + level], [15, 25])
    assert (find_onset(FALLING, step) is not None) == found


def test_silent_where_training_loss_does_not_fall() -> None:
    assert find_onset(np.ones(40), v_shape(20, 40)) is None
    assert find_onset(FALLING[::-1].copy(), v_shape(20, 40)) is None


def test_ten_epochs_must_have_passed_and_the_mark_then_stays_in_place() -> None:
    curve = v_shape(20, 60)
    found = [find_onset(FALLING[:n], curve[:n]) for n in range(41)]
    assert all(onset is None for onset in found[:30])
    assert {onset.epoch for onset in found[30:] if onset} == {20}


def test_a_new_minimum_withdraws_the_mark_and_a_second_turn_moves_it() -> None:
    train = np.linspace(2.0, 0.1, 120)
    curve = np.concatenate([v_shape(20, 40), np.linspace(1.2, 0.6, 30), 0.6 + 0.02 * np.arange(1, 51)])
    found = {n: find_onset(train[:n], curve[:n]) for n in (40, 70, 120)}
    assert found[40] is not None and found[40].epoch == 20
    assert found[70] is None
    assert found[120] is not None and abs(found[120].epoch - 70) <= 1


@pytest.mark.parametrize("epochs", range(13))
def test_short_curves_have_no_onset(epochs: int) -> None:
    assert find_onset(FALLING[:epochs], np.arange(1.0, epochs + 1)) is None


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 20, 39])
def test_values_that_are_not_finite_silence_it(value: float, place: int) -> None:
    broken = v_shape(20, 40)
    broken[place] = value
    assert find_onset(FALLING, broken) is None
    assert find_onset(broken, v_shape(20, 40)) is None


def test_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(40,\).*\(39,\)"):
        find_onset(FALLING, np.ones(39))


def falling_curve(seed: int) -> tuple[FloatArray, FloatArray]:
    """A training and a validation loss that only fall, with noise of 0.2% to 5% of the start, shapes (150,)."""
    random = np.random.default_rng(seed)
    epochs = np.arange(150)
    truth = random.uniform(0.2, 1.0) + random.uniform(0.5, 2.0) * np.exp(-epochs / random.uniform(5, 60))
    noise = random.normal(0, truth[0] * 10 ** random.uniform(-2.7, -1.3), 150)
    return 2.0 * np.exp(-epochs / 40), truth + noise


def test_false_alarms_on_300_noisy_falling_curves_are_below_2_percent() -> None:
    alarms = [find_onset(*falling_curve(seed)) is not None for seed in range(300)]
    assert sum(alarms) < 0.02 * 300


def test_watching_every_epoch_live_keeps_false_alarms_below_2_percent() -> None:
    alarms = 0
    for seed in range(300):
        train, val = falling_curve(seed)
        alarms += any(find_onset(train[:n], val[:n]) for n in range(1, 151))
    assert alarms < 0.02 * 300


def test_noisy_turns_are_found_near_their_place() -> None:
    epochs = np.arange(1, 151)
    found = []
    for seed in range(100):
        noise = np.random.default_rng(seed).normal(0, 0.02, 150)
        truth = 0.5 + 1.5 * np.exp(-epochs / 10) + 0.004 * np.maximum(epochs - 50, 0)
        onset = find_onset(np.exp(-epochs / 40), truth + noise)
        found.append(onset.epoch if onset else 0)
    assert min(found) > 0
    assert np.median(np.abs(np.array(found) - 50)) <= 5


losses = st.integers(13, 60).flatmap(lambda n: arrays(np.float64, (2, n), elements=st.floats(1e-3, 1e3)))
turning = st.tuples(st.integers(5, 40), st.integers(0, 2**32 - 1)).map(
    lambda drawn: np.array(
        [np.linspace(2, 1, 60), v_shape(drawn[0], 60) + np.random.default_rng(drawn[1]).normal(0, 0.005, 60)]
    )
)


@given(curves=losses | turning, exponent=st.integers(-30, 30))
def test_scaling_both_losses_moves_nothing(curves: FloatArray, exponent: int) -> None:
    before, after = find_onset(*curves), find_onset(*(curves * 2.0**exponent))
    assert (before is None) == (after is None)
    if before and after:
        assert (before.epoch, before.rise * 2.0**exponent) == (after.epoch, after.rise)


@given(curves=st.integers(0, 40).flatmap(lambda n: arrays(np.float64, (2, n), elements=st.floats(width=64))))
def test_never_raises(curves: FloatArray) -> None:
    onset = find_onset(*curves)
    assert onset is None or 3 <= onset.epoch <= curves.shape[1] - 10
