"""What a change did, in a sentence."""

from analysis.verdict import Verdict
from wording.language import _
from wording.numbers import count_seeds
from wording.verdict import say_difference, say_few_seeds, say_interval


def say_replaced(change: str, verdict: Verdict) -> str:
    """`Strength 0.001 → 0.003: 0.02 (4%) lower (...), cannot be told apart with 5 seeds.`"""
    found = next(c for c in verdict.comparisons if c.kind != "reference")
    if found.difference is None:
        return _("{change}: no seed has been finished before and after it yet.").format(change=change)
    kinds = {
        "better": _("better"),
        "worse": _("worse"),
        "no_difference": _("no difference that matters"),
        "undecided": _("cannot be told apart"),
    }
    facts = {
        "change": change,
        "difference": say_difference(found.difference, verdict),
        "interval": say_interval(found, verdict),
        "kind": kinds[found.kind],
        "seeds": count_seeds(found.seeds),
        "tried": verdict.judging.tried,
    }
    if found.note == "identical":
        return _("{change}: the same numbers as before in all {seeds}.").format(**facts)
    sentence = _("{change}: {difference}, {kind} with {seeds} ({interval}, {tried} settings tried).").format(**facts)
    return f"{sentence} {say_few_seeds(found.seeds)}" if found.low is None else sentence
