"""The verdict in sentences: no more and no less than the numbers say."""

from collections.abc import Mapping
from typing import Final

from analysis.verdict import SEEDS_FOR_A_DIFFERENCE, SEEDS_FOR_NO_DIFFERENCE, Comparison, Kind, Verdict, What
from wording.language import _, ngettext
from wording.numbers import count_seeds, format_number, format_percent, join_names, join_texts

KINDS: Final[tuple[Kind, ...]] = ("better", "worse", "no_difference", "undecided")


def name_quantity(what: What) -> str:
    """What is judged, as it stands in a sentence."""
    return {
        "handed_over": _("validation loss of the model handed over"),
        "best_epoch": _("lowest validation loss of the whole run"),
        "accuracy": _("validation accuracy of the model handed over"),
        "balanced_accuracy": _("balanced validation accuracy of the model handed over"),
    }[what]


def say_answer(verdict: Verdict) -> str:
    """The answer in one or two sentences."""
    compared = [c for c in verdict.comparisons if c.kind != "reference"]
    if not compared:
        return _("There is only one variant, so there is nothing to compare.")
    compared = [c for c in compared if c.seeds]
    if verdict.margin is None or not compared:
        template = _("No seed can be compared yet: {reference} and another variant must have finished the first one.")
        return template.format(reference=join_names([verdict.judging.reference]))
    reference, parts = join_names([verdict.judging.reference]), []
    for kind, found in _by_kind(verdict).items():
        named = (
            _name_with_effect(c, verdict) if kind in ("better", "worse") else join_names([c.variant]) for c in found
        )
        template = _claim_of_one(kind) if len(found) == 1 else _claim_of_several(kind)
        parts.append(template.format(names=join_texts(named), reference=reference))
    fewest, most = (pick(c.seeds for c in compared) for pick in (min, max))
    seeds = count_seeds(most) if fewest == most else _("{fewest} to {most} seeds").format(fewest=fewest, most=most)
    sentence = _("Over {seeds}: {parts}.").format(seeds=seeds, parts="; ".join(parts))
    if verdict.best is not None and len(compared) > 1:
        sentence += " " + _("{name} is better than every other variant.").format(name=join_names([verdict.best]))
    if most < SEEDS_FOR_A_DIFFERENCE:
        sentence += " " + say_few_seeds(most)
    return sentence


def _claim_of_one(kind: Kind) -> str:
    return {
        "better": _("{names} is better than {reference}"),
        "worse": _("{names} is worse than {reference}"),
        "no_difference": _("{names} is no different from {reference} by more than matters"),
        "undecided": _("{names} is not to be told apart from {reference} yet"),
    }[kind]


def _claim_of_several(kind: Kind) -> str:
    return {
        "better": _("{names} are better than {reference}"),
        "worse": _("{names} are worse than {reference}"),
        "no_difference": _("{names} are no different from {reference} by more than matters"),
        "undecided": _("{names} are not to be told apart from {reference} yet"),
    }[kind]


def _by_kind(verdict: Verdict) -> dict[Kind, list[Comparison]]:
    """The comparisons of each kind that occurs, of those that have a seed, best news first."""
    found = {kind: [c for c in verdict.comparisons if c.kind == kind and c.seeds] for kind in KINDS}
    return {kind: comparisons for kind, comparisons in found.items() if comparisons}


def _name_with_effect(comparison: Comparison, verdict: Verdict) -> str:
    """`“L2” (14% lower)`; of accuracies in percentage points."""
    difference, mean = comparison.difference or 0.0, _reference_mean(verdict)
    if verdict.judging.low_is_good and mean:
        template = _("{amount} lower") if difference < 0 else _("{amount} higher")
        effect = template.format(amount=format_percent(abs(difference / mean)))
    else:
        effect = say_difference(difference, verdict)
    return _("{name} ({effect})").format(name=join_names([comparison.variant]), effect=effect)


def name_kind(kind: Kind) -> str:
    """What can be claimed, in a word, behind a sign: colour may repeat it, never carry it."""
    return {
        "reference": _("the reference"),
        "better": _("✓ Better"),
        "worse": _("✕ Worse"),
        "no_difference": _("= No difference that matters"),
        "undecided": _("? Can't tell yet"),
    }[kind]


