"""Lessons: for every technique an experiment that compares with and without it, and nothing else."""

import pytest

from experiment.judging import BASELINE
from experiment.lessons import lesson
from experiment.spec import parse_experiment
from models.parameters import parameters
from models.techniques import TECHNIQUES


@pytest.mark.parametrize("name", TECHNIQUES)
def test_a_lesson_compares_the_baseline_with_the_technique_alone(name: str) -> None:
    experiment = lesson(TECHNIQUES[name])
    baseline, taught = experiment.variants
    assert (baseline.name, baseline.techniques) == (BASELINE, ())
    assert [technique.name for technique in taught.techniques] == [name]
    assert taught.name == TECHNIQUES[name].label
    assert parse_experiment(experiment.model_dump_json()) == experiment
    changed = experiment.plan(taught) != experiment.plan(baseline)
    assert changed or experiment.dataset_of(taught) != experiment.dataset_of(baseline)


def test_a_lesson_starts_where_a_form_does() -> None:
    for name, technique in TECHNIQUES.items():
        (taught,) = lesson(technique).variants[1].techniques
        assert taught == technique.model_validate({p.key: p.first_value for p in parameters(technique)}), name


def test_a_technique_is_shown_on_the_fastest_network_that_takes_it() -> None:
    shown_on = {name: lesson(TECHNIQUES[name]).architecture.name for name in TECHNIQUES}
    assert (shown_on["dropout"], shown_on["stochastic_depth"], shown_on["spatial_dropout"]) == (
        "mlp",
        "resnet_mlp",
        "resnet_conv",
    )
