"""`python -m training EXPERIMENT.json`: an experiment without a browser, through the same queue, workers and store."""

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from analysis.summary import summarize_run
from datasets.checks import check_split
from datasets.table import TableError
from datasets.uploads import UploadedFiles, open_upload
from experiment.judging import judge_runs, run_curves
from experiment.progress import Progress as Done
from experiment.progress import measure
from experiment.spec import Experiment, ExperimentError, parse_experiment
from experiment.version import PROGRAM_AND_VERSION
from export.report import report
from models.names import visible
from results.bounds import own_upload
from results.curves import CurveCache, RunRecord
from results.opening import open_store
from results.store import Store, StoreError
from results.uploads import put_upload, read_upload
from training.dispatch.cluster import ClusterError, worker_count
from training.dispatch.queue import Queue, QueueState
from wording.verdict import name_quantity, say_answer, say_comparison

FINISHED, RUN_FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
VISITOR, UPLOAD = "local", "upload"
SECONDS_BETWEEN_LOOKS = 0.2

errors = Console(stderr=True)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.describe is not None:
        return _describe_file(options.describe, options.target)
    if options.experiment is None:
        parser.error("an experiment is needed: EXPERIMENT.json, or --describe FILE")
    try:
        text = options.experiment.read_bytes()
        content = options.data.read_bytes() if options.data else None
        workers = worker_count()
        opened = open_store(options.database)
    except (StoreError, ClusterError) as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"{error.filename} cannot be read: {error.strerror}")
    with opened:
        store = opened.store
        try:
            if content is not None:
                sha256 = put_upload(store, visible(options.data.name), content, time.time())
                own_upload(store, sha256, VISITOR, "")
                text = with_data(text, sha256, options.target)
            experiment = parse_experiment(text, UploadedFiles(partial(read_upload, store)))
        except ExperimentError as error:
            return _refuse(str(error))
        return _run(store, experiment, workers, as_json=options.json, anew=options.anew)