def say_effect(comparison: Comparison, verdict: Verdict) -> str:
    """`−14% [−23, −4]`: difference and interval; of losses as shares of the reference's mean, else in points."""
    if comparison.difference is None:
        return ""
    mean = _reference_mean(verdict)
    scale, unit = (100 / abs(mean), "%") if verdict.judging.low_is_good and mean else (100.0, _(" points"))

    def write(value: float, digits: int = 2) -> str:
        text = format_number(scale * value, digits=digits)
        return f"+{text}" if value > 0 else text

    effect = f"{write(comparison.difference)}{unit}"
    if comparison.low is None or comparison.high is None:
        return effect
    return f"{effect} [{write(comparison.low)}, {write(comparison.high)}]"


def _reference_mean(verdict: Verdict) -> float | None:
    return next((c.mean for c in verdict.comparisons if c.kind == "reference"), None)


def say_few_seeds(seeds: int) -> str:
    """What so few seeds can show."""
    if seeds < SEEDS_FOR_NO_DIFFERENCE:
        return _("So few seeds can show nothing: another split or other initial weights may turn it around.")
    return _("{seeds} can show at most that nothing changes; a difference needs {least} or more.").format(
        seeds=count_seeds(seeds), least=SEEDS_FOR_A_DIFFERENCE
    )


def say_comparison(comparison: Comparison, verdict: Verdict) -> str:
    """One variant against the reference; empty for the reference itself."""
    if comparison.kind == "reference":
        return ""
    words = {
        "name": join_names([comparison.variant]),
        "reference": join_names([verdict.judging.reference]),
        "seeds": count_seeds(comparison.seeds),
        "margin": _amount(verdict.margin or 0.0, verdict),
    }
    return " ".join(filter(None, [_say_kind(comparison, verdict, words), _say_lost(comparison, verdict)]))


def _say_kind(c: Comparison, verdict: Verdict, words: Mapping[str, str]) -> str:
    if not c.seeds or c.difference is None or verdict.margin is None:
        if c.lost:
            return _("{name} cannot be compared with {reference}.").format(**words)
        return _("{name}: no seed has been finished by it and {reference} yet.").format(**words)
    if c.note == "identical":
        return _("{name} gave the same numbers as {reference} in all {seeds}: identical runs.").format(**words)
    facts = {**words, "difference": say_difference(c.difference, verdict), "interval": say_interval(c, verdict)}
    if c.note == "ties":
        ties = sum(value == 0 for _seed, value in c.differences)
        return _(
            "{name} cannot be told apart from {reference}: the two are exactly the same in {ties} of {seeds}, so the "
            "few others decide nothing."
        ).format(ties=ties, **facts)
    if c.kind == "better":
        return _("{name} is better than {reference}: {difference} ({interval}, {seeds}).").format(**facts)
    if c.kind == "worse":
        return _("{name} is worse than {reference}: {difference} ({interval}, {seeds}).").format(**facts)
    if c.kind == "no_difference":
        return _(
            "{name} makes no difference that matters against {reference}: {difference} ({interval}, {seeds}), within "
            "the margin of {margin}."
        ).format(**facts)
    if c.low is None:
        return _("{name} cannot be told apart from {reference} yet: {difference} ({seeds}, so no interval).").format(
            **facts
        )
    sentence = _("{name} cannot be told apart from {reference} yet: {difference} ({interval}, {seeds}).").format(
        **facts
    )
    if c.not_worse:
        sentence += " " + _("It is not worse by more than the margin of {margin}.").format(**facts)
    return f"{sentence} {say_more_seeds(c)}".strip()


def say_more_seeds(comparison: Comparison) -> str:
    """How many more seeds would settle it; what is still to come; nothing behind a gap."""
    if comparison.lost:
        return ""
    if comparison.to_come:
        return ngettext("{count} seed is still to come.", "{count} seeds are still to come.", comparison.to_come)
    if comparison.more_seeds is None:
        return _("More than 200 seeds would be needed to settle it, if the difference stays as it is.")
    return ngettext(
        "About {count} more seed would settle it, if the difference stays as it is.",
        "About {count} more seeds would settle it, if the difference stays as it is.",
        comparison.more_seeds,
    )


def _say_lost(comparison: Comparison, verdict: Verdict) -> str:
    if not comparison.lost:
        return ""
    return _("{names} failed or was cancelled in {lost} of {seeds}; only the seeds before seed {first} count.").format(
        names=join_names(comparison.lost_by),
        lost=len(comparison.lost),
        seeds=count_seeds(verdict.seeds),
        first=comparison.lost[0],
    )


