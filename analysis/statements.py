"""What the summaries say, in sentences: the verdict over variants, and the text alternative of the charts.

Names of variants are put in as they are: whoever shows the text as Markdown or HTML escapes them.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import fsum, isfinite
from typing import Final

from analysis.averages import measure_spread
from analysis.summary import QUANTITIES, RunSummary, VariantSummary
from analysis.wording import SEEDS, format_count, format_number

NAME = "“{name}”"
AND = " and "
RANGE = "{first} to {last}"

NOTHING_FINISHED = "No run has finished yet, so there is nothing to compare."
ONE_VARIANT = (
    "There is only one variant, {name}, so there is nothing to compare: "
    "its mean validation loss at its best epoch is {value} over {seeds}."
)
ONE_SO_FAR = "Only {name} has finished runs so far, so there is nothing to compare it with."
NO_SHARED_SEED = "No seed has been finished by {names} alike yet, so there is no fair comparison."
SHARED_BY_ALL = "Over the {seeds} that all {total} variants have finished"
SHARED_BY_SOME = "Over the {seeds} that {some} of {total} variants have finished so far"
LOWEST = (
    "{shared}, {lowest} has the lowest mean validation loss at its best epoch, {value}: "
    "on average {difference} below {other}, and lower in {wins} of {seeds}."
)
LOWEST_WITH_TIES = (
    "{shared}, {lowest} has the lowest mean validation loss at its best epoch, {value}: "
    "on average {difference} below {other}, lower in {wins} of {seeds} and the same in {ties}."
)
TIED = "{shared}, {names} have the same lowest mean validation loss at their best epochs, {value}."
ONE_SEED = "One seed is barely suggestive: another split or other initial weights may turn it around."
SUGGESTIVE = "That is suggestive, not proof: with few seeds chance can do the same."
SEEDS_DISAGREE = "The seeds disagree, so not even that is more than suggestive."
MEANINGFUL = "It is the better one in at least 3 of 4 seeds, which counts as a meaningful difference."
NOT_MEANINGFUL = "It is the better one in fewer than 3 of 4 seeds, too few to count as a meaningful difference."

NO_EPOCHS = "{name}: no epochs yet."
BEST_OF_ONE = "{name} (seed {seed}): validation loss {value} at the best epoch, {epochs}."
BEST_OF_SEVERAL = "{name} ({seeds}): mean validation loss {value} at the best epochs, {epochs}."
NO_BEST = "{name} ({seeds}): no best epoch, since the stopping rule ignores all epochs."
ONSET = "Overfitting begins at epoch {epoch}: {evidence}."
ONSET_OF_MEAN = "In the mean curve overfitting begins at epoch {epoch}: {evidence}."
ONSET_OF_SEEDS = "Overfitting begins in {count} of {seeds}, at epoch {epochs}."
NO_ONSET = "There is no clear onset of overfitting."
STOP = "Early stopping fires at epoch {epoch}: {evidence}."
STOP_OF_SEEDS = "Early stopping fires in {count} of {seeds}, at epoch {epochs}."
NO_STOP = "Early stopping has not fired."

BASELINE: Final = "baseline"
SCORE: Final = "best_val_loss"
MEANINGFUL_SHARE: Final = 0.75
"""P(A better than B) from which a difference counts (Bouthillier et al., arXiv 2103.03098)."""
ENOUGH_PAIRS: Final = 49
"""Pairs that a two-sided sign test needs to show P > 0.5 where it is 0.75, with both errors at 5%."""

Scores = Mapping[int, float]
"""Seed -> validation loss at the best epoch."""


def verdict(summaries: Sequence[VariantSummary]) -> str:
    """Which variant has the lowest mean clean validation loss at its best epoch, and how much that says.

    Compared are the seeds that every variant with finished runs has finished, so that all means are over the same
    splits and initial weights. The lowest is set against the reference (the variant named "baseline", else the
    first), or against the next lowest if it is the reference itself: mean paired difference and wins over seeds.
    Variants without a finished run are left out, and the sentence says so.
    """
    scores = {summary.name: found for summary in summaries if (found := _scores(summary))}
    if not scores:
        return NOTHING_FINISHED
    if len(scores) == 1:
        return _say_only_one(*next(iter(scores.items())), len(summaries))
    seeds = sorted(set.intersection(*(set(found) for found in scores.values())))
    if not seeds:
        return NO_SHARED_SEED.format(names=_join(scores))
    means = {name: fsum(found[seed] for seed in seeds) / len(seeds) for name, found in scores.items()}
    shared = _say_shared(len(seeds), len(scores), len(summaries))
    ranking = sorted(means, key=lambda name: means[name])
    tied = [name for name in ranking if means[name] == means[ranking[0]]]
    if len(tied) > 1:
        return TIED.format(shared=shared, names=_join(tied), value=format_number(means[tied[0]]))
    reference = BASELINE if BASELINE in scores else next(iter(scores))
    lowest, other = ranking[0], ranking[1] if ranking[0] == reference else reference
    differences = [scores[other][seed] - scores[lowest][seed] for seed in seeds]
    return _say_lowest(shared, lowest, means[lowest], other, differences)


def describe(summaries: Sequence[VariantSummary]) -> str:
    """The charts in sentences, for those who do not see them: one paragraph per variant, separated by newlines."""
    return "\n".join(map(_describe_variant, summaries))


def _scores(summary: VariantSummary) -> Scores:
    read = QUANTITIES[SCORE]
    found = {run.seed: read(run) for run in summary.runs if run.status == "finished"}
    return {seed: value for seed, value in found.items() if value is not None and isfinite(value)}


def _say_only_one(name: str, scores: Scores, total: int) -> str:
    if total > 1:
        return ONE_SO_FAR.format(name=NAME.format(name=name))
    value = format_number(fsum(scores.values()) / len(scores))
    return ONE_VARIANT.format(name=NAME.format(name=name), value=value, seeds=format_count(len(scores), SEEDS))


def _say_shared(seeds: int, some: int, total: int) -> str:
    template = SHARED_BY_ALL if some == total else SHARED_BY_SOME
    return template.format(seeds=format_count(seeds, SEEDS), some=some, total=total)


def _say_lowest(shared: str, lowest: str, value: float, other: str, differences: Sequence[float]) -> str:
    count = len(differences)
    wins, ties = sum(d > 0 for d in differences), sum(d == 0 for d in differences)
    sentence = (LOWEST_WITH_TIES if ties else LOWEST).format(
        shared=shared,
        lowest=NAME.format(name=lowest),
        value=format_number(value),
        difference=format_number(fsum(differences) / count),
        other=NAME.format(name=other),
        wins=wins,
        ties=ties,
        seeds=format_count(count, SEEDS),
    )
    return f"{sentence} {_say_how_sure((wins + ties / 2) / count, count)}"


def _say_how_sure(share_better: float, count: int) -> str:
    """How much a share of pairs says: P(A better than B) = (wins + ties / 2) / pairs."""
    if count == 1:
        return ONE_SEED
    if count < ENOUGH_PAIRS:
        return SUGGESTIVE if share_better >= MEANINGFUL_SHARE else SEEDS_DISAGREE
    return MEANINGFUL if share_better >= MEANINGFUL_SHARE else NOT_MEANINGFUL


def _describe_variant(summary: VariantSummary) -> str:
    runs = [run for run in summary.runs if run.epochs]
    if not runs:
        return NO_EPOCHS.format(name=NAME.format(name=summary.name))
    marks = _describe_one(runs[0]) if len(runs) == 1 else _describe_seeds(summary, runs)
    return " ".join([_describe_best(summary.name, runs), *marks])


def _describe_best(name: str, runs: Sequence[RunSummary]) -> str:
    seeds = format_count(len(runs), SEEDS)
    epochs = _range(run.best_epoch for run in runs)
    mean = measure_spread(map(QUANTITIES[SCORE], runs)).mean
    value = format_number(float("nan") if mean is None else mean)
    template = NO_BEST if not epochs else BEST_OF_ONE if len(runs) == 1 else BEST_OF_SEVERAL
    return template.format(name=NAME.format(name=name), seeds=seeds, seed=runs[0].seed, value=value, epochs=epochs)


def _describe_one(run: RunSummary) -> list[str]:
    stopping = run.stopping
    return [
        ONSET.format(epoch=run.onset.epoch, evidence=run.onset.evidence) if run.onset else NO_ONSET,
        STOP.format(epoch=stopping.stop_epoch, evidence=stopping.evidence) if stopping.stop_epoch else NO_STOP,
    ]


def _describe_seeds(summary: VariantSummary, runs: Sequence[RunSummary]) -> list[str]:
    seeds, onset = format_count(len(runs), SEEDS), summary.onset_of_mean
    onsets = [run.onset.epoch for run in runs if run.onset]
    stops = [run.stopping.stop_epoch for run in runs if run.stopping.stop_epoch]
    sentences = []
    if onset:
        sentences.append(ONSET_OF_MEAN.format(epoch=onset.epoch, evidence=onset.evidence))
    if onsets:
        sentences.append(ONSET_OF_SEEDS.format(count=len(onsets), seeds=seeds, epochs=_range(onsets)))
    if not sentences:
        sentences.append(NO_ONSET)
    sentences.append(STOP_OF_SEEDS.format(count=len(stops), seeds=seeds, epochs=_range(stops)) if stops else NO_STOP)
    return sentences


def _range(epochs: Iterable[int | None]) -> str:
    """Epochs as "41" or "38 to 45"; empty without any."""
    present = [epoch for epoch in epochs if epoch is not None]
    if not present:
        return ""
    first, last = min(present), max(present)
    return str(first) if first == last else RANGE.format(first=first, last=last)


def _join(names: Iterable[str]) -> str:
    *start, end = [NAME.format(name=name) for name in names]
    return AND.join([", ".join(start), end]) if start else end
