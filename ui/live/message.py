"""What the live road tells of an experiment that trains: the chart and what else grows with each epoch.

All of it is also drawn by the page, by the same functions: a browser that cannot reach the route sees the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Literal

from analysis.early_stopping import AnyRule
from analysis.verdict import What
from experiment.progress import Progress, measure
from experiment.spec import Experiment
from results.curves import RunRecord
from ui import text
from ui.components.sortable_table import write_table
from ui.lab.chart_view import CHART_KEY, ChartView, show_chart
from ui.lab.history import ghosts_of
from ui.lab.progress_view import PROGRESS_KEY, show_progress
from ui.lab.reference_lines import references_known
from ui.lab.result_table import NUMBERS_KEY, number_rows
from ui.lab.what_if import OUTCOMES_KEY, outcome_rows
from ui.live.feed import SECONDS_WHILE_WAITING, Feeds, Message
from ui.services import Services, note_look, read_spec, start_services, stored_runs, summaries, verdict
from wording.language import language, use

Phase = Literal["waiting", "training", "ended"]


@dataclass(frozen=True)
class LiveView:
    """What somebody looks at in an experiment.

    Attributes:
        identifier: the experiment's; whoever knows it may read.
        what: the quantity that is looked at.
        rule: the stopping rule that the person marks instead of the experiment's.
        chart: what the chart shows; None before the first epoch, when there is none.
        language: of the words.
    """

    identifier: str
    what: What
    rule: AnyRule | None
    chart: ChartView | None
    language: str = field(default_factory=language)


@dataclass(frozen=True)
class Look:
    """The runs of an experiment at one moment."""

    experiment: Experiment
    records: Sequence[RunRecord]
    progress: Progress


def take_look(service: Services, identifier: str, experiment: Experiment, max_age: float) -> Look:
    """The runs, with epochs that may be so many seconds old."""
    records = service.curves.read(identifier, max_age=max_age)
    workers = max(1, service.queue.state.ready_workers)
    return Look(experiment, records, measure(records, experiment.training.epochs, workers))


def phase_of(look: Look) -> Phase:
    """What a page of these runs consists of."""
    if not look.progress.active:
        return "ended"
    return "training" if any(record.last_epoch for record in look.records) else "waiting"


def stage_of(service: Services, look: Look) -> str:
    """Stands for what a page draws that no message holds: while it stays the same, only messages are news."""
    workers, states = service.queue.state, [(record.run.id, record.run.status) for record in look.records]
    failures = [record.run.message for record in look.records if record.run.status == "failed"]
    waits = workers.store_answers, workers.error, workers.ready_workers > 0, workers.expected_workers is None
    seen = states, failures, waits, references_known(look.experiment)
    return blake2b(repr(seen).encode(), digest_size=6).hexdigest()


def make_message(view: LiveView) -> Message | None:
    """The message of a view now, in its language; None if the experiment is gone.

    Returns:
        `phase` and `stage` as a page that is drawn now would have them, and `parts`: what each of them shows.

    Raises:
        StoreError: the database does not answer.
        ServicesError: the services have not started.
    """
    with use(view.language):
        return _make_message(view)


def _make_message(view: LiveView) -> Message | None:
    service = start_services()
    if isinstance(service, str):
        raise ServicesError(service)
    stored = service.store.experiment(view.identifier)
    if stored is None:
        return None
    note_look(view.identifier)
    look = take_look(service, view.identifier, read_spec(stored.spec), SECONDS_WHILE_WAITING)
    parts: Message = {}
    if look.progress.active:
        place = service.queue.state.places.get(view.identifier)
        parts[PROGRESS_KEY] = show_progress(look.experiment, look.records, look.progress, place)
    if view.chart is not None:
        runs = stored_runs(look.experiment, look.records, view.rule)
        variants = summaries(runs)
        parts[CHART_KEY] = show_chart(
            runs, view.chart, ghosts_of(view.identifier, look.experiment, view.chart.options.view)
        )
        judged = verdict(look.experiment, runs, view.what)
        parts[NUMBERS_KEY] = write_table(text.NUMBERS_COLUMNS, number_rows(variants, judged))
        parts[OUTCOMES_KEY] = write_table(text.WHAT_IF_COLUMNS, outcome_rows(variants))
    return {"phase": phase_of(look), "stage": stage_of(service, look), "parts": parts}


class ServicesError(RuntimeError):
    """The services have not started, with the reason."""


FEEDS: Final = Feeds(make_message)
"""Of this process, for all its viewers."""
