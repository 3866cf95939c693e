"""What fails because the whole cluster is being ended is no fault of a run's: the next server takes it up again."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from experiment.spec import Experiment
from results.store import Store
from training.worker.parent import PARENT, identify


def parent_of_the_cluster(*, ended: bool) -> str:
    """This process, or one that has ended."""
    if not ended:
        return identify(psutil.Process())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        named = identify(psutil.Process(process.pid))
        process.communicate(b"\n")
    return named


@pytest.mark.parametrize(("parent", "status"), [("ended", "queued"), ("runs", "failed"), (None, "failed")])
def test_a_folder_that_vanishes(
    keras: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parent: str | None, status: str
) -> None:
    from training.worker import run as worker

    def fail(*_: Any) -> None:
        raise FileNotFoundError("model.keras")

    monkeypatch.setattr(worker, "_train", fail)
    if parent is None:
        monkeypatch.delenv(PARENT, raising=False)
    else:
        monkeypatch.setenv(PARENT, parent_of_the_cluster(ended=parent == "ended"))
    with Store(f"sqlite:///{tmp_path / 'results.db'}") as store:
        experiment = Experiment(seeds=(0,))
        spec, runs = experiment.model_dump_json(), experiment.runs()[:1]
        identifier = store.add_experiment(spec, "", runs, visitor="local", owner="o", now=time.time())
        (run,) = store.runs(identifier)
        worker.execute(run.id, 1, store.url)
        (run,) = store.runs(identifier)
    assert run.status == status
    assert run.message == (None if status == "queued" else "FileNotFoundError: model.keras")
