"""What is recorded of a lesson: curves that are short enough to be in the repository, and the weights handed over."""

import json
from pathlib import Path

from experiment.spec import parse_experiment
from results.findings.weights import WEIGHTS
from results.records import EpochRecord
from results.store import Store
from training.recording import read_recording

ONE = '{"training": {"epochs": 2}, "variants": [{"name": "baseline"}]}'
DESCRIBED = {"norm": 1.5, "near_zero": 0.25, "histogram": {"limit": 1.0, "counts": [1, 3]}}


def epoch(number: int) -> EpochRecord:
    loss = 0.123456 * number
    return EpochRecord(number, loss, loss, 0.5, 0.5, loss, 0.001, number, 0.1)


def test_curves_have_five_digits_and_weights_are_those_of_the_end(tmp_path: Path) -> None:
    experiment = parse_experiment(ONE)
    with Store(f"sqlite:///{tmp_path / 'results.db'}") as store:
        identifier = store.add_experiment(
            experiment.model_dump_json(), "", experiment.runs()[:1], visitor="local", owner="test", now=1.0
        )
        (run,) = store.runs(identifier)
        store.start(run.id, 1, {}, 1.0)
        store.append_epochs(run.id, 1, [epoch(1), epoch(2)], 2.0)
        store.put_artifact(run.id, 1, WEIGHTS, 2, json.dumps(DESCRIBED).encode(), 3.0)
        store.finish(run.id, 1, "finished", now=4.0)
        (recorded,) = read_recording(store, identifier)["runs"]
    assert (recorded["variant"], recorded["seed"], recorded["status"]) == ("baseline", 0, "finished")
    assert recorded["curves"]["val_loss"] == [0.12346, 0.24691]
    assert recorded["weights"] == DESCRIBED
