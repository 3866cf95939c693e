"""What stands around a verdict: what a claim is about, from where on a difference matters, the numbers behind it."""

from analysis.verdict import SEEDS_FOR_A_DIFFERENCE, Comparison, Judging, Verdict
from wording.language import _
from wording.numbers import format_number, join_names
from wording.verdict import say_new_data, say_points, say_shares


def say_claim() -> str:
    """What a claim is about and how often it is wrong (docs/verdict.md)."""
    return _(
        "A claim is about other splits and initial weights of this data set, and may be looked for again after every "
        "added seed. It is wrong in about 3 of 100 experiments of equal recipes; of recipes that differ by no more "
        "than matters in up to 10, and up to 25 where differences are strongly skewed, as with early stopping on few "
        "validation rows. For new data of the same kind the wider interval counts."
    )


def say_margin(judging: Judging) -> str:
    """From where on a difference matters: `1% of the reference's mean`."""
    share = f"{100 * judging.margin:g}"
    if judging.low_is_good:
        return _("{share}% of the reference's mean").format(share=share)
    return _("{share} percentage points").format(share=share)


def say_details(comparison: Comparison, verdict: Verdict) -> str:
    """The numbers behind a comparison, which claim nothing; empty where there are none."""
    details = []
    if 1 <= comparison.seeds < SEEDS_FOR_A_DIFFERENCE:
        details.append(_("Differences: {points}.").format(points=say_points(comparison, verdict)))
    if shares := say_shares(comparison):
        details.append(_("Description only, given these seeds: {shares}.").format(shares=shares))
    if wider := say_new_data(comparison, verdict):
        details.append(_("For new data of the same kind: {interval}.").format(interval=wider))
    return " ".join(details)


def say_flattery(reference: str, excess: float) -> str:
    """How to read an opened envelope.

    Args:
        reference: the variant whose last epoch chose nothing by validation.
        excess: its mean test loss less its mean validation loss.
    """
    return _(
        "{reference} at its last epoch chose nothing by validation, and still its test loss differs by {excess}: that "
        "part is which rows fell where. Only what a line has beyond it can be flattery by choosing an epoch (by the "
        "marked rule, or the technique's own). Choosing the best of several variants flatters on top of that."
    ).format(reference=join_names([reference]), excess=format_number(excess))
