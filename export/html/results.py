"""What an experiment found, as parts of the report: the answer, the table, how runs ended, the envelope."""

from collections.abc import Mapping, Sequence
from typing import get_args
from xml.etree.ElementTree import Element

from analysis.averages import Spread, measure_spread
from analysis.members import measure_members
from analysis.summary import RunSummary, VariantSummary, summarize
from analysis.verdict import Comparison, Verdict, What
from experiment.judging import judge_runs, judging_of, stopping_rule
from experiment.spec import Experiment
from export.envelope import Opened
from export.html.elements import NOTHING, Content, table, tag
from export.html.settings import name_variant, show_seeds, show_time
from results.records import STATUSES, Run
from wording.claims import say_claim, say_details, say_flattery, say_margin
from wording.in_words import say_range
from wording.language import _, ngettext
from wording.numbers import format_number, join_names, join_texts
from wording.verdict import (
    name_kind,
    name_quantity,
    say_answer,
    say_comparison,
    say_difference,
    say_disagreement,
    say_interval,
)

NO_BREAK = "\u00a0"
ROUNDING = 1e-12
"""A smaller relative deviation is that of the mean's last digit: the values are the same."""


def name_status(status: str) -> str:
    """What has become of a run."""
    names = {
        "queued": _("queued"),
        "running": _("running"),
        "finished": _("finished"),
        "failed": _("failed"),
        "cancelled": _("cancelled"),
    }
    return names[status]


def answer(experiment: Experiment, runs: Sequence[RunSummary]) -> Element:
    """The verdict in sentences: the answer, each variant against the reference, and what a claim is about."""
    verdict = judge_runs(experiment, runs)
    judging = verdict.judging
    section = tag("section", class_="answer")
    section.append(tag("p", say_answer(verdict), class_="lead"))
    if len(experiment.variants) == 1:
        return section
    others = {what: judge_runs(experiment, runs, what) for what in get_args(What) if what != judging.what}
    if disagreement := say_disagreement({judging.what: verdict, **others}):
        section.append(tag("p", disagreement))
    section.append(
        tag(
            "p",
            _("Judged: {quantity}, against {reference}. A difference matters from {margin} on.").format(
                quantity=name_quantity(judging.what),
                reference=join_names([judging.reference]),
                margin=say_margin(judging),
            ),
            class_="note",
        )
    )
    compared = (_comparison(experiment, comparison, verdict) for comparison in verdict.comparisons)
    section.append(tag("ul", *compared, class_="comparisons"))
    section.append(tag("p", say_claim(), class_="note"))
    return section


def _comparison(experiment: Experiment, comparison: Comparison, verdict: Verdict) -> Element | None:
    if comparison.kind == "reference":
        return None
    kind = tag("span", name_kind(comparison.kind), class_="kind")
    head = tag("p", name_variant(experiment, comparison.variant), " ", kind)
    details = say_details(comparison, verdict)
    return tag(
        "li",
        head,
        tag("p", say_comparison(comparison, verdict)),
        tag("p", details, class_="note") if details else None,
        class_=comparison.kind,
        data_variant=head[0].get("data-variant") or "",
    )


def result_table(experiment: Experiment, runs: Sequence[RunSummary]) -> Element:
    """One row for each variant, with what is judged first; below an ensemble its members."""
    verdict, summaries = judge_runs(experiment, runs), {summary.name: summary for summary in summarize(runs)}
    what = verdict.judging.what
    judged = {
        "handed_over": _("Val. loss"),
        "best_epoch": _("Lowest val. loss"),
        "accuracy": _("Val. accuracy"),
        "balanced_accuracy": _("Balanced val. accuracy"),
    }[what]
    columns = [_("Variant"), _("Seeds"), judged, _("Difference")]
    columns += [_("Val. loss")] * (what != "handed_over") + [_("Val. accuracy")] * (what != "accuracy")
    columns += [_("Training loss"), _("Overfits from"), _("Stops at"), _("Best epoch"), _("Seconds")]
    rows: list[list[Content]] = []
    for comparison in verdict.comparisons:
        summary = summaries.get(comparison.variant)
        if summary is None:
            rows.append([name_variant(experiment, comparison.variant), *[NOTHING] * (len(columns) - 1)])
            continue
        rows.append(_variant_row(experiment, summary, comparison, verdict))
        rows += _member_rows(experiment, summary, what, len(columns))
    return table(columns, rows, label=_("Results of each variant"), class_="numbers")


