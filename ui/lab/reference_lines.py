"""What predictors without a network score on the same rows: a worker's answer, drawn as lines once it is there.

Nothing waits for it: running the page anew by itself would close a list that a person has just opened.
"""

import streamlit as st

from analysis.lines import View
from charts.views import Reference
from experiment.spec import Experiment
from results.findings.reference_scores import ReferenceScores, read_reference_scores
from training.dispatch.questions import Question, QuestionError, ask_reference_scores
from ui import state
from ui.services import services
from ui.visitor import visitor
from wording.language import _


def reference_lines(experiment: Experiment, view: View) -> tuple[Reference, ...]:
    """The lines of a view; none while no worker has answered, and in views of differences."""
    scores = _read(_question(experiment))
    if scores is None or view not in ("loss", "accuracy"):
        return ()
    if view == "loss":
        named = (
            (_("class frequencies alone"), scores.frequency_loss),
            (_("logistic regr."), scores.logistic_loss),
        )
    else:
        named = (
            (_("most frequent class"), scores.frequency_accuracy),
            (_("logistic regr."), scores.logistic_accuracy),
        )
    return tuple((name, value) for name, value in named if value is not None)


def references_known(experiment: Experiment) -> bool:
    """Whether a worker has answered by now; asks nothing."""
    return services().queue.questions.is_known(_question(experiment))


def _question(experiment: Experiment) -> Question:
    return ask_reference_scores(experiment, services().store.url)


def _has_failed(question: Question) -> bool:
    return question in st.session_state.get(state.FAILED_QUESTIONS, ())


def _read(question: Question) -> ReferenceScores | None:
    """The answer. One that failed is not asked for again: a chart without these lines is whole."""
    if _has_failed(question):
        return None
    try:
        answer = services().queue.questions.answer(question, visitor() or "")
    except QuestionError:
        st.session_state.setdefault(state.FAILED_QUESTIONS, set()).add(question)
        return None
    return None if answer is None else read_reference_scores(answer)
