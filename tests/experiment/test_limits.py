"""What a host allows, read from its environment."""

from dataclasses import fields

import pytest

from experiment.limits import Limits, LimitsError, is_hosted, limits_from_environment
from experiment.presets import presets

NAMES = [field.name.upper() for field in fields(Limits)]


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOSTED", raising=False)
    for name in NAMES:
        monkeypatch.delenv(f"LIMIT_{name}", raising=False)


@pytest.mark.parametrize("hosted", [None, "", "0", "no"])
def test_on_ones_own_machine_everything_is_allowed(monkeypatch: pytest.MonkeyPatch, hosted: str | None) -> None:
    if hosted is not None:
        monkeypatch.setenv("HOSTED", hosted)
    monkeypatch.setenv("LIMIT_PARAMETERS", "nonsense")
    assert not is_hosted()
    assert limits_from_environment() == Limits()


def test_a_host_has_every_limit_and_may_set_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTED", "1")
    defaults = limits_from_environment()
    values = [getattr(defaults, name.lower()) for name in NAMES]
    assert all(isinstance(value, int) and value > 0 for value in values)
    for i, name in enumerate(NAMES, 1):
        monkeypatch.setenv(f"LIMIT_{name}", str(i))
    assert limits_from_environment() == Limits(*range(1, len(NAMES) + 1))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", "1e6", "1_000", "²"])
def test_a_limit_that_is_no_whole_number_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv("HOSTED", "1")
    monkeypatch.setenv(f"LIMIT_{name}", text)
    with pytest.raises(LimitsError) as caught:
        limits_from_environment()
    assert str(caught.value) == f'LIMIT_{name} is "{text}"; allowed: a whole number from 1'


def test_an_empty_limit_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTED", "1")
    defaults = limits_from_environment()
    monkeypatch.setenv("LIMIT_PARAMETERS", "")
    assert limits_from_environment() == defaults


@pytest.mark.parametrize("name", presets())
def test_a_host_lets_every_preset_reach_twenty_seeds(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("HOSTED", "1")
    longer = presets()[name].with_more_seeds(20 - len(presets()[name].seeds))
    assert len(longer.seeds) == 20
    limits = limits_from_environment()
    limits.check(longer)
    assert limits.active_runs is not None and len(longer.runs()) <= max(limits.active_runs, 100)
