"""Questions for class, with answers that the figures of the page give: on the page, and as a sheet to print.

The answers are made from the recordings, so that they hold after `make example`, too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import streamlit as st

from analysis.early_stopping import StoppingRule
from analysis.strengths import Strength, find_lowest
from analysis.summary import summarize
from analysis.what_if import measure_outcome
from experiment.lesson_recordings import lesson_weights
from experiment.version import PROGRAM_AND_VERSION
from models.techniques import TECHNIQUES
from ui.components.plain import plain
from ui.learn.families import name_number
from ui.learn.path import STEPS
from ui.learn.recorded import baseline_runs, experiment_of, sweep_of
from ui.learn.steps import by_heart, disturb, luck, predict, stopping, weights
from wording.evidence import say_onset
from wording.language import _, language
from wording.numbers import format_number, format_percent, join_texts
from wording.verdict import say_answer

STYLE = """
body { font: 12pt/1.5 Georgia, serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #111; }
h1 { font-size: 18pt; } h2 { font-size: 14pt; margin: 1.4rem 0 0.3rem; }
.room { border-bottom: 1px dotted #777; height: 2.1rem; } .answers { break-before: page; } small { color: #555; }
"""


@dataclass(frozen=True)
class Question:
    """A question.

    Attributes:
        step: whose figure answers it, from 1.
        asked: the question.
        answer: makes the answer from the recordings.
    """

    step: int
    asked: str
    answer: Callable[[], str]


def draw_questions() -> None:
    """The sheet, and the questions one by one."""
    st.subheader(_("Questions for class"), anchor=False)
    st.caption(_("A sheet to print: the questions first, the answers on a page of their own."))
    st.download_button(
        _("Questions and answers (HTML)"), sheet, "regularizer-lab-questions.html", "text/html",
        key="learn_sheet", icon=":material/print:", on_click="ignore",
    )  # fmt: skip
    for number, question in enumerate(questions(), start=1):
        title = f"{number}. {question.asked}{name_number(question.step)}"
        with st.expander(title, key=f"question_{number}", on_change="rerun") as opened:
            if opened.open:
                st.markdown(plain(question.answer()))


def questions() -> list[Question]:
    """All questions, in the order of the steps."""
    return [
        Question(1, _("Where does overfitting begin, and what does training loss do after that?"), _answer_onset),
        Question(1, _("In the last epoch, how many digits of either kind does the net have right?"), _answer_right),
        Question(2, _("What do patience 10 and no stop at all hand over, over all seeds?"), _answer_patience),
        Question(2, _("Does more patience hand over a worse net? What does it cost?"), _answer_more_patience),
        Question(3, _("What spreads more: losses between seeds, or differences within them?"), _answer_spread),
        Question(3, _("From how many seeds on can the Lab claim a difference?"), _answer_seeds),
        Question(4, _("Which strengths of L2 and L1 are best, and what is wrong far right of them?"), _answer_valley),
        Question(4, _("Which penalty makes more weights nearly zero?"), _answer_zero),
        Question(5, _("Which of the four disturbances can be claimed to help?"), _answer_disturbed),
        Question(6, _("What helps a net that is too small, and why do penalties and noise not?"), _answer_small),
    ]


def sheet() -> str:
    """Questions and answers as one HTML page that opens without a network and prints."""
    asked, answered = [], []
    for number, question in enumerate(questions(), start=1):
        step = f"<small>{escape(_say_step(question.step))}</small>"
        head = f"<h2>{number}. {escape(question.asked)}</h2>"
        asked.append(f'{head}{step}<div class="room"></div><div class="room"></div>')
        answered.append(f"{head}<p>{escape(question.answer())}</p>")
    title, answers = escape(_("Overfitting and what helps: questions for class")), escape(_("Answers"))
    return (
        f'<!doctype html><html lang="{language()}"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body>"
        f"<h1>{title}</h1>{''.join(asked)}"
        f'<div class="answers"><h1>{answers}</h1>{"".join(answered)}'
        f"<p><small>{escape(PROGRAM_AND_VERSION)}</small></p></div></body></html>"
    )


def _say_step(step: int) -> str:
    return _("Step {step}: {name}").format(step=step, name=STEPS[step - 1].name())


def _answer_onset() -> str:
    run = by_heart.shown_run()
    if run.onset is None:
        return _("In this recording nothing clear can be told.")
    return _("At epoch {epoch}: {evidence}.").format(epoch=run.onset.epoch, evidence=say_onset(run.onset))


def _answer_right() -> str:
    run = by_heart.shown_run()
    training, validation = by_heart.rows_right(run, run.epochs)
    return _(
        "Of the rows that it learned from {training} of {training_rows}, of those never seen {validation} of "
        "{validation_rows}. It has learned more about the first than is true of the others."
    ).format(
        training=training[0], training_rows=training[1], validation=validation[0], validation_rows=validation[1]
    )  # fmt: skip


def _answer_patience() -> str:
    rule = StoppingRule(patience=stopping.PATIENCE)
    outcome = measure_outcome(summarize(baseline_runs(rule))[0])
    if outcome is None:
        return ""
    return _(
        "Patience {patience} hands over a mean validation loss of {loss}, the last epoch one of {last}. It fires in "
        "{stopped} of {runs} seeds and saves {saved} of all epochs."
    ).format(
        patience=rule.patience, loss=format_number(outcome.loss.mean or 0.0), stopped=outcome.stopped,
        last=format_number(outcome.last_loss.mean or 0.0), runs=outcome.runs, saved=format_percent(outcome.saved),
    )  # fmt: skip


def _answer_more_patience() -> str:
    said = []
    for patience in (1, stopping.PATIENCE, stopping.MOST_PATIENCE):
        outcome = measure_outcome(summarize(baseline_runs(StoppingRule(patience=patience)))[0])
        if outcome:
            said.append(
                _("patience {patience}: loss {loss}, {saved} of the epochs saved").format(
                    patience=patience, loss=format_number(outcome.loss.mean or 0.0), saved=format_percent(outcome.saved)
                )
            )
    return _(
        "No: with the best weights taken back, a longer wait can only find a lower point. It costs epochs. {said}."
    ).format(said="; ".join(said).capitalize())


def _answer_spread() -> str:
    return luck.say_pairs(luck.pairs()).replace("**", "")


def _answer_seeds() -> str:
    numbers = range(luck.FEWEST, len(luck.pairs()) + 1)
    claims = [number for number in numbers if luck.compared(luck.verdict_after(number)).kind in ("better", "worse")]
    if not claims:
        return _("Not with {seeds} seeds: the interval still reaches into the grey stripe.").format(seeds=numbers[-1])
    return _(
        "From {seeds} seeds on: then the whole interval is on one side of the grey stripe, and it takes five at least."
    ).format(seeds=claims[0])


def _lowest(technique: str) -> tuple[Strength, float]:
    """The best strength of a penalty, and the share of weights nearly zero there, under the first seed."""
    lesson = weights.PENALTIES[technique]
    sweep = sweep_of(lesson, technique)
    lowest = find_lowest(list(sweep)) or next(iter(sweep))
    seed = experiment_of(lesson).seeds[0]
    return lowest, lesson_weights(lesson)[sweep[lowest].name, seed].near_zero


def _answer_valley() -> str:
    parts = []
    for technique in weights.PENALTIES:
        lowest, _share = _lowest(technique)
        parts.append(
            _("{penalty} {strength} (validation loss {loss})").format(
                penalty=_(TECHNIQUES[technique].label), strength=format_number(lowest.value),
                loss=format_number(lowest.val_loss.mean or 0.0),
            )
        )  # fmt: skip
    return _(
        "The lowest points are at {parts}. Far right of them training loss is high, too: the net can no longer learn "
        "what is really there."
    ).format(parts=join_texts(parts))


def _answer_zero() -> str:
    parts = [
        _("{penalty} {share}").format(
            penalty=_(TECHNIQUES[technique].label), share=format_percent(_lowest(technique)[1])
        )
        for technique in weights.PENALTIES
    ]
    return _("Share of weights that are nearly zero, at the best strength of each: {parts}.").format(
        parts=join_texts(parts)
    )


def _answer_disturbed() -> str:
    return say_answer(predict.verdict_on(disturb.LESSON))


def _answer_small() -> str:
    name = "too_small_a_net"
    return _(
        "{answer} Such a net does not learn by heart: its training loss is high, too. To take freedom away from it "
        "cannot help; it needs more units."
    ).format(answer=say_answer(predict.verdict_on(name)))
