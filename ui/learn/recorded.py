"""What the Learn page shows of recorded experiments, in numbers, computed once for all viewers."""

from functools import cache, lru_cache

from analysis.early_stopping import AnyRule
from analysis.strengths import Strength, measure_strength
from analysis.summary import RunCurves, RunSummary, summarize_run
from experiment.judging import BASELINE
from experiment.lesson_recordings import lesson_curves, lesson_experiments
from experiment.presets import FIRST_VISIT, presets, recorded_curves
from experiment.spec import Experiment, Variant


def experiment_of(name: str) -> Experiment:
    """A recorded experiment: a preset, or one of a lesson."""
    return lesson_experiments()[name] if name in lesson_experiments() else presets()[name]


def curves_of(name: str) -> tuple[RunCurves, ...]:
    """Its recorded runs."""
    return lesson_curves(name) if name in lesson_experiments() else recorded_curves(name)


@cache
def runs_of(name: str) -> tuple[RunSummary, ...]:
    """Its recorded runs in numbers."""
    return tuple(map(summarize_run, curves_of(name)))


@cache
def runs_of_variants(name: str, *variants: str) -> tuple[RunSummary, ...]:
    """Those of some variants, in the order that is asked for."""
    return tuple(run for variant in variants for run in runs_of(name) if run.variant == variant)


@lru_cache(maxsize=128)
def baseline_runs(marked: AnyRule | None = None) -> tuple[RunSummary, ...]:
    """The first visit's network without any technique, one run for each seed; with a rule's marks."""
    return tuple(summarize_run(run, marked) for run in curves_of(FIRST_VISIT) if run.variant == BASELINE)


@cache
def sweep_of(name: str, technique: str) -> dict[Strength, Variant]:
    """A sweep of one technique's strength, rising from the network without it.

    Args:
        name: of the lesson, whose variants have this technique alone or none.
        technique: whose only parameter has its own name.
    """
    variants = lesson_experiments()[name].variants
    found = [
        (getattr(variant.techniques[0], technique) if variant.techniques else 0.0, variant) for variant in variants
    ]
    found.sort(key=lambda pair: pair[0])
    return {measure_strength(value, runs_of_variants(name, variant.name)): variant for value, variant in found}
