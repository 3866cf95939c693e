"""How far an experiment is: in words, and one cell for each run, one line for each variant."""

from collections.abc import Sequence
from html import escape

from charts.palette import style
from experiment.progress import Progress, show_duration
from experiment.spec import Experiment
from models.names import visible
from results.curves import RunRecord
from training.dispatch.turns import Place
from ui import text
from wording.language import ngettext

PROGRESS_KEY = "progress"
STYLE = """<style>
.live-part > p { font-size: 0.875rem; opacity: 0.75; margin: 0 0 0.4rem; }
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


def show_progress(experiment: Experiment, records: Sequence[RunRecord], progress: Progress, place: Place | None) -> str:
    """HTML of how far the runs are, and when the first of them starts.

    Args:
        experiment: that the runs belong to.
        records: the runs.
        progress: the same in numbers.
        place: of the experiment in the queue.
    """
    said = text.PROGRESS.format(
        done=progress.ended, total=progress.runs, epochs=progress.epochs, all_epochs=progress.all_epochs
    )
    if progress.seconds_left is not None:  # of its own runs, which others' may keep waiting
        left = max(progress.seconds_left, place.end or 0.0 if place else 0.0)
        said += text.TIME_LEFT.format(time=show_duration(left))
    begun = any(record.run.started_at for record in records)  # known runs that are shown have not
    lines = [said, say_place(place)] if place and not begun else [said]
    if _teaches(experiment, records):
        lines.append(text.TEACHING)
    return f"{STYLE}{''.join(f'<p>{escape(line)}</p>' for line in lines)}{_cells(experiment, records)}"


def _teaches(experiment: Experiment, records: Sequence[RunRecord]) -> bool:
    """Whether a run may be training its teachers just now."""
    begun = {record.run.variant for record in records if record.run.status == "running" and not record.last_epoch}
    return any(v.name in begun and any(t.teaching() for t in v.techniques) for v in experiment.variants)


def say_place(place: Place) -> str:
    """When an experiment's first run starts."""
    runs = ngettext("{count} run", "{count} runs", place.runs_before)
    template = text.PLACE_FAR if place.beyond else text.PLACE if place.runs_before else text.PLACE_NEXT
    return template.format(runs=runs, time=show_duration(place.seconds))


def _cells(experiment: Experiment, records: Sequence[RunRecord]) -> str:
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
    return f'<div class="progress-cells">{"".join(lines)}</div>'


def _share(record: RunRecord, epochs: int) -> float:
    if record.run.status in ("failed", "cancelled"):
        return 0.0
    return 1.0 if not record.run.active else record.last_epoch / epochs
