"""What was tried in Live before an experiment: the places of its history, and the curves that stay beside it.

A place is a stored experiment's identifier, or `PRESET` and the name of a recorded example, where a history begins.
"""

from functools import lru_cache

from analysis.lines import Line, View, view_lines
from analysis.summary import RunSummary
from charts.views import Ghost
from experiment.changes import find_variant_changes
from experiment.judging import judging_of
from experiment.live import Replaced, changes_of, find_replaced
from experiment.presets import presets
from experiment.spec import Experiment
from results.steps import Step, read_steps
from ui import text
from ui.lab.changes_in_words import say_before
from ui.services import read_spec, recorded_runs, services, stored_runs, summaries
from wording.language import language

PRESET = "preset:"
"""No experiment's identifier has a colon."""


def chain(identifier: str) -> list[str]:
    """All that was tried up to an experiment, the recorded example at its beginning included."""
    steps = _steps(identifier)
    begins = [steps[0].compared_id] if steps and (steps[0].compared_id or "").startswith(PRESET) else []
    return [place for place in (*begins, *(step.experiment.id for step in steps)) if place] or [identifier]


def _steps(place: str) -> tuple[Step, ...]:
    return () if place.startswith(PRESET) else read_steps(services().store, place)


def read_place(place: str) -> Experiment | None:
    """The experiment at a place of the history; None if it was deleted."""
    if place.startswith(PRESET):
        return presets().get(place.removeprefix(PRESET))
    stored = services().store.experiment(place)
    return read_spec(stored.spec) if stored else None


def runs_at(place: str, experiment: Experiment) -> tuple[RunSummary, ...]:
    """The runs there, in numbers."""
    if place.startswith(PRESET):
        return recorded_runs(place.removeprefix(PRESET))
    return stored_runs(experiment, services().curves.read(place))


def beside_whom(identifier: str) -> dict[str, str | None]:
    """Each step up to an experiment -> the place whose curves it stands beside."""
    return {step.experiment.id: step.compared_id for step in _steps(identifier)}


def compared_with(identifier: str) -> str | None:
    """The place whose curves an experiment stands beside."""
    return beside_whom(identifier).get(identifier)


def ghosts_of(place: str, experiment: Experiment, view: View) -> tuple[Ghost, ...]:
    """The curves of what an experiment's changed variants were before; none where it was no step."""
    compared = compared_with(place)
    before = compared and read_place(compared)
    if not compared or not before:
        return ()
    return _ghosts(before, runs_at(compared, before), experiment, view, language())


@lru_cache(maxsize=64)
def _ghosts(
    before: Experiment, runs: tuple[RunSummary, ...], experiment: Experiment, view: View, _language: str
) -> tuple[Ghost, ...]:
    """Their names are in a language, which therefore belongs to the key."""
    names = [variant.name for variant in experiment.variants]
    lines = _lines(before, runs, view)
    return tuple(
        Ghost(names.index(found.name), _name_before(found, before, experiment), lines[found.before])
        for found in find_replaced(before, experiment)
        if found.before in lines
    )


def _lines(experiment: Experiment, runs: tuple[RunSummary, ...], view: View) -> dict[str, Line]:
    variants = summaries(runs)
    lines = view_lines(variants, view, judging_of(experiment).reference, experiment.training.epochs)
    return {variant.name: line for variant, line in zip(variants, lines, strict=True)}


def _name_before(found: Replaced, before: Experiment, after: Experiment) -> str:
    changes = find_variant_changes(before.variant(found.before), after.variant(found.name))
    said = "; ".join(map(say_before, changes)) or "; ".join(map(say_before, changes_of(before, after)))
    return text.GHOST_NAME.format(variant=found.name, change=said)
