"""The charts in sentences, of runs worked by hand."""

from collections.abc import Callable

import numpy as np

from analysis.early_stopping import StoppingRule
from analysis.summary import RunCurves, summarize, summarize_run
from wording.in_words import describe

MakeRun = Callable[..., RunCurves]


def test_description_of_one_seed(make_run: MakeRun) -> None:
    runs = [make_run("a", 4, [0.9, 0.4, 0.5, 0.6]), make_run("b", 4, [], status="queued")]
    assert describe(summarize(map(summarize_run, runs))) == (
        "“a” (seed 4): validation loss 0.6 now; 0.4 at the best epoch, 2. There is no clear onset of overfitting. "
        "Early stopping fires at epoch 4: validation loss has not gone below 0.4 (epoch 2) for 2 epochs.\n"
        "“b”: no epochs."
    )


def test_description_of_several_seeds(make_run: MakeRun) -> None:
    falling = {"train_loss": np.linspace(0.5, 0.1, 60)}
    runs = []
    for seed, turn in enumerate((18, 20, 22)):
        run = make_run("a", seed, 0.5 + 0.01 * np.abs(np.arange(1, 61) - turn), rule=StoppingRule(patience=39))
        runs.append(RunCurves("a", seed, "finished", {**run.curves, **falling}, run.rule, False))
    text = describe(summarize(map(summarize_run, runs)))
    assert text.startswith("“a” (3 seeds): mean validation loss 0.9 now; 0.5 at the best epochs, 18 to 22. In the mean")
    assert "overfitting begins at epoch 20: over the last " in text
    assert "Overfitting begins in 3 of 3 seeds, at epoch 18 to 22." in text
    assert text.endswith("Early stopping fires in 2 of 3 seeds, at epoch 57 to 59.")


def test_description_where_the_rule_ignores_every_epoch(make_run: MakeRun) -> None:
    runs = [make_run("a", seed, [0.5, 0.4], rule=StoppingRule(start_from_epoch=9)) for seed in (0, 1)]
    assert describe(summarize(map(summarize_run, runs))) == (
        "“a” (2 seeds): mean validation loss 0.4 now; no best epoch, since the rule ignores all. "
        "There is no clear onset of overfitting. Early stopping has not fired."
    )


def test_a_single_seed_without_a_best_epoch_says_so(make_run: MakeRun) -> None:
    run = make_run("a", 0, [0.5, 0.4], rule=StoppingRule(start_from_epoch=9))
    assert describe(summarize([summarize_run(run)])).startswith(
        "“a” (seed 0): validation loss 0.4 now; no best epoch, since the rule ignores all."
    )
