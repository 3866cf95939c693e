"""How far an experiment is: one cell for each run, one line for each variant."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from charts.palette import style
from experiment.spec import Experiment
from models.names import visible
from results.curves import RunRecord
from ui import text

STYLE = """<style>
.progress-cells { display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 0.8rem; align-items: center; }
.progress-cells > span { font-size: 0.8rem; max-width: 12rem; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
.progress-cells i { display: inline-block; width: 0.9em; height: 3px; margin-right: 0.45em; vertical-align: middle; }
.progress-cells div { display: flex; gap: 2px; }
.progress-cells u { flex: 1; height: 0.5rem; border-radius: 2px; min-width: 1px; text-decoration: none;
  background: color-mix(in srgb, currentColor 14%, transparent); overflow: hidden; }
.progress-cells u::before { content: ""; display: block; height: 100%; width: var(--done); background: var(--colour); }
.progress-cells .failed, .progress-cells .cancelled { background: repeating-linear-gradient(
  45deg, color-mix(in srgb, currentColor 45%, transparent) 0 2px, transparent 2px 4px); }
</style>"""


def draw_progress_cells(experiment: Experiment, records: Sequence[RunRecord]) -> None:
    """A line of cells for each variant; a cell fills with its run's epochs, and is hatched where that was lost."""
    epochs, lines = experiment.training.epochs, []
    for index, variant in enumerate(experiment.variants):
        runs = [record for record in records if record.run.variant == variant.name]
        finished = sum(record.run.status == "finished" for record in runs)
        cells = "".join(
            f'<u class="{record.run.status}" style="--done:{_share(record, epochs):.0%}"></u>' for record in runs
        )
        said = escape(text.CELLS.format(variant=variant.name, finished=finished, runs=len(runs)))
        colour = style(index).colour
        lines.append(
            f'<span><i style="background:{colour}"></i>{escape(visible(variant.name))}</span>'
            f'<div role="img" aria-label="{said}" style="--colour:{colour}">{cells}</div>'
        )
    st.html(f'{STYLE}<div class="progress-cells">{"".join(lines)}</div>')


def _share(record: RunRecord, epochs: int) -> float:
    if record.run.status in ("failed", "cancelled"):
        return 0.0
    return 1.0 if not record.run.active else record.last_epoch / epochs
