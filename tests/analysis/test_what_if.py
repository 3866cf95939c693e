"""What a rule would have done, worked by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from analysis.early_stopping import PrecheltRule, StoppingRule
from analysis.summary import RunCurves, summarize_run, summarize_variant
from analysis.what_if import map_rule, measure_outcome

MakeRun = Callable[..., RunCurves]
CURVE = [0.9, 0.4, 0.5, 0.6, 0.2]


def test_the_outcome_of_a_rule_on_each_curve(make_run: MakeRun) -> None:
    runs = [make_run("a", 0, CURVE), make_run("a", 1, [0.8, 0.7, 0.6, 0.5, 0.4])]
    outcome = measure_outcome(summarize_variant([summarize_run(run, StoppingRule(patience=2)) for run in runs]))
    assert outcome is not None
    assert (outcome.runs, outcome.stopped, outcome.stop_epoch.mean, outcome.restored_epoch.mean) == (2, 1, 4, 3.5)
    assert outcome.saved == 1 / 10
    assert outcome.loss.values == (0.4, 0.4)
    assert outcome.lowest_loss.values == outcome.last_loss.values == (0.2, 0.4)
    assert outcome.accuracy.values == pytest.approx((0.6, 0.6))
    assert outcome.lowest_accuracy.values == pytest.approx((0.8, 0.6))


def test_another_rule_moves_the_marks_and_not_the_model_handed_over(make_run: MakeRun) -> None:
    run = make_run("a", 0, CURVE, rule=StoppingRule(patience=2), restores=True)
    expected = {StoppingRule(patience=1): (3, 2), StoppingRule(patience=9): (None, 5), PrecheltRule("GL", 40): (4, 2)}
    for rule, (stop, best) in expected.items():
        summary = summarize_run(run, rule)
        assert (summary.stopping.stop_epoch, summary.best_epoch, summary.final_epoch) == (stop, best, 2)
        assert summary.rule == rule


def test_without_epochs_there_is_no_outcome(make_run: MakeRun) -> None:
    assert measure_outcome(summarize_variant([summarize_run(make_run("a", 0, [], status="queued"))])) is None


def test_the_map_has_the_mean_loss_of_what_each_rule_restores(make_run: MakeRun) -> None:
    runs = [summarize_run(make_run("a", 0, CURVE)), summarize_run(make_run("a", 1, [0.8, 0.7, 0.6, 0.5, 0.4]))]
    found = map_rule(runs, StoppingRule(), (1, 2, 3), (0.0, 0.15))
    # Patience 1 and 2 stop the first run at epoch 3 or 4, 3 not at all; by 0.15 the second one improves at 3 and 5.
    np.testing.assert_allclose(found[0], [(0.4 + 0.4) / 2, (0.4 + 0.4) / 2, (0.2 + 0.4) / 2])
    np.testing.assert_allclose(found[1], [(0.4 + 0.8) / 2, (0.4 + 0.4) / 2, (0.2 + 0.4) / 2])
    assert np.isnan(map_rule([], StoppingRule(), (1,), (0.0,))).all()
