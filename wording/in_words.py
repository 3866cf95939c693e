"""The charts in sentences, for those who do not see them."""

from collections.abc import Iterable, Sequence

from analysis.averages import measure_spread
from analysis.summary import QUANTITIES, RunSummary, VariantSummary
from wording.evidence import say_onset, say_stopping
from wording.language import _
from wording.numbers import count_seeds, format_number, join_names


def describe(variants: Sequence[VariantSummary]) -> str:
    """One paragraph for each variant, separated by newlines."""
    return "\n".join(map(_describe_variant, variants))


def _describe_variant(variant: VariantSummary) -> str:
    runs, name = [run for run in variant.runs if run.epochs], join_names([variant.name])
    if not runs:
        return _("{name}: no epochs.").format(name=name)
    marks = _describe_one(runs[0]) if len(runs) == 1 else _describe_seeds(variant, runs)
    return " ".join([_describe_values(name, runs), *marks])


def _describe_values(name: str, runs: Sequence[RunSummary]) -> str:
    final, best = (measure_spread(map(QUANTITIES[key], runs)).mean for key in ("final_val_loss", "best_val_loss"))
    epochs = say_range(run.best_epoch for run in runs)
    words = {
        "name": name,
        "seeds": count_seeds(len(runs)),
        "seed": runs[0].seed,
        "final": format_number(float("nan") if final is None else final),
        "best": format_number(float("nan") if best is None else best),
        "epochs": epochs,
    }
    if len(runs) == 1:
        template = (
            _("{name} (seed {seed}): validation loss {final} now; {best} at the best epoch, {epochs}.")
            if epochs
            else _("{name} (seed {seed}): validation loss {final} now; no best epoch, since the rule ignores all.")
        )
    elif epochs:
        template = _("{name} ({seeds}): mean validation loss {final} now; {best} at the best epochs, {epochs}.")
    else:
        template = _("{name} ({seeds}): mean validation loss {final} now; no best epoch, since the rule ignores all.")
    return template.format(**words)


def _describe_one(run: RunSummary) -> list[str]:
    stopping = run.stopping
    onset = (
        _("Overfitting begins at epoch {epoch}: {evidence}.").format(
            epoch=run.onset.epoch, evidence=say_onset(run.onset)
        )
        if run.onset
        else _("There is no clear onset of overfitting.")
    )
    stop = (
        _("Early stopping fires at epoch {epoch}: {evidence}.").format(
            epoch=stopping.stop_epoch, evidence=say_stopping(stopping, run.rule)
        )
        if stopping.stop_epoch
        else _("Early stopping has not fired.")
    )
    return [onset, stop]


def _describe_seeds(variant: VariantSummary, runs: Sequence[RunSummary]) -> list[str]:
    seeds, onset = count_seeds(len(runs)), variant.onset_of_mean
    onsets = [run.onset.epoch for run in runs if run.onset]
    stops = [run.stopping.stop_epoch for run in runs if run.stopping.stop_epoch]
    sentences = []
    if onset:
        evidence = say_onset(onset)
        sentences.append(
            _("In the mean curve overfitting begins at epoch {epoch}: {evidence}.").format(
                epoch=onset.epoch, evidence=evidence
            )
        )
    if onsets:
        sentences.append(
            _("Overfitting begins in {count} of {seeds}, at epoch {epochs}.").format(
                count=len(onsets), seeds=seeds, epochs=say_range(onsets)
            )
        )
    if not sentences:
        sentences.append(_("There is no clear onset of overfitting."))
    sentences.append(
        _("Early stopping fires in {count} of {seeds}, at epoch {epochs}.").format(
            count=len(stops), seeds=seeds, epochs=say_range(stops)
        )
        if stops
        else _("Early stopping has not fired.")
    )
    return sentences


def say_range(epochs: Iterable[int | None]) -> str:
    """Epochs as "41" or "38 to 45"; empty without any."""
    present = [epoch for epoch in epochs if epoch is not None]
    if not present:
        return ""
    first, last = min(present), max(present)
    return str(first) if first == last else _("{first} to {last}").format(first=first, last=last)
