"""The command line as its users start it: real processes, a real store, a cluster of others."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from results.store import Store

ROOT = Path(__file__).parents[2]
EXPERIMENT = {
    "dataset": {"name": "wine"},
    "architecture": {"name": "mlp", "widths": [8]},
    "training": {"epochs": 4},
    "variants": [
        {"name": "baseline"},
        {"name": "stop", "techniques": [{"name": "early_stopping", "patience": 1, "min_delta": 10.0}]},
    ],
    "seeds": [0],
}


def write(folder: Path, content: object) -> str:
    file = folder / "experiment.json"
    file.write_text(json.dumps(content))
    return str(file)


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "training", *arguments, "--database", f"sqlite:///{folder}/results.db"],
        cwd=ROOT,
        env=os.environ | {"WORKERS": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_json_is_the_only_thing_on_stdout_and_holds_the_contract(tmp_path: Path) -> None:
    process = start(tmp_path, write(tmp_path, EXPERIMENT), "--json")
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    result = json.loads(output, parse_constant=lambda constant: pytest.fail(f"{constant} in the JSON"))
    assert result.keys() == {"experiment_id", "runs", "verdict"}
    verdict = result["verdict"]
    assert (verdict["judged"], verdict["margin"]) == ("handed_over", 0.01)
    reference, other = verdict["variants"]
    assert (reference["variant"], reference["kind"]) == (verdict["reference"], "reference")
    assert list(other) == ["variant", "kind", "seeds", "difference", "low", "high", "shares", "more_seeds"]
    assert (other["kind"], other["seeds"], other["low"]) == ("undecided", 1, None), "one seed shows nothing"
    assert other["shares"] == {"better": None, "same": None, "worse": None}
    run, stopped = result["runs"]
    assert list(run) == [
        "variant", "seed", "status", "message", "ended_by", "setup_seconds", "epochs", "onset_epoch", "stop_epoch",
        "best_epoch", "final_test_loss", "final_test_accuracy", "best_test_loss", "best_test_accuracy",
    ]  # fmt: skip
    assert list(run["epochs"][0]) == [
        "epoch", "train_loss", "val_loss", "train_accuracy", "val_accuracy", "objective", "learning_rate", "steps",
        "seconds",
    ]  # fmt: skip
    assert (run["status"], run["message"], run["ended_by"]) == ("finished", None, "epochs")
    assert [(e["epoch"], e["steps"]) for e in run["epochs"]] == [
        (1, 4),
        (2, 8),
        (3, 12),
        (4, 16),
    ]  # 106 rows, 32 a step
    assert (run["stop_epoch"], run["onset_epoch"]) == (None, None)
    # Nothing falls by 10, so that Keras stops after the second epoch and restores the first.
    assert (stopped["ended_by"], len(stopped["epochs"]), stopped["stop_epoch"]) == ("early_stopping", 2, 2)
    assert stopped["best_epoch"] == 1
    assert stopped["final_test_loss"] == stopped["best_test_loss"]
    with Store(f"sqlite:///{tmp_path}/results.db") as store:
        assert store.experiment(result["experiment_id"]) is not None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"training": {"epochs": 0}}, "training.epochs: 0 is refused"),
        ({"training": {"epochs": 0}, "seeds": []}, "seeds: [] is refused"),
    ],
)
def test_bad_input_is_refused_with_2_and_every_mistake(tmp_path: Path, content: object, message: str) -> None:
    process = start(tmp_path, write(tmp_path, content))
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (2, "")
    assert message in errors
    assert "Traceback" not in errors


def test_a_missing_file_and_a_bad_database_are_bad_input(tmp_path: Path) -> None:
    (tmp_path / "results.db").write_text("not a database, but a text of more than a hundred bytes" * 3)
    missing = start(tmp_path, str(tmp_path / "nowhere.json"))
    foreign = start(tmp_path, write(tmp_path, EXPERIMENT))
    for process, word in ((missing, "nowhere.json"), (foreign, "results.db")):
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 2
        assert word in errors.replace("\n", "")
        assert "Traceback" not in errors


def test_a_diverged_run_is_failed_with_a_message_and_1(tmp_path: Path) -> None:
    settings = {"epochs": 3, "optimizer": "sgd", "learning_rate": 10.0}
    penalty = {"name": "l2", "l2": 1.0}
    content = EXPERIMENT | {"training": settings, "variants": [{"name": "L2", "techniques": [penalty]}]}
    process = start(
        tmp_path, write(tmp_path, content | {"architecture": {"name": "mlp", "activation": "relu"}}), "--json"
    )
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 1, errors
    (run,) = json.loads(output)["runs"]
    assert run["status"] == "failed"
    assert "epoch" in run["message"] and "learning rate" in run["message"]
    last = run["epochs"][-1]
    assert None in (last["objective"], last["train_loss"], last["val_loss"])


def test_ctrl_c_cancels_what_is_left_and_leaves_no_process(tmp_path: Path) -> None:
    process = start(tmp_path, write(tmp_path, EXPERIMENT | {"training": {"epochs": 1000, "batch_size": 1}}))
    children = []
    with Store(f"sqlite:///{tmp_path}/results.db") as store:
        while not any(run.status == "running" for e in store.experiments() for run in store.runs(e.id)):
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 130
        (experiment,) = store.experiments()
        assert experiment.counts["cancelled"] + experiment.counts["finished"] == 2
        assert experiment.counts["cancelled"] >= 1
    assert not psutil.wait_procs(children, timeout=30)[1]


@contextmanager
def dask(command: str, *arguments: str, **environment: str) -> Iterator[None]:
    line = [sys.executable, "-m", "dask", command, *arguments, "--host", "127.0.0.1", "--no-dashboard"]
    settings = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    process = subprocess.Popen(line, cwd=ROOT, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        children = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        process.wait(timeout=30)
        psutil.wait_procs(children, timeout=30)


def test_a_cluster_of_others_runs_the_same_experiment(tmp_path: Path) -> None:
    """`dask scheduler` and `dask worker` as docs/hosting.md says; two command lines on one store at once."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free_port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{free_port}"
    worker = ("--nthreads", "2", "--resources", "training=1", "--preload", "training.worker.preload")
    with dask("scheduler", "--port", str(free_port)), dask("worker", address, *worker):
        file = write(tmp_path, EXPERIMENT)
        both = [start(tmp_path, file, "--json", "--anew", DASK_SCHEDULER_ADDRESS=address) for _ in range(2)]
        results = []
        for process in both:
            output, errors = process.communicate(timeout=120)
            assert process.returncode == 0, errors
            results.append(json.loads(output))
    losses = [[[e["val_loss"] for e in run["epochs"]] for run in result["runs"]] for result in results]
    assert losses[0] == losses[1]
    assert results[0]["experiment_id"] != results[1]["experiment_id"]
    seconds = [[[e["seconds"] for e in run["epochs"]] for run in result["runs"]] for result in results]
    assert seconds[0] != seconds[1], "both were trained"
    output, _ = start(tmp_path, file, "--json").communicate(timeout=120)
    known = [[e["seconds"] for e in run["epochs"]] for run in json.loads(output)["runs"]]
    assert known in seconds, "what is known is not trained once more"


def test_a_file_is_stored_and_trained_on(tmp_path: Path) -> None:
    rows = "".join(f"{i % 7},5;{i % 5};{'ab'[i % 2]}\n" for i in range(60))
    (tmp_path / "mine.csv").write_text(f"u;v;kind\n{rows}", encoding="utf-8")
    arguments = ("--data", str(tmp_path / "mine.csv"), "--target", "kind", "--json")
    process = start(tmp_path, write(tmp_path, EXPERIMENT), *arguments)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    result = json.loads(output)
    assert [run["status"] for run in result["runs"]] == ["finished", "finished"]
    with Store(f"sqlite:///{tmp_path}/results.db") as store:
        stored = store.experiment(result["experiment_id"])
        assert stored is not None
        dataset = json.loads(stored.spec)["dataset"]
    assert (dataset["name"], dataset["target"], dataset["facts"]["rows"]) == ("upload", "kind", 60)