def make_parser() -> argparse.ArgumentParser:
    """The command line's options, with what `--help` says of them."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument(
        "experiment", type=Path, nargs="?", metavar="EXPERIMENT.json", help="experiment JSON, version 1"
    )
    parser.add_argument("--data", type=Path, metavar="FILE", help="train on this file: a table, images or arrays")
    parser.add_argument("--target", metavar="COLUMN", help="the file's column with the classes (default: the last one)")
    parser.add_argument("--describe", type=Path, metavar="FILE", help="say what is understood of a file; train nothing")
    parser.add_argument("--version", action="version", version=PROGRAM_AND_VERSION)
    parser.add_argument("--anew", action="store_true", help="train every run, even where the database has its numbers")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else on stdout")
    parser.add_argument("--database", metavar="URL", help="where runs are stored (default: DATABASE_URL, else a file)")
    return parser


def with_data(text: str | bytes, sha256: str, target: str | None) -> str:
    """The experiment's JSON with an uploaded file as its data.

    Label noise stays; how many rows and how they are read stay where the experiment was on somebody's own data, too.

    Raises:
        ExperimentError: it is no JSON object.
    """
    try:
        values = json.loads(text)
        before = dict(values.get("dataset", {}))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ExperimentError(f"This is not an experiment in JSON: {error}") from None
    own = {"target": target} if target is not None else {}
    if before.get("name") != UPLOAD:
        before = {key: value for key, value in before.items() if key == "label_noise"}
    return json.dumps({**values, "dataset": {**before, **own, "name": UPLOAD, "sha256": sha256}})


def _describe_file(file: Path, target: str | None) -> int:
    """Prints what is understood of a file as one JSON object."""
    try:
        content = file.read_bytes()
        dataset = open_upload(content, target)
        description = dataset.description
    except OSError as error:
        return _refuse(f"{file} cannot be read: {error.strerror}")
    except TableError as error:
        return _refuse(f"{file.name}: {error}")
    if target is not None and description.problem:
        return _refuse(f"{file.name}: {description.problem}")
    doubts = () if description.problem else check_split(dataset, seed=0)
    told = description.told()
    json.dump({**told, "notes": [*told["notes"], *(doubt.text for doubt in doubts)]}, sys.stdout, allow_nan=False)
    sys.stdout.write("\n")
    return FINISHED


def _refuse(message: str) -> int:
    errors.print(message, style="red", markup=False, highlight=False)
    return BAD_INPUT


def _run(store: Store, experiment: Experiment, workers: int, *, as_json: bool, anew: bool) -> int:
    interrupted = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # an exception raised in the middle of a callback would be lost
        signal.signal(number, lambda *_: interrupted.set())
    queue = Queue(store, adopts=False, address=os.environ.get("DASK_SCHEDULER_ADDRESS"), workers=workers)
    identifier = queue.submit(experiment, VISITOR, anew=anew)
    queue.start()
    try:
        _follow(queue, identifier, experiment, interrupted)
        if interrupted.is_set() and queue.cancel(identifier, visitor=VISITOR):
            errors.print("Interrupted: the runs that were left are cancelled.")
            return INTERRUPTED
    finally:
        queue.close()
    result = report(store, identifier, experiment)
    if as_json:
        json.dump(result, sys.stdout, allow_nan=False, separators=(",", ":"))
        sys.stdout.write("\n")
    else:
        _print_table(result)
        _print_verdict(experiment, CurveCache(store).read(identifier))
    return FINISHED if all(run["status"] == "finished" for run in result["runs"]) else RUN_FAILED


def _follow(queue: Queue, identifier: str, experiment: Experiment, interrupted: threading.Event) -> None:
    """Shows progress on a terminal until no run is active, or until it is interrupted."""
    curves = CurveCache(queue.store)
    total = experiment.training.epochs * len(experiment.runs())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("epochs"))
    shown = errors.is_terminal
    with Progress(*columns, TimeRemainingColumn(), console=errors, disable=not shown, transient=True) as progress:
        task = progress.add_task("workers are warming up", total=total)
        records = curves.read(identifier)
        while any(record.run.active for record in records) and not interrupted.is_set():
            done = measure(records, experiment.training.epochs, queue.workers)
            progress.update(task, completed=done.epochs, description=_describe(queue.state, done))
            interrupted.wait(SECONDS_BETWEEN_LOOKS)
            records = curves.read(identifier)


def _describe(workers: QueueState, done: Done) -> str:
    if workers.error or not workers.ready_workers:
        return workers.error or "workers are warming up"
    return f"{done.ended} of {done.runs} runs"


def _print_table(result: dict[str, Any]) -> None:
    table = Table("variant", "seed", "status", "epochs", "val_loss", "val_accuracy", "onset", "stop", "best")
    for run in result["runs"]:
        last = run["epochs"][-1] if run["epochs"] else {}
        table.add_row(
            run["variant"],
            str(run["seed"]),
            run["status"],
            str(len(run["epochs"])),
            *(_number(last.get(name)) for name in ("val_loss", "val_accuracy")),
            *(str(run[name] or "–") for name in ("onset_epoch", "stop_epoch", "best_epoch")),
        )
    console = Console(markup=False, highlight=False)
    console.print(table)
    for run in result["runs"]:
        if run["message"]:
            console.print(f"{run['variant']}, seed {run['seed']}: {run['message']}")


def _print_verdict(experiment: Experiment, records: Sequence[RunRecord]) -> None:
    """What the table shows of the variants, in sentences."""
    verdict = judge_runs(experiment, [summarize_run(run_curves(experiment, record)) for record in records])
    console = Console(markup=False, highlight=False)
    console.print(f"Judged: {name_quantity(verdict.judging.what)}. {say_answer(verdict)}")
    for comparison in verdict.comparisons:
        if sentence := say_comparison(comparison, verdict):
            console.print(f"- {sentence}")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


if __name__ == "__main__":
    sys.exit(main())
