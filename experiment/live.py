"""Live: one setting after the other, each beside the one before, and all of them counted."""

from collections.abc import Iterable
from dataclasses import dataclass

from analysis.summary import RunSummary
from analysis.verdict import Judging, Verdict, judge
from experiment.changes import Change, find_changes
from experiment.judging import judging_of
from experiment.run_key import describe_training
from experiment.spec import Experiment
from wording.language import _


@dataclass(frozen=True)
class Replaced:
    """A variant that trains with other settings than the one that stood there before."""

    name: str
    before: str


def find_replaced(before: Experiment, after: Experiment) -> tuple[Replaced, ...]:
    """The variants of `after` that are those of `before` with other settings, by their names, else by their places."""
    old = {variant.name: variant for variant in before.variants}
    new = {variant.name for variant in after.variants}
    found = []
    for place, variant in enumerate(after.variants):
        there = old.get(variant.name)
        if there is None and place < len(before.variants) and before.variants[place].name not in new:
            there = before.variants[place]  # renamed
        if there is not None and _settings(before, there.name) != _settings(after, variant.name):
            found.append(Replaced(variant.name, there.name))
    return tuple(found)


def count_tried(history: Iterable[Experiment], experiment: Experiment) -> int | None:
    """How many settings were looked at, those of the experiment included; None where those are all."""
    tried = {_settings(one, variant.name) for one in (*history, experiment) for variant in one.variants}
    return len(tried) if len(tried) > len(experiment.variants) else None


def say_tried(experiment: Experiment, tried: int | None) -> Experiment:
    """The experiment, with so many settings counted in its verdict."""
    return experiment.model_copy(update={"judging": experiment.judging.model_copy(update={"tried": tried})})


def changes_of(before: Experiment, after: Experiment) -> tuple[Change, ...]:
    """What was changed that moves curves or what is said of them: not the marks alone."""
    return tuple(change for change in find_changes(before, after) if change.part not in ("early_stopping", "name"))


def judge_replaced(
    replaced: Replaced,
    before: Iterable[RunSummary],
    experiment: Experiment,
    after: Iterable[RunSummary],
) -> Verdict:
    """The verdict on a variant against what it replaced, by the experiment's one rule: all that was tried counts.

    Args:
        replaced: the variant.
        before: runs of the experiment that it stood in before.
        experiment: that it stands in now.
        after: its runs.
    """
    old, new = _("{name} before").format(name=replaced.name), replaced.name
    judging = judging_of(experiment)
    count = max(judging.tried, len(experiment.variants), 2)
    paired = Judging(judging.what, judging.margin, old, judging.resolution, judging.overlap, count)
    runs = {old: [r for r in before if r.variant == replaced.before], new: [r for r in after if r.variant == new]}
    scores = {
        name: {run.seed: run.score(judging.what) if run.status == "finished" else None for run in found}
        for name, found in runs.items()
    }
    lost = {name: {r.seed for r in found if r.status in ("failed", "cancelled")} for name, found in runs.items()}
    return judge(scores, experiment.seeds, paired, lost)


def _settings(experiment: Experiment, name: str) -> str:
    return f"{experiment.training.epochs}\n{describe_training(experiment, experiment.variant(name))}"
