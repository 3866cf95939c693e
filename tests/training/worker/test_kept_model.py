"""What a run leaves to take home: a model file and TensorBoard's event files, read back with Keras and TensorFlow."""

import io
import json
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.split import split_rows
from experiment.spec import Experiment, parse_experiment
from results.artifacts import artifact_size, read_artifact
from results.findings.kept_model import MAX_MODEL_BYTES, MODEL, is_kept
from results.records import Run
from results.store import Store
from training.dispatch.tasks import write_event_files

TECHNIQUES: dict[str, list[dict[str, Any]]] = {
    "restored": [{"name": "early_stopping", "patience": 1, "min_delta": 0.3}, {"name": "l2"}],
    "averaged": [{"name": "ema"}, {"name": "batch_normalization"}],
    "ensemble": [{"name": "ensemble", "members": 2}, {"name": "dropout"}],
}


@pytest.fixture(scope="module")
def store(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(f"sqlite:///{tmp_path_factory.mktemp('store') / 'results.db'}") as opened:
        yield opened


def execute(store: Store, **parts: Any) -> tuple[Experiment, Sequence[Run]]:
    from training.worker.run import execute

    experiment = parse_experiment(json.dumps({"seeds": [0], "training": {"epochs": 6}, **parts}))
    identifier = store.add_experiment(
        experiment.model_dump_json(), "", experiment.runs(), visitor="v", owner="o", now=time.time()
    )
    for run in store.runs(identifier):
        execute(run.id, 1, store.url)
    return experiment, store.runs(identifier)


def judge(keras: Any, content: bytes, x: Any, y: Any, folder: Path) -> tuple[Any, float]:
    """The loaded model and its loss on rows as they are in the data set."""
    (folder / "model.keras").write_bytes(content)
    model = keras.models.load_model(folder / "model.keras")
    shares = model.predict(x, verbose=0)
    return model, float(-np.log(shares[np.arange(len(y)), y]).mean())


@pytest.mark.parametrize(
    "data",
    [
        {"dataset": {"name": "wine"}, "architecture": {"name": "mlp", "widths": [8]}},
        {"dataset": {"name": "digits", "train_size": 40}, "architecture": {"name": "resnet_conv", "filters": 2}},
    ],
    ids=["a table", "images"],
)
def test_the_model_file_has_the_loss_that_was_recorded(
    keras: Any, store: Store, data: dict[str, Any], tmp_path: Path
) -> None:
    normalizes = data["architecture"]["name"] == "resnet_conv"
    left_out = "batch_normalization" if normalizes else ""
    variants = [
        {"name": name, "techniques": [technique for technique in techniques if technique["name"] != left_out]}
        for name, techniques in TECHNIQUES.items()
    ]
    experiment, runs = execute(store, variants=variants, **data)
    arrays = experiment.dataset.load()
    _, validation, _ = split_rows(arrays.y, experiment.dataset.held_out, 0)
    for run in runs:
        assert run.status == "finished", run.message
        epoch, content = read_artifact(store, run.id, MODEL) or (0, b"")
        assert artifact_size(store, run.id, MODEL) == len(content)
        recorded = {record.epoch: record.val_loss for _, _, record in store.epochs([run.id])}[epoch]
        model, loss = judge(keras, content, arrays.x[validation], arrays.y[validation], tmp_path)
        assert loss == pytest.approx(recorded, rel=1e-4), run.variant
        assert not model.compiled, "nothing of the optimizer is in the file"
    assert min(artifact[0] for run in runs if (artifact := read_artifact(store, run.id, MODEL))) < 6, "restored"


def test_a_model_over_the_limit_is_not_kept() -> None:
    # 4 bytes a weight: (widths + 1) x width of the second layer decides.
    assert not is_kept(4096 * 4097)
    assert is_kept(2048 * 2049)
    assert MAX_MODEL_BYTES == 20_000_000


def test_event_files_have_every_epochs_numbers(keras: Any, store: Store, tmp_path: Path) -> None:
    import tensorflow as tf

    _, (run,) = execute(store, dataset={"name": "wine"}, architecture={"name": "mlp", "widths": [8]})
    with zipfile.ZipFile(io.BytesIO(write_event_files(run.id, store.url))) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path)
    assert names == [f"{split}/events.out.tfevents.{run.id}" for split in ("train", "validation")]
    found: dict[tuple[str, str, int], float] = {}
    for name in names:
        for event in tf.compat.v1.train.summary_iterator(str(tmp_path / name)):
            for value in event.summary.value:
                found[name.split("/")[0], value.tag, event.step] = value.simple_value
    assert len(found) == 6 * 6
    for _, _, record in store.epochs([run.id]):
        expected = [record.train_loss, record.objective, record.learning_rate, record.val_loss, record.val_accuracy]
        keys = [("train", tag) for tag in ("epoch_loss", "epoch_objective", "epoch_learning_rate")]
        keys += [("validation", tag) for tag in ("epoch_loss", "epoch_accuracy")]
        assert [found[(*key, record.epoch)] for key in keys] == pytest.approx(expected, rel=1e-6)