def _variant_row(
    experiment: Experiment, summary: VariantSummary, comparison: Comparison, verdict: Verdict
) -> list[Content]:
    what, finished = verdict.judging.what, [run for run in summary.runs if run.status == "finished"]
    judged = measure_spread(run.score(what) for run in finished)
    stops = [run.stopping.stop_epoch for run in finished if run.stopping.stop_epoch]
    onsets = [run.onset.epoch for run in finished if run.onset]
    spreads = summary.spreads
    return [
        name_variant(experiment, summary.name),
        _("{count} of {total}").format(count=len(finished), total=len(experiment.seeds)).replace(" ", NO_BREAK),
        _show(judged, share=not verdict.judging.low_is_good),
        _show_difference(comparison, verdict),
        *([_show(spreads["final_val_loss"])] if what != "handed_over" else []),
        *([_show(spreads["final_val_accuracy"], share=True)] if what != "accuracy" else []),
        _show(spreads["final_train_loss"]),
        _show_onset(summary, len(onsets), len(finished)),
        _show_epochs(stops, len(finished)),
        _show_epochs([run.best_epoch for run in finished if run.best_epoch], len(finished)),
        _show(spreads["seconds"]),
    ]


def _member_rows(experiment: Experiment, summary: VariantSummary, what: What, width: int) -> list[list[Content]]:
    """An ensemble's members: what one scores on average, and the best."""
    members = measure_members(summary)
    if members is None:
        return []
    names = {"handed_over": "final_val_loss", "accuracy": "final_val_accuracy"}
    rows: list[list[Content]] = []
    for title, found in ((_("member mean"), members.mean), (_("best member"), members.best)):
        row: list[Content] = [name_variant(experiment, summary.name, f" · {title}"), NOTHING]
        row.append(_show(found[names[what]], share=what == "accuracy") if what in names else NOTHING)
        row.append(NOTHING)
        row += [_show(found["final_val_loss"])] if what != "handed_over" else []
        row += [_show(found["final_val_accuracy"], share=True)] if what != "accuracy" else []
        row.append(_show(found["final_train_loss"]))
        rows.append([*row, *[NOTHING] * (width - len(row))])
    return rows


def _show(spread: Spread, *, share: bool = False) -> str:
    """`0.152 ± 0.043`; of shares in percent."""
    if spread.mean is None:
        return NOTHING
    scale, unit = (100.0, "%") if share else (1.0, "")
    mean = f"{format_number(scale * spread.mean)}{unit}"
    if spread.sd is None:
        return mean
    deviation = spread.sd if spread.sd > ROUNDING * abs(spread.mean) else 0.0
    return f"{mean} ±{NO_BREAK}{format_number(scale * deviation, digits=2)}"


def _show_difference(comparison: Comparison, verdict: Verdict) -> Content:
    if comparison.kind == "reference":
        return _("reference")
    if comparison.difference is None:
        return NOTHING
    words = say_difference(comparison.difference, verdict)
    return tag("span", words, tag("small", say_interval(comparison, verdict)))


def _show_onset(summary: VariantSummary, count: int, finished: int) -> Content:
    epoch = str(summary.onset_of_mean.epoch) if summary.onset_of_mean else _("no onset")
    return tag("span", epoch, tag("small", _("{count} of {total} seeds overfit").format(count=count, total=finished)))


def _show_epochs(epochs: Sequence[int], finished: int) -> Content:
    if not epochs:
        return NOTHING
    few = _("{count} of {total} seeds").format(count=len(epochs), total=finished)
    return tag("span", say_range(epochs), tag("small", few) if len(epochs) < finished else None)