def say_difference(difference: float, verdict: Verdict) -> str:
    """`0.0221 (14%) lower`; of accuracies in percentage points."""
    amount = _amount(abs(difference), verdict)
    if difference == 0:
        return _("exactly the same")
    return (_("{amount} lower") if difference < 0 else _("{amount} higher")).format(amount=amount)


def say_interval(comparison: Comparison, verdict: Verdict) -> str:
    """The interval of the difference."""
    if comparison.low is None or comparison.high is None:
        return _("no interval")
    unit = 1.0 if verdict.judging.low_is_good else 100.0
    low, high = (_signed(unit * value) for value in (comparison.low, comparison.high))
    return _("interval {low} to {high}").format(low=low, high=high)


def say_new_data(comparison: Comparison, verdict: Verdict) -> str:
    """The wider interval for new data of the same kind; empty where there is none."""
    if comparison.new_low is None or comparison.new_high is None:
        return ""
    unit = 1.0 if verdict.judging.low_is_good else 100.0
    low, high = (_signed(unit * value) for value in (comparison.new_low, comparison.new_high))
    return _("{low} to {high}").format(low=low, high=high)


def say_shares(comparison: Comparison) -> str:
    """The three shares of the posterior."""
    if comparison.shares is None:
        return ""
    shares = comparison.shares
    return _("better {better}, no difference that matters {same}, worse {worse}").format(
        better=_share(shares.better), same=_share(shares.same), worse=_share(shares.worse)
    )


def _share(share: float) -> str:
    """A share that is never rounded to certainty."""
    return "<0.1%" if share < 0.001 else ">99.9%" if share > 0.999 else f"{share:.1%}"


def say_disagreement(verdicts: Mapping[What, Verdict]) -> str:
    """Where other quantities than the judged one, the first, would name another winner; empty where none does."""
    judged, *others = verdicts
    winner = verdicts[judged].best
    parts = [
        _("{name} by {quantity}").format(name=join_names([other]), quantity=name_quantity(what))
        for what in others
        if winner is not None and (other := verdicts[what].best) is not None and other != winner
    ]
    if not parts:
        return ""
    return _("The winner depends on what is judged: looked at otherwise it would be {others}.").format(
        others=join_texts(parts)
    )


def _amount(size: float, verdict: Verdict) -> str:
    """A difference as people read it: of losses with its share of the reference's mean, of accuracies in points."""
    if not verdict.judging.low_is_good:
        points = format_number(100 * size, digits=2)
        return _("1 percentage point") if points == "1" else _("{points} percentage points").format(points=points)
    reference, number = _reference_mean(verdict), format_number(size)
    return number if not reference else f"{number} ({format_percent(size / abs(reference))})"


def _signed(value: float) -> str:
    return f"+{format_number(value)}" if value > 0 else format_number(value)


def say_exploratory(comparison: Comparison, verdict: Verdict) -> str:
    """One variant by a quantity that was not fixed before the seeds: described, and nothing claimed."""
    if not comparison.seeds or comparison.difference is None:
        return ""
    return _("{name} against {reference}: {difference} on average ({interval}, {seeds}).").format(
        name=join_names([comparison.variant]),
        reference=join_names([verdict.judging.reference]),
        difference=say_difference(comparison.difference, verdict),
        interval=say_interval(comparison, verdict),
        seeds=count_seeds(comparison.seeds),
    )


def say_points(comparison: Comparison, verdict: Verdict) -> str:
    """The difference in each seed, for when there are too few for an interval that means something."""
    unit = 1.0 if verdict.judging.low_is_good else 100.0
    return ", ".join(
        _("seed {seed}: {difference}").format(seed=seed, difference=_signed(unit * value))
        for seed, value in comparison.differences
    )


def say_briefly(verdict: Verdict) -> str:
    """The claims in a few words, for a list of experiments; empty where there is none."""
    kinds: dict[Kind, str] = {
        "better": _("{names} better"),
        "worse": _("{names} worse"),
        "no_difference": _("{names} no different"),
    }
    found = _by_kind(verdict)
    parts = [
        template.format(names=join_names(c.variant for c in found[kind]))
        for kind, template in kinds.items()
        if kind in found
    ]
    if not parts:
        return ""
    return _("{parts} (against {reference})").format(
        parts="; ".join(parts), reference=join_names([verdict.judging.reference])
    )
