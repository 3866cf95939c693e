"""TensorBoard's event files of a run, named as Keras's own callback names them."""

import io
import zipfile
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tensorflow as tf

from results.store import Store

TAGS = {
    "train": {
        "epoch_loss": "train_loss",
        "epoch_accuracy": "train_accuracy",
        "epoch_objective": "objective",
        "epoch_learning_rate": "learning_rate",
    },
    "validation": {"epoch_loss": "val_loss", "epoch_accuracy": "val_accuracy"},
}
"""Folder -> tag -> curve. TensorBoard draws the same tag of both folders into one chart."""


def pack_event_files(store: Store, run_id: int) -> bytes:
    """A ZIP file with a folder each for training and validation; steps are epochs, from 1."""
    run = store.run(run_id)
    start = (run and run.started_at) or 0.0
    packed = io.BytesIO()
    with TemporaryDirectory() as folder, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for split, tags in TAGS.items():
            file = Path(folder) / split
            with tf.io.TFRecordWriter(str(file)) as writer:
                for event in _events(store, run_id, tags, start):
                    writer.write(event.SerializeToString())
            archive.write(file, f"{split}/events.out.tfevents.{run_id}")
    return packed.getvalue()


def _events(store: Store, run_id: int, tags: dict[str, str], start: float) -> Iterator[Any]:
    """The events of a file; `tf.summary` would write them, if it had TensorBoard installed beside it."""
    events = tf.compat.v1
    yield events.Event(wall_time=start, file_version="brain.Event:2")
    for _, _, record in store.epochs([run_id]):
        start += record.seconds
        values = {tag: getattr(record, name) for tag, name in tags.items()}
        shown = [events.Summary.Value(tag=tag, simple_value=value) for tag, value in values.items() if isfinite(value)]
        yield events.Event(wall_time=start, step=record.epoch, summary=events.Summary(value=shown))
