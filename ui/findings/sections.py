"""What workers found out about an experiment beside its curves: one expander for each kind of finding."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from experiment.spec import Experiment
from results.curves import RunRecord
from results.store import Store
from ui import text
from ui.findings.boundary_view import draw_boundaries
from ui.findings.inside_view import draw_weights
from ui.findings.mistakes_view import draw_mistakes

Draw = Callable[[Store, Experiment, Sequence[RunRecord]], None]
"""Draws a finding from the runs of one seed."""


@dataclass(frozen=True)
class FindingSection:
    """A section below the results: what it is called, the kinds of data that have it, and what draws it."""

    key: str
    title: str
    icon: str
    kinds: frozenset[str]
    draw: Draw
    opened: bool = False


ALL_KINDS = frozenset({"image", "table", "points"})
SECTIONS = (
    FindingSection(
        "boundary", text.BOUNDARY, ":material/contrast:", frozenset({"points"}), draw_boundaries, opened=True
    ),
    FindingSection("inside", text.INSIDE, ":material/scatter_plot:", ALL_KINDS, draw_weights),
    FindingSection("mistakes", text.MISTAKES, ":material/rule:", ALL_KINDS, draw_mistakes),
)


def draw_findings(store: Store, experiment: Experiment, records: Sequence[RunRecord]) -> None:
    """An expander for each finding that the experiment's data allow; only what is open is read and drawn."""
    for finding in SECTIONS:
        if experiment.dataset.kind not in finding.kinds:
            continue
        expander = st.expander(
            finding.title, finding.opened, icon=finding.icon, key=f"finding_{finding.key}", on_change="rerun"
        )
        with expander:
            if expander.open:
                finding.draw(store, experiment, _of_one_seed(experiment, records, finding.key))


def _of_one_seed(experiment: Experiment, records: Sequence[RunRecord], key: str) -> list[RunRecord]:
    """The runs of the seed that the person chooses: pictures of single networks have no mean."""
    seed = experiment.seeds[0]
    if len(experiment.seeds) > 1:
        identifier = records[0].run.experiment_id
        seed = st.selectbox(text.SHOWN_SEED, experiment.seeds, key=f"{key}_seed_{identifier}", width=140)
    return [record for record in records if record.run.seed == seed]
