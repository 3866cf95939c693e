"""What stands around a verdict: the margin, the numbers behind a comparison, how to read an envelope."""

import re

from analysis.verdict import Judging
from tests.wording.test_verdict import FLAT, judged, near
from wording.claims import say_claim, say_details, say_flattery, say_margin


def test_a_margin_is_told_in_the_quantitys_own_way() -> None:
    assert say_margin(Judging("handed_over", 0.01, "baseline")) == "1% of the reference's mean"
    assert say_margin(Judging("best_epoch", 0.025, "baseline")) == "2.5% of the reference's mean"
    assert say_margin(Judging("accuracy", 0.005, "baseline")) == "0.5 percentage points"


def test_few_seeds_are_told_one_by_one_and_more_by_shares_and_the_wider_interval() -> None:
    few = judged({"baseline": FLAT[:2], "a": near(0.9)[:2]})
    assert re.fullmatch(r"Differences: seed 0: −[\d.]+, seed 1: −[\d.]+\.", say_details(few.comparisons[1], few))
    many = judged({"baseline": FLAT, "a": near(0.9)})
    assert re.fullmatch(
        r"Description only, given these seeds: .*\. For new data of the same kind: −[\d.]+ to −[\d.]+\.",
        say_details(many.comparisons[1], many),
    )
    none = judged({"baseline": [None], "a": [0.5]})
    assert say_details(none.comparisons[1], none) == say_details(many.comparisons[0], many) == ""


def test_what_a_claim_is_about_has_the_rates_that_were_measured() -> None:
    assert "about 3 of 100" in say_claim() and "up to 25" in say_claim()


def test_the_references_excess_is_called_no_flattery() -> None:
    assert say_flattery("L2 <b>", 0.02113).startswith("“L2 <b>” at its last epoch chose nothing by validation")
    assert "differs by 0.0211" in say_flattery("L2", 0.02113)
