"""Where a step of the Learn page puts what it has: words, one figure that answers, and what is to be seen in it."""

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.summary import RunSummary
from charts.views import ChartOptions
from experiment.judging import judging_of
from experiment.spec import Experiment
from ui import state
from ui.components.live_chart import live_chart
from ui.lab.chart_view import ChartView, show_chart
from ui.lab.experiment_form import load_draft
from ui.layout import LAB_PAGE
from ui.learn import learn_text


@dataclass(frozen=True)
class Places:
    """The three places of a step: beside each other on a wide screen, one below the other on a narrow one.

    Attributes:
        words: what the step is about, in few sentences.
        figure: what answers to the hand, with its controls.
        said: what the figure says now; `say` writes it.
    """

    words: DeltaGenerator
    figure: DeltaGenerator
    said: DeltaGenerator

    def say(self, sentences: str) -> None:
        """What is to be seen now, in Markdown."""
        with self.said.container(key="lesson_say"):
            st.markdown(sentences)


def lab_chart(experiment: Experiment, runs: tuple[RunSummary, ...], *, key: str, status: str = "") -> None:
    """The Lab's chart of some of an experiment's runs; `status` is read aloud when it changes."""
    options = ChartOptions(judging_of(experiment).reference, experiment.training.epochs, revision=key)
    live_chart(**show_chart(runs, ChartView(options, single=False)), key=key, status=status)


def open_in_lab(experiment: Experiment) -> None:
    """Goes to the Lab with this experiment in the form."""
    load_draft(experiment, notice=learn_text.LOADED.format(name=experiment.name))
    state.show_experiment(None)
    st.switch_page(LAB_PAGE)
