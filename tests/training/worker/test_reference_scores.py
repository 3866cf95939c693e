"""What predictors without a network score, against formulas and against scikit-learn itself."""

import json
from collections.abc import Mapping
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss

from datasets.registry import DATASETS
from datasets.split import make_split
from results.findings.reference_scores import ReferenceScores, read_reference_scores
from results.store import Store
from results.uploads import put_upload
from training.dispatch.questions import ask_reference_scores
from training.worker import reference_scores
from training.worker.data import read_experiment
from training.worker.reference_scores import score_frequencies


def scores(folder: Path, dataset: Mapping[str, Any], *seeds: int) -> ReferenceScores | None:
    """The worker's answer to the page's question."""
    url = f"sqlite:///{folder / 'results.db'}"
    Store(url).close()  # workers make none
    question = ask_reference_scores(read_experiment(json.dumps({"dataset": dataset, "seeds": seeds}), url), url)
    return read_reference_scores(question.task(*question.arguments))


def found(folder: Path, dataset: Mapping[str, Any], *seeds: int) -> ReferenceScores:
    answer = scores(folder, dataset, *seeds)
    assert answer is not None
    return answer


def test_where_validation_is_as_training_the_loss_of_frequencies_is_the_entropy() -> None:
    shares = np.array([0.5, 0.3, 0.2])
    y = np.repeat([0, 1, 2], [5, 3, 2]).astype(np.int32)
    loss, accuracy = score_frequencies(y, y, 3)
    assert loss == pytest.approx(-(shares * np.log(shares)).sum())
    assert accuracy == 0.5


@pytest.mark.parametrize(("name", "classes"), [("moons", 2), ("spirals", 3)])
def test_balanced_classes_cost_the_logarithm_of_their_number(tmp_path: Path, name: str, classes: int) -> None:
    answer = found(tmp_path, {"name": name, "samples": 300}, 0, 1, 2)
    assert answer.frequency_loss == pytest.approx(log(classes))
    assert answer.frequency_accuracy == pytest.approx(1 / classes)
    assert answer.seeds == 3


LABELS = st.lists(st.integers(0, 3), min_size=1, max_size=60)


@given(LABELS, LABELS)
def test_no_frequencies_beat_those_of_the_validation_rows(train: list[int], validation: list[int]) -> None:
    """Gibbs's inequality; infinite exactly where validation rows have a class that training rows have not."""
    y = np.array(validation, np.int32)
    loss, accuracy = score_frequencies(np.array(train, np.int32), y, 4)
    assert loss >= score_frequencies(y, y, 4)[0] - 1e-12
    assert np.isfinite(loss) == (set(validation) <= set(train))
    assert accuracy <= np.bincount(y).max() / len(y)


@pytest.mark.parametrize(
    "dataset",
    [
        {"name": "wine"},
        {"name": "breast_cancer", "label_noise": 0.3},
        {"name": "digits", "train_size": 200, "label_noise": 0.2},
        {"name": "moons", "train_size": 20},
    ],
    ids=lambda dataset: dataset["name"],
)
def test_both_are_means_over_the_rows_and_labels_that_runs_train_on(tmp_path: Path, dataset: dict[str, Any]) -> None:
    whole = DATASETS[dataset["name"]].model_validate(dataset)
    frequencies, logistic = [], []
    for seed in (3, 4):
        split = make_split(whole, whole.load(), seed)
        x, x_validation = (a.reshape(len(a), -1).astype(np.float64) for a in (split.x_train, split.x_validation))
        model = LogisticRegression(max_iter=1000).fit(x, split.y_train)
        probabilities = model.predict_proba(x_validation)
        losses = log_loss(split.y_validation, probabilities, labels=range(whole.classes))
        logistic.append((losses, accuracy_score(split.y_validation, probabilities.argmax(axis=1))))
        shares = np.bincount(split.y_train, minlength=whole.classes) / len(split.y_train)
        rows = np.tile(shares, (len(split.y_validation), 1))
        losses = log_loss(split.y_validation, rows, labels=range(whole.classes))
        frequencies.append((losses, accuracy_score(split.y_validation, rows.argmax(axis=1))))
    answer = found(tmp_path, dataset, 3, 4)
    assert (answer.frequency_loss, answer.frequency_accuracy) == pytest.approx(tuple(np.mean(frequencies, axis=0)))
    assert (answer.logistic_loss, answer.logistic_accuracy) == pytest.approx(tuple(np.mean(logistic, axis=0)), rel=1e-6)
    assert answer.logistic_loss is not None and answer.frequency_loss is not None
    assert answer.logistic_loss < answer.frequency_loss


