"""A notice above the results wherever they are of other settings than the form holds."""

import streamlit as st

from experiment.changes import find_changes
from experiment.spec import Experiment, ExperimentError
from ui import text
from ui.components.plain import plain
from ui.lab.changes_in_words import say_changes
from ui.lab.experiment_form import load_draft


def draw_mismatch(drafted: Experiment | ExperimentError, shown: Experiment, *, trainable: bool) -> bool:
    """Says what differs, with the two ways out; whether Train was pressed.

    Args:
        drafted: what the form holds, or why that is no experiment.
        shown: what the results are of.
        trainable: whether the form's experiment can be trained now.
    """
    found = find_changes(shown, drafted) if isinstance(drafted, Experiment) else ()
    changes = tuple(change for change in found if change.part != "early_stopping")  # What if moves marks, not curves
    if isinstance(drafted, Experiment) and not changes:
        return False
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small", key="mismatch"):
        named = f" {plain(say_changes(changes))}." if changes else ""
        st.markdown(f":material/edit: **{text.MISMATCH}**{named}", width="stretch")
        st.button(
            text.BACK_TO_FORM,
            key="back_to_form",
            help=text.BACK_TO_FORM_HELP,
            on_click=load_draft,
            args=(shown,),
        )
        return st.button(text.TRAIN_CHANGES, key="train_changes", type="primary", disabled=not trainable)
