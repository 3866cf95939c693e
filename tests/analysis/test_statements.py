"""What verdict and description say about runs worked by hand."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from analysis import statements
from analysis.early_stopping import StoppingRule
from analysis.statements import describe, verdict
from analysis.summary import RunCurves, summarize, summarize_run

MakeRun = Callable[..., RunCurves]
Judge = Callable[[Mapping[str, Mapping[int, float]]], str]


@pytest.fixture
def judge(make_run: MakeRun) -> Judge:
    """The verdict over finished runs, given their losses at the best epoch by variant and seed."""

    def say(losses: Mapping[str, Mapping[int, float]]) -> str:
        runs = [make_run(v, s, [0.9, loss, 0.95]) for v, seeds in losses.items() for s, loss in seeds.items()]
        return verdict(summarize(map(summarize_run, runs)))

    return say


def test_the_lowest_is_paired_with_the_baseline(judge: Judge) -> None:
    text = judge(
        {"first": {0: 0.6, 1: 0.6, 2: 0.6}, "baseline": {0: 0.5, 1: 0.4, 2: 0.3}, "L2": {0: 0.4, 1: 0.35, 2: 0.24}}
    )
    # Means 0.4 and 0.33; differences 0.1, 0.05, 0.06.
    assert text == (
        "Over the 3 seeds that all 3 variants have finished, “L2” has the lowest mean validation loss at its best "
        "epoch, 0.33: on average 0.07 below “baseline”, and lower in 3 of 3 seeds. "
        "That is suggestive, not proof: with few seeds chance can do the same."
    )


def test_without_a_baseline_the_first_is_the_reference(judge: Judge) -> None:
    text = judge({"plain": {0: 0.5, 1: 0.5}, "L1": {0: 0.45, 1: 0.45}, "L2": {0: 0.2, 1: 0.6}})
    assert "“L2” has the lowest" in text and "below “plain”, and lower in 1 of 2 seeds" in text
    assert text.endswith(statements.SEEDS_DISAGREE)


def test_a_baseline_that_is_lowest_itself_is_set_against_the_next(judge: Judge) -> None:
    text = judge({"baseline": {0: 0.2}, "L1": {0: 0.5}, "L2": {0: 0.25}})
    assert "“baseline” has the lowest" in text and "0.05 below “L2”" in text
    assert text.endswith(statements.ONE_SEED)


def test_equal_seeds_are_counted_apart_and_equal_means_are_a_tie(judge: Judge) -> None:
    assert "lower in 1 of 2 seeds and the same in 1." in judge({"a": {0: 0.5, 1: 0.5}, "b": {0: 0.5, 1: 0.4}})
    assert judge({"a": {0: 0.5}, "b": {0: 0.6}, "c": {0: 0.5}}) == (
        "Over the 1 seed that all 3 variants have finished, “a” and “c” have the same lowest mean validation loss "
        "at their best epochs, 0.5."
    )


def test_only_seeds_that_all_have_finished_are_compared(judge: Judge) -> None:
    # Over its own seeds b has the lower mean, 0.3; over the one they share it has the higher.
    assert "1 seed that all 2 variants have finished, “a” has" in judge({"a": {0: 0.5}, "b": {0: 0.6, 1: 0.0}})
    assert judge({"a": {0: 0.5}, "b": {1: 0.6}}) == (
        "No seed has been finished by “a” and “b” alike yet, so there is no fair comparison."
    )


def test_unfinished_runs_do_not_count(make_run: MakeRun) -> None:
    growing = [make_run("a", 0, [0.5], status="running"), make_run("b", 0, [0.1], status="failed")]
    assert verdict(summarize(map(summarize_run, growing))) == verdict(()) == statements.NOTHING_FINISHED
    finished = make_run("c", 0, [0.5])
    assert verdict(summarize(map(summarize_run, [*growing, finished]))) == (
        "Only “c” has finished runs so far, so there is nothing to compare it with."
    )
    text = verdict(summarize(map(summarize_run, [*growing, finished, make_run("d", 0, [0.7])])))
    assert text.startswith("Over the 1 seed that 2 of 4 variants have finished so far, “c” has the lowest")


def test_a_single_variant_is_not_compared(judge: Judge) -> None:
    assert judge({"a": {0: 0.5, 1: 0.6}}) == (
        "There is only one variant, “a”, so there is nothing to compare: "
        "its mean validation loss at its best epoch is 0.55 over 2 seeds."
    )


@pytest.mark.parametrize(
    ("wins", "pairs", "weight"),
    [
        (48, 48, statements.SUGGESTIVE),
        (37, 49, statements.MEANINGFUL),  # 37 / 49 = 0.755
        (36, 49, statements.NOT_MEANINGFUL),  # 0.735
    ],
)
def test_more_than_suggestive_takes_49_pairs(judge: Judge, wins: int, pairs: int, weight: str) -> None:
    losses = {seed: 0.1 if seed < wins else 0.55 for seed in range(pairs)}
    assert judge({"a": dict.fromkeys(range(pairs), 0.5), "b": losses}).endswith(weight)


def test_no_sentence_claims_significance() -> None:
    sentences = [value for value in vars(statements).values() if isinstance(value, str)]
    assert not any("significan" in sentence for sentence in sentences)


def test_description_of_one_seed(make_run: MakeRun) -> None:
    runs = [make_run("a", 4, [0.9, 0.4, 0.5, 0.6]), make_run("b", 4, [], status="queued")]
    assert describe(summarize(map(summarize_run, runs))) == (
        "“a” (seed 4): validation loss 0.4 at the best epoch, 2. There is no clear onset of overfitting. "
        "Early stopping fires at epoch 4: validation loss has not gone below 0.4 (epoch 2) for 2 epochs.\n"
        "“b”: no epochs yet."
    )


def test_description_of_several_seeds(make_run: MakeRun) -> None:
    falling = {"train_loss": np.linspace(0.5, 0.1, 40)}
    runs = []
    for seed, turn in enumerate((18, 20, 22)):
        run = make_run("a", seed, 0.5 + 0.01 * np.abs(np.arange(1, 41) - turn), rule=StoppingRule(patience=20))
        runs.append(RunCurves("a", seed, "finished", {**run.curves, **falling}, run.rule, False))
    text = describe(summarize(map(summarize_run, runs)))
    assert text.startswith("“a” (3 seeds): mean validation loss 0.5 at the best epochs, 18 to 22. In the mean curve")
    assert "overfitting begins at epoch 20: validation loss is" in text
    assert "Overfitting begins in 3 of 3 seeds, at epoch 18 to 22." in text
    assert text.endswith("Early stopping fires in 2 of 3 seeds, at epoch 38 to 40.")


def test_description_where_the_rule_ignores_every_epoch(make_run: MakeRun) -> None:
    runs = [make_run("a", seed, [0.5, 0.4], rule=StoppingRule(start_from_epoch=9)) for seed in (0, 1)]
    assert describe(summarize(map(summarize_run, runs))) == (
        "“a” (2 seeds): no best epoch, since the stopping rule ignores all epochs. "
        "There is no clear onset of overfitting. Early stopping has not fired."
    )
