"""Hints beside Train: settings that are allowed and cannot do what they are for."""

import streamlit as st

from experiment.hints import Hint, find_hints
from experiment.spec import Experiment
from ui.components.plain import plain
from wording.language import _
from wording.numbers import count_epochs, join_names


def draw_hints(experiment: Experiment) -> None:
    """One line for each."""
    for hint in find_hints(experiment):
        st.caption(f":material/priority_high: {plain(say_hint(hint, experiment.training.epochs))}")


def say_hint(hint: Hint, epochs: int) -> str:
    """What cannot work, and why."""
    template = {
        "single_row": _("{variant}: a batch of one row has no spread, so batch normalization makes 0 of every value."),
        "last_batch": _(
            "{variant}: with momentum 0, batch normalization evaluates by the last batch alone, which has one row."
        ),
        "never_stops": (
            _("{variant}: early stopping waits {number} after the first {ignored}, of {epochs} in all: it never fires.")
            if hint.ignored
            else _("{variant}: early stopping waits {number}, but there are {epochs}: it never fires.")
        ),
        "never_reduces": _("{variant}: the learning rate waits {number}, but there are {epochs}: it is never reduced."),
        "ignores_all": _("{variant}: early stopping ignores {ignored}, and there are {epochs}: it never fires."),
    }[hint.code]
    return template.format(
        variant=join_names([hint.variant]),
        number=count_epochs(hint.number),
        ignored=count_epochs(hint.ignored),
        epochs=count_epochs(epochs),
    )