def own_data(folder: Path, classes: str, train_size: int) -> dict[str, Any]:
    """A file of one's own, in the store: two numbers for each row, whose class is a letter of `classes`."""
    generator = np.random.default_rng(0)
    lines = ["a,b,class", *(f"{a:.4f},{b:.4f},{name}" for name in classes for a, b in [generator.normal(size=2)])]
    with Store(f"sqlite:///{folder / 'results.db'}") as store:
        sha256 = put_upload(store, "own.csv", "\n".join(lines).encode(), now=1.0)
    return {"name": "upload", "sha256": sha256, "target": "class", "train_size": train_size}


def test_a_class_without_a_training_row_costs_infinitely_much_where_it_occurs(tmp_path: Path) -> None:
    answer = found(tmp_path, own_data(tmp_path, 300 * "a" + 290 * "b" + 10 * "c", train_size=6), 0)
    assert (answer.frequency_loss, answer.logistic_loss) == (None, None)
    assert answer.frequency_accuracy == pytest.approx(60 / 120)
    assert answer.logistic_accuracy is not None and 0.3 < answer.logistic_accuracy < 0.7


def test_a_single_class_is_nothing_to_fit(tmp_path: Path) -> None:
    answer = found(tmp_path, own_data(tmp_path, 390 * "a" + 10 * "b", train_size=4), 0)
    assert answer == ReferenceScores(None, 78 / 80, None, None, 1)


def test_too_much_work_leaves_logistic_regression_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = found(tmp_path, {"name": "wine"}, 0)
    rows, features, classes = 106, 13, 3
    monkeypatch.setattr(reference_scores, "MOST_WORK", rows * features * classes)
    assert found(tmp_path, {"name": "wine"}, 0) == whole
    monkeypatch.setattr(reference_scores, "MOST_WORK", rows * features * classes - 1)
    assert found(tmp_path, {"name": "wine"}, 0) == ReferenceScores(
        whole.frequency_loss, whole.frequency_accuracy, None, None, 1
    )


def test_of_large_data_only_the_first_seeds_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = found(tmp_path, {"name": "wine"}, 3, 4)
    monkeypatch.setattr(reference_scores, "MOST_WORK_IN_ALL", 2 * 106 * 13 * 3)
    assert found(tmp_path, {"name": "wine"}, 3, 4, 5, 6) == first
    monkeypatch.setattr(reference_scores, "MOST_WORK_IN_ALL", 1)
    assert found(tmp_path, {"name": "wine"}, 3, 4).seeds == 1, "of the largest, one"


def test_what_has_not_converged_is_scored_as_it_is_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    complete = found(tmp_path, {"name": "wine"}, 0)
    monkeypatch.setattr(reference_scores, "MOST_ITERATIONS", 1)
    begun = found(tmp_path, {"name": "wine"}, 0)
    assert complete.logistic_loss is not None and begun.logistic_loss is not None
    assert complete.logistic_loss < begun.logistic_loss < log(3)
    assert (capfd.readouterr().err, [str(warning.message) for warning in recwarn]) == ("", [])


def test_no_download_is_started_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert scores(tmp_path, {"name": "mnist"}, 0) is None
    assert not (tmp_path / "cache").exists()
