"""What workers found out about an experiment beside its curves, for the seed that a person chooses."""

from collections.abc import Callable, Sequence

import streamlit as st

from experiment.spec import Experiment
from experiment.used import is_beginning
from results.curves import RunRecord
from results.store import Store
from ui import text

Draw = Callable[[Store, Experiment, Sequence[RunRecord]], None]
"""Draws a finding from the runs of one seed."""


def draw_finding(draw: Draw, store: Store, experiment: Experiment, records: Sequence[RunRecord], *, key: str) -> None:
    """A finding of one seed: pictures of single networks have no mean."""
    seed = experiment.seeds[0]
    if len(experiment.seeds) > 1:
        identifier = records[0].run.experiment_id
        seed = st.selectbox(
            text.SHOWN_SEED,
            experiment.seeds,
            format_func=lambda number: text.SEED_NUMBER.format(seed=number),
            key=f"{key}_seed_{identifier}",
            label_visibility="collapsed",
            width=120,
        )
    chosen = [record for record in records if record.run.seed == seed]
    if any(is_beginning(record.run, experiment) for record in chosen):
        st.caption(text.OF_A_LONGER_RUN)
    draw(store, experiment, chosen)


def draw_missing(records: Sequence[RunRecord], later: str) -> None:
    """Instead of a finding: when it comes, while a run may still bring it."""
    st.caption(later if any(record.run.active for record in records) else text.NOTHING_FOUND)