def marks_note(experiment: Experiment, runs: Sequence[RunSummary]) -> str:
    """By which rule early stopping is marked; what was handed over never depends on that."""
    if all(run.rule == stopping_rule(experiment, run.variant)[0] for run in runs):
        return _("Early stopping is marked by the rule of the experiment, or by the variant's own.")
    return _("Early stopping is marked by another rule, which was tried afterwards; nothing was trained by it.")


def endings(experiment: Experiment, runs: Sequence[RunSummary], stored: Sequence[Run]) -> Element:
    """How the runs ended, and all that did not finish; `stored` says why."""
    counts = {status: sum(run.status == status for run in runs) for status in STATUSES}
    parts = [f"{count:,} {name_status(status)}" for status, count in counts.items() if count]
    total = ngettext("{count} run", "{count} runs", len(experiment.runs()))
    told = [f"{total}: {join_texts(parts)}." if parts else f"{total}."]
    if early := sum(run.ended_by == "early_stopping" for run in stored):
        told.append(ngettext("{count} was stopped early.", "{count} were stopped early.", early))
    section = tag("section", tag("h2", _("How the runs ended")), tag("p", " ".join(told)))
    messages = {(run.variant, run.seed): run.message or "" for run in stored}
    groups: dict[tuple[str, str, str], list[RunSummary]] = {}
    for run in runs:
        if run.status != "finished":
            message = messages.get((run.variant, run.seed), "")
            groups.setdefault((run.variant, run.status, message), []).append(run)
    if groups:
        rows = [_ending(experiment, *key, found) for key, found in groups.items()]
        header = [_("Variant"), _("Seeds"), _("State"), _("Epochs"), _("Reason")]
        section.append(table(header, rows, label=_("Runs that did not finish"), class_="words"))
    return section


def _ending(
    experiment: Experiment, variant: str, status: str, message: str, runs: Sequence[RunSummary]
) -> list[Content]:
    seeds = show_seeds(sorted(run.seed for run in runs))
    epochs = say_range(run.epochs for run in runs)
    reason = tag("span", message, class_="message") if message else NOTHING
    return [name_variant(experiment, variant), seeds, name_status(status), epochs, reason]


def opened_envelope(experiment: Experiment, lines: Sequence[Opened], opened: float, stored: Sequence[Run]) -> Element:
    """Test against validation, two lines for each variant.

    Args:
        experiment: with its variants.
        lines: what stood in the envelope.
        opened: when, in unix seconds.
        stored: the runs, some of which may have been asked for later.
    """
    which: Mapping[str, str] = {"final": _("handed over"), "best": _("best epoch")}
    header = [_("Variant"), _("Model"), _("Seeds"), _("Val. loss"), _("Test loss"), _("Test − val."),
              _("Beyond the reference"), _("Val. accuracy"), _("Test accuracy")]  # fmt: skip
    rows: list[list[Content]] = [
        [
            name_variant(experiment, line.variant), which[line.which], str(line.seeds),
            _show(line.validation_loss), _show(line.unseen_loss), _show(line.excess),
            _show(line.beyond) if line.chosen else NOTHING,
            _show(line.validation_accuracy, share=True), _show(line.unseen_accuracy, share=True),
        ]
        for line in lines
    ]  # fmt: skip
    section = tag("section", tag("h2", _("Envelope: test figures")))
    told = [
        _(
            "Opened on {when}: the test rows are spent. What was chosen after that needs new rows for an honest test."
        ).format(when=show_time(opened))
    ]
    if late := sorted({run.seed for run in stored if run.created_at > opened}):
        told.append(_("Trained after opening: seeds {seeds}.").format(seeds=show_seeds(late)))
    section.append(tag("p", " ".join(told)))
    section.append(table(header, rows, label=_("Test against validation"), class_="numbers"))
    reference = judging_of(experiment).reference
    usual = next((line for line in lines if line.variant == reference and line.which == "final"), None)
    if usual is not None and usual.excess.mean is not None and not usual.chosen:
        section.append(tag("p", say_flattery(reference, usual.excess.mean), class_="note"))
    return section
