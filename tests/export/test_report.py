"""The report of an ensemble, and the way back: what was recorded reads as what was stored."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from analysis.summary import CLEAN_NAMES, RunCurves, summarize_run
from experiment import presets
from experiment.judging import run_curves, stopping_rule
from experiment.spec import parse_experiment
from export.envelope import open_runs
from export.report import read_envelope, report, report_of_page
from results.curves import CurveCache
from results.envelope import open_envelope
from results.records import EpochRecord
from results.store import Store

VARIANTS = [{"name": "plain"}, {"name": "ensemble", "techniques": [{"name": "ensemble", "members": 2}]}]
SERIES = {"weights": {"norm": 1.0}, "train_loss_unchanged": 0.05, "train_loss_changed": 2.5}
EXPERIMENT = {"dataset": {"name": "wine"}, "training": {"epochs": 2}, "variants": VARIANTS, "seeds": [0]}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with one finished experiment."""
    with Store(f"sqlite:///{tmp_path / 'results.db'}") as opened:
        experiment = parse_experiment(json.dumps(EXPERIMENT))
        spec = experiment.model_dump_json()
        identifier = opened.add_experiment(spec, "", experiment.runs(), visitor="local", owner="o", now=1.0)
        for run in opened.runs(identifier):
            opened.start(run.id, 1, {}, 2.0)
            for epoch in (1, 2):
                scores = {name: [epoch + place / 10, float("nan")] for place, name in enumerate(CLEAN_NAMES)}
                series = {"members": scores} if run.variant == "ensemble" else SERIES
                record = EpochRecord(epoch, 0.1, 0.2, 0.9, 0.8, 0.3, 0.001, epoch, 0.5, series)
                opened.append_epochs(run.id, 1, [record], 2.0)
            tested = [(1, 0.8, 0.5), (2, 0.7, 0.6)]
            opened.finish(run.id, 1, "finished", ended_by="epochs", test_metrics=tested, now=3.0)
        yield opened


def test_an_ensembles_epochs_have_members(store: Store) -> None:
    plain, ensemble = report(store, store.experiments()[0].id, parse_experiment(json.dumps(EXPERIMENT)))["runs"]
    assert "members" not in plain["epochs"][0]
    first, second = ensemble["epochs"][1]["members"]
    assert first == {"train_loss": 2.0, "val_loss": 2.1, "train_accuracy": 2.2, "val_accuracy": 2.3}
    assert second == dict.fromkeys(CLEAN_NAMES)  # what is no number is null
    assert [name for name in plain["epochs"][0] if name not in SERIES] == list(ensemble["epochs"][0])[:-1]


def test_epochs_tell_the_loss_of_changed_labels_apart_where_the_run_has_it(store: Store) -> None:
    plain, ensemble = report(store, store.experiments()[0].id, parse_experiment(json.dumps(EXPERIMENT)))["runs"]
    names = ("train_loss_unchanged", "train_loss_changed")
    assert [[epoch[name] for name in names] for epoch in plain["epochs"]] == [[0.05, 2.5]] * 2
    assert not set(names) & set(ensemble["epochs"][0])


def test_a_recorded_example_reads_as_what_was_stored(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identifier = store.experiments()[0].id
    (tmp_path / "own.json").write_text(json.dumps(EXPERIMENT))
    experiment = parse_experiment(json.dumps(EXPERIMENT))
    (tmp_path / "own.result.json").write_text(json.dumps(report(store, identifier, experiment), allow_nan=False))
    monkeypatch.setattr(presets, "EXAMPLES", tmp_path)
    for cached in (presets.presets, presets.recorded_curves):
        monkeypatch.setattr(presets, cached.__name__, cached.__wrapped__)
    stored = [run_curves(experiment, record) for record in CurveCache(store).read(identifier)]
    for run, original in zip(presets.recorded_curves("own"), stored, strict=True):
        assert (run.variant, run.members.keys()) == (original.variant, original.members.keys())
        for own, other in ((run.curves, original.curves), (run.members, original.members)):
            assert own.keys() == other.keys()
            for name in other:
                np.testing.assert_array_equal(own[name], other[name])


def test_page_exports_hold_test_figures_only_once_the_envelope_is_open(store: Store) -> None:
    identifier = store.experiments()[0].id
    experiment = parse_experiment(json.dumps(EXPERIMENT))
    assert [run["final_test_loss"] for run in report(store, identifier, experiment)["runs"]] == [0.7, 0.7]
    assert [run["final_test_loss"] for run in report_of_page(store, identifier, experiment)["runs"]] == [None, None]
    assert read_envelope(store, identifier, experiment) is None
    assert open_envelope(store, identifier, visitor="local", now=9.0)
    assert [run["final_test_loss"] for run in report_of_page(store, identifier, experiment)["runs"]] == [0.7, 0.7]


def test_the_envelope_tells_what_choosing_can_have_added_from_which_rows_fell_where() -> None:
    experiment = parse_experiment(
        '{"dataset": {"name": "wine"}, "seeds": [0, 1], "variants": [{"name": "baseline"},'
        ' {"name": "stop", "techniques": [{"name": "early_stopping", "patience": 2}]}]}'
    )
    runs = []
    for seed, (last, best) in enumerate([(0.30, 0.20), (0.34, 0.24)]):
        curves = {name: np.array([0.5, best, last]) for name in CLEAN_NAMES}
        scores = {1: (0.6, 0.5), 2: (best + 0.06, 0.6), 3: (last + 0.02, 0.7)}
        for name in ("baseline", "stop"):
            rule, restores = stopping_rule(experiment, name)
            runs.append((summarize_run(RunCurves(name, seed, "finished", curves, rule, restores)), scores))
    lines = {(line.variant, line.which): line for line in open_runs(experiment, runs)}
    assert [line.chosen for line in lines.values()] == [False, True, True, True]
    usual, stopped = lines["baseline", "final"], lines["stop", "final"]
    assert [usual.excess.mean, usual.beyond.mean] == pytest.approx([0.02, 0])
    assert [stopped.validation_loss.mean, stopped.unseen_loss.mean] == pytest.approx([0.22, 0.28])
    assert [stopped.excess.mean, stopped.beyond.mean] == pytest.approx([0.06, 0.04])
    assert lines["baseline", "best"].beyond.mean == pytest.approx(0.04)
