"""The replay of early stopping on curves worked by hand; tests/keras has it against the real callback."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.early_stopping import PrecheltRule, StoppingRule, replay


def test_a_later_minimum_does_not_count() -> None:
    stopping = replay(np.array([3.0, 2.0, 2.5, 2.5, 1.0]), StoppingRule(patience=2))
    assert (stopping.stop_epoch, stopping.best_epoch) == (4, 2)


def test_without_epochs_or_with_all_ignored_there_is_no_best_epoch() -> None:
    assert replay(np.empty(0), StoppingRule()).best_epoch is None
    ignored = replay(np.ones(5), StoppingRule(start_from_epoch=5))
    assert (ignored.stop_epoch, ignored.best_epoch) == (None, None)
    assert ignored.state == "all_ignored"


def losses(values: list[float], training: list[float] | None = None) -> dict[str, np.ndarray]:
    return {"val_loss": np.array(values), "train_loss": np.array(training or [1.0] * len(values))}


def test_gl_stops_when_validation_loss_is_so_many_percent_above_its_lowest() -> None:
    stopping = PrecheltRule("GL", 10).apply(losses([1.0, 0.5, 0.54, 0.545, 0.56, 0.2]))
    # 0.545 is 9% above 0.5, 0.56 is 12%.
    assert (stopping.stop_epoch, stopping.best_epoch, stopping.waited) == (5, 2, 3)
    assert PrecheltRule("GL", 13).apply(losses([1.0, 0.5, 0.56])).stop_epoch is None


def test_pq_weighs_the_loss_against_what_training_still_gains_at_the_end_of_strips() -> None:
    training = [1.0, 0.9, 0.8, 0.7, 0.6, 0.55, 0.55, 0.55, 0.55, 0.54]
    # Strip 2: P_5 = 1000 (2.74 / (5 * 0.54) - 1) = 14.8; GL = 100 (0.6 / 0.5 - 1) = 20; PQ = 1.35.
    values = [1.0, 0.8, 0.7, 0.6, 0.5, 0.52, 0.54, 0.56, 0.58, 0.6]
    assert PrecheltRule("PQ", 1.3).apply(losses(values, training)).stop_epoch == 10
    assert PrecheltRule("PQ", 1.4).apply(losses(values, training)).stop_epoch is None


def test_up_counts_strips_in_a_row_that_end_higher() -> None:
    ends = [1.0, 0.8, 0.9, 0.7, 0.8, 0.9, 1.0]
    values = [value for end in ends for value in (*[0.75] * 4, end)]
    assert PrecheltRule("UP", 1).apply(losses(values)).stop_epoch == 15
    assert PrecheltRule("UP", 2).apply(losses(values)).stop_epoch == 30
    assert PrecheltRule("UP", 3).apply(losses(values)).stop_epoch == 35
    assert PrecheltRule("UP", 4).apply(losses(values)).stop_epoch is None


def test_a_criterion_of_prechelt_without_epochs_or_numbers_restores_nothing() -> None:
    assert PrecheltRule("GL", 5).apply({}).state == "no_epochs"
    assert PrecheltRule("GL", 5).apply(losses([np.nan, np.nan])).best_epoch is None


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(0.01, 2.0)), st.sampled_from(["GL", "PQ", "UP"]))
def test_a_criterion_of_prechelt_restores_the_lowest_epoch_up_to_its_stop(values: np.ndarray, name: str) -> None:
    rule = PrecheltRule(name, 2)
    stopping = rule.apply({"val_loss": values, "train_loss": values})
    seen = values[: stopping.stop_epoch or len(values)]
    assert stopping.best_epoch == 1 + int(seen.argmin())
    if stopping.stop_epoch:  # nothing after the stop matters, and it was not met before
        assert rule.apply({"val_loss": seen, "train_loss": seen}) == stopping
        assert rule.apply({"val_loss": seen[:-1], "train_loss": seen[:-1]}).stop_epoch is None


def test_a_run_without_the_monitored_curve_says_so() -> None:
    rule = StoppingRule("val_balanced_accuracy")
    assert rule.apply({"val_loss": np.ones(3)}).state == "not_recorded"
    assert rule.apply({}).state == "no_epochs"
