"""Lines of hand-worked runs: where they end, how they go on, and the paired interval of a difference."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t, ttest_rel

from analysis.early_stopping import StoppingRule
from analysis.lines import Line, mark_epochs, measure_axis, view_lines
from analysis.summary import RunCurves, summarize, summarize_run

MakeRun = Callable[..., RunCurves]


def lines_of(runs: list[RunCurves], view: str = "loss", epochs: int = 5, reference: str = "a") -> tuple[Line, ...]:
    return view_lines(summarize(map(summarize_run, runs)), view, reference, epochs)  # type: ignore[arg-type]


def test_a_variant_that_never_stops_ends_with_its_last_epochs_mean(make_run: MakeRun) -> None:
    (line,) = lines_of([make_run("a", 0, [0.5, 0.4, 0.3, 0.2, 0.1]), make_run("a", 1, [0.7, 0.6, 0.5, 0.4, 0.5])])
    np.testing.assert_allclose(line.values, [0.6, 0.5, 0.4, 0.3, 0.3])
    np.testing.assert_allclose(line.beside, line.values / 2)
    assert len(line.after) == 0
    assert line.end == pytest.approx(0.3)


def test_where_runs_stop_the_mean_goes_on_with_the_models_handed_over(make_run: MakeRun) -> None:
    rule = StoppingRule(patience=1)
    stopped = make_run("a", 0, [0.5, 0.2, 0.4], rule=rule, restores=True)  # hands over epoch 2: 0.2
    longer = make_run("a", 1, [0.9, 0.8, 0.7, 0.75], rule=rule, restores=True)  # hands over epoch 3: 0.7
    (line,) = lines_of([stopped, longer])
    np.testing.assert_allclose(line.values, [0.7, 0.5, 0.55])
    np.testing.assert_allclose(line.after, [(0.2 + 0.75) / 2, (0.2 + 0.7) / 2])
    assert line.end == pytest.approx(0.45)
    np.testing.assert_allclose(line.drawn[-1], line.end)


def test_a_best_model_restored_after_the_last_epoch_ends_the_line(make_run: MakeRun) -> None:
    (line,) = lines_of([make_run("a", 0, [0.5, 0.2, 0.3], rule=StoppingRule(patience=9), restores=True)], epochs=3)
    assert line.end == pytest.approx(0.2)
    assert line.after.tolist() == [0.2]


def test_the_right_end_is_what_the_table_says(make_run: MakeRun) -> None:
    runs = [make_run("a", s, 0.5 + 0.1 * np.abs(np.arange(9) - 3 - s), restores=True) for s in range(3)]
    summary = summarize([summarize_run(run) for run in runs])
    (line,) = view_lines(summary, "loss", "a", 9)
    assert line.end == pytest.approx(summary[0].spreads["final_val_loss"].mean)
    (gap,) = view_lines(summary, "gap", "a", 9)
    assert gap.end == pytest.approx(summary[0].spreads["generalization_gap_final"].mean)


def test_what_trains_now_is_no_part_of_a_mean_of_complete_seeds(make_run: MakeRun) -> None:
    runs = [
        make_run("a", 0, [0.5, 0.4]),
        make_run("b", 0, [0.3, 0.2]),
        make_run("a", 1, [0.9, 0.8]),
        make_run("b", 1, [0.1], status="running"),
    ]
    first, second = lines_of(runs, epochs=2)
    assert first.values.tolist() == [0.5, 0.4]
    assert second.values.tolist() == [0.3, 0.2]


def test_before_any_seed_is_complete_the_running_ones_are_drawn(make_run: MakeRun) -> None:
    (line,) = lines_of([make_run("a", 0, [0.5, 0.4], status="running")])
    assert line.values.tolist() == [0.5, 0.4]
    assert len(line.after) == 0
    assert line.end == 0.4


def test_a_failed_seed_is_not_in_the_mean_and_an_only_one_is_drawn_as_far_as_it_got(make_run: MakeRun) -> None:
    failed = make_run("a", 1, [0.9, np.nan], status="failed")
    (line,) = lines_of([make_run("a", 0, [0.5, 0.4]), failed], epochs=2)
    assert line.values.tolist() == [0.5, 0.4]
    (alone,) = lines_of([failed], epochs=2)
    np.testing.assert_array_equal(alone.values, [0.9, np.nan])
    assert mark_epochs(summarize([summarize_run(failed)])[0]).runs == 1


def test_differences_are_paired_by_seed(make_run: MakeRun) -> None:
    runs = [
        make_run(name, seed, np.array([0.5, 0.4, 0.3]) + seed + gain)
        for seed in range(3)
        for name, gain in (("a", 0.0), ("b", -0.1 - 0.01 * seed))
    ]
    reference, other = lines_of(runs, "difference", epochs=3)
    assert reference.values.tolist() == [0, 0, 0]
    np.testing.assert_allclose(other.values, [-0.11] * 3)
    assert other.end == pytest.approx(-0.11)
    accuracy = lines_of(runs, "accuracy_difference", epochs=3)[1]
    np.testing.assert_allclose(accuracy.values, [0.11] * 3)


@given(
    st.lists(st.tuples(st.floats(0.1, 2), st.floats(0.1, 2)), min_size=3, max_size=8),
)
def test_the_band_is_students_interval_of_the_paired_difference(pairs: list[tuple[float, float]]) -> None:
    def run(name: str, seed: int, value: float) -> RunCurves:
        curve = np.array([value])
        names = ("train_loss", "val_loss", "train_accuracy", "val_accuracy")
        return RunCurves(name, seed, "finished", dict.fromkeys(names, curve), StoppingRule(), restores=False)

    runs = [run(name, seed, value) for seed, pair in enumerate(pairs) for name, value in zip("ab", pair, strict=True)]
    reference, other = lines_of(runs, epochs=1)
    assert len(reference.half_width) == 0
    differences = np.array([second - first for first, second in pairs])
    half = t.ppf(0.975, len(pairs) - 1) * differences.std(ddof=1) / np.sqrt(len(pairs))
    np.testing.assert_allclose(other.half_width, [half], atol=1e-12)
    if half > 1e-9:
        interval = ttest_rel(*reversed(list(zip(*pairs, strict=True)))).confidence_interval(0.95)
        np.testing.assert_allclose((interval.high - interval.low) / 2, half, rtol=1e-6)


def test_two_pairs_have_no_band(make_run: MakeRun) -> None:
    runs = [make_run(name, seed, [0.5, 0.4]) for seed in range(2) for name in "ab"]
    assert [len(line.half_width) for line in lines_of(runs, epochs=2)] == [0, 0]


def test_a_view_whose_curve_runs_lack_is_empty(make_run: MakeRun) -> None:
    (line,) = lines_of([make_run("a", 0, [0.5, 0.4])], "memorization")
    assert (len(line.values), len(line.after), line.end) == (0, 0, None)


def test_the_objective_has_no_model_handed_over(make_run: MakeRun) -> None:
    (line,) = lines_of([make_run("a", 0, [0.5, 0.2, 0.4], rule=StoppingRule(patience=1), restores=True)], "objective")
    assert (line.values.tolist(), len(line.after), line.end) == ([0.5, 0.2, 0.4], 0, 0.4)


def test_axes_count_epochs_steps_and_seconds(make_run: MakeRun) -> None:
    (variant,) = summarize([summarize_run(make_run("a", 0, [0.5, 0.4]))])
    assert measure_axis(variant, "epoch", 4).tolist() == [1, 2, 3, 4]
    assert measure_axis(variant, "steps", 4).tolist() == [10, 20, 30, 40]
    assert measure_axis(variant, "seconds", 4).tolist() == [0.25, 0.5, 0.75, 1.0]
    (waiting,) = summarize([summarize_run(make_run("a", 0, [], status="queued"))])
    assert measure_axis(waiting, "seconds", 2).tolist() == [1, 2]


def test_marks_are_those_of_the_runs_in_the_line(make_run: MakeRun) -> None:
    rule = StoppingRule(patience=1)
    runs = [make_run("a", seed, [0.9] * (2 + seed) + [1.0, 1.1], rule=rule) for seed in range(3)]
    runs.append(make_run("a", 3, [1.0, 1.1], rule=rule, status="running"))
    marks = mark_epochs(summarize(map(summarize_run, runs))[0])
    assert (marks.runs, marks.bests, marks.stops) == (3, (1, 1, 1), (2, 2, 2))


def test_after_a_lost_seed_all_lines_are_over_the_seeds_that_all_have_finished(make_run: MakeRun) -> None:
    # The hard seed 2 was lost by one variant alone: a mean over its own seeds would look better for it.
    runs = [make_run(name, seed, [0.1 + (seed == 2)] * 3) for seed in range(3) for name in "ab"]
    runs[4] = make_run("a", 2, [1.1, 1.1], status="failed")
    assert [line.end for line in lines_of(runs, epochs=3)] == pytest.approx([0.1, 0.1])


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_run_that_did_not_finish_hands_over_nothing(make_run: MakeRun, status: str) -> None:
    (line,) = lines_of([make_run("a", 0, [0.5, 0.4], status=status, restores=True)], epochs=9)
    assert (line.values.tolist(), len(line.after), line.end) == ([0.5, 0.4], 0, 0.4)


def test_stops_stand_beside_what_the_same_runs_restore(make_run: MakeRun) -> None:
    rule = StoppingRule(patience=2)
    stops = make_run("a", 0, [0.5, 0.6, 0.7], rule=rule)  # fires at 3, restores 1
    goes_on = [make_run("a", seed, [0.9, 0.8, 0.7, 0.6], rule=rule) for seed in (1, 2)]
    marks = mark_epochs(summarize(map(summarize_run, [stops, *goes_on]))[0])
    assert (marks.stops, marks.bests) == ((3,), (1,))
    assert mark_epochs(summarize(map(summarize_run, goes_on))[0]).bests == (4, 4)


def test_a_running_half_of_a_pair_does_not_end_the_difference(make_run: MakeRun) -> None:
    reference = [make_run("a", seed, [0.5] * 6) for seed in range(2)]
    growing = [make_run("b", seed, [0.4] * length, status="running") for seed, length in ((0, 5), (1, 2))]
    assert len(lines_of([*reference, *growing], "difference", epochs=6)[1].values) == 5
