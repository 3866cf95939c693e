"""`make bench`, or `python -m benchmarks [--images FILE.npz]`: measures and writes docs/benchmarks.md."""

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

for _threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")  # NumPy's share of the comparison; before NumPy is loaded

from benchmarks.cases import (  # noqa: E402
    Case,
    all_cases,
    further_cases,
    load_images,
    run_fit,
    run_numpy,
)
from benchmarks.first_page import Waits, measure_waits  # noqa: E402
from benchmarks.page_refresh import measure_refresh  # noqa: E402
from benchmarks.pytorch import run_pytorch  # noqa: E402
from training.worker.preload import warm_up  # noqa: E402

OUTPUT = Path(__file__).parent.parent / "docs" / "benchmarks.md"
HEAD = (
    "| case | engine, compiled before | engine, first time | `fit` | times faster | first time | asked for "
    "| PyTorch loop | times faster | matrix products alone |"
)


def main() -> None:
    """Runs all benchmarks and writes the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--images", type=Path, metavar="FILE.npz", help="28x28 images `x`, labels `y` (default: MNIST)")
    options = parser.parse_args()
    warm_up()
    from benchmarks.streaming import measure_streaming

    images = load_images(options.images)
    cases = all_cases(images)
    rows = [_row(case, options.images) for case in cases]
    further = [_short_row(case, options.images) for case in further_cases(images)]
    ensemble = _ensemble_share()
    streaming = measure_streaming(cases[0])
    refresh, waits = measure_refresh(), measure_waits()
    lines = [*_intro(), HEAD, "|" + " --- |" * HEAD.count(" | ") + " --- |", *rows]
    lines += [*_further(further, ensemble), *_rest(streaming, refresh), *_waits(waits)]
    OUTPUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"written to {OUTPUT.name}")


def _row(case: Case, images: Path | None) -> str:
    """Engine and the others in turns, so that a slower moment of the machine hits all of them."""
    runners: dict[str, Callable[[Case], None]] = {"fit": run_fit, "numpy": run_numpy}
    if find_spec("torch"):
        runners["torch"] = run_pytorch
        _seconds(run_pytorch, case)  # its first use of a layer loads code
    with TemporaryDirectory() as cache:
        cold, first = _engine_seconds(case.name, cache, images), _engine_seconds(case.name, cache, images)
        seconds = {name: _seconds(runner, case) for name, runner in runners.items()}
        engine = (first + _engine_seconds(case.name, cache, images)) / 2
    torch = seconds.get("torch")
    cells = [
        case.name, f"{engine:.2f} s", f"{cold:.2f} s", f"{seconds['fit']:.1f} s", f"**{seconds['fit'] / engine:.1f}**",
        f"{seconds['fit'] / cold:.1f}", f"{case.target:g}", f"{torch:.2f} s" if torch else "–",
        f"{torch / engine:.1f}" if torch else "–", f"{seconds['numpy']:.2f} s",
    ]  # fmt: skip
    row = f"| {' | '.join(cells)} |"
    print(row, flush=True)
    return row


def _short_row(case: Case, images: Path | None) -> str:
    """Engine against `fit` alone."""
    with TemporaryDirectory() as cache:
        _engine_seconds(case.name, cache, images)
        pairs = [(_engine_seconds(case.name, cache, images), _seconds(run_fit, case)) for _ in range(2)]
    engine, fit = (sum(column) / len(pairs) for column in zip(*pairs, strict=True))
    row = f"| {case.name} | {engine:.1f} s | {fit:.1f} s | **{fit / engine:.1f}** |"
    print(row, flush=True)
    return row


def _ensemble_share() -> float:
    """Seconds of an ensemble of five as a share of five runs of one trace, the median of three pairs."""
    with TemporaryDirectory() as cache:
        pairs = [[_engine_seconds(name, cache) for name in ("ensemble", "alone")] for _ in range(4)]
    return sorted(together / alone for together, alone in pairs[1:])[1]


def _engine_seconds(name: str, cache: str, images: Path | None = None) -> float:
    """Of the engine in a process of its own, with XLA's cache in this folder."""
    command = [sys.executable, "-m", "benchmarks.one_run", name, *([str(images)] if images else [])]
    environment = os.environ | {"TF_XLA_FLAGS": f"--tf_xla_persistent_cache_directory={cache}"}
    return float(subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout)


def _further(rows: list[str], ensemble: float) -> list[str]:
    return [
        "",
        "The same with 2,000 images and 4 epochs; `fit` has the augmentation layers in its model, as in any tutorial:",
        "",
        "| case | engine | `fit` | times faster |",
        "| --- | --- | --- | --- |",
        *rows,
        "",
        f"An ensemble of five takes **{100 * ensemble:.0f}%** of the time of five separate runs of one trace "
        "(digits, MLP 2×128, 150 epochs; tracing included in both).",
    ]


def _seconds(runner: Callable[[Case], None], case: Case) -> float:
    began = time.perf_counter()
    runner(case)
    return time.perf_counter() - began


def _intro() -> list[str]:
    import tensorflow as tf

    from experiment.machine import processor

    packages = ("tensorflow", "tensorflow-cpu", "keras", "numpy", "torch", "streamlit", "plotly")
    versions = ", ".join(f"{name} {found}" for name in packages if (found := _version(name)))
    threads = tf.config.threading
    return [
        "# Benchmarks",
        "",
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}. {processor()}, {os.cpu_count()} cores, "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}; {versions}.",
        "",
        "Whole runs: three seeds of one variant, building and tracing included, the same data, network, epochs and "
        "batch. The engine evaluates training, validation and test rows each epoch; `fit` validates each epoch, as in "
        "any tutorial. Compiled before: XLA loads from its cache what an earlier process compiled, for whatever values "
        "of the hyperparameters; first time: it compiles. TensorFlow with the workers' setting for all: "
        f"{threads.get_intra_op_parallelism_threads()} intra-op thread, "
        f"{threads.get_inter_op_parallelism_threads()} inter-op thread; PyTorch and NumPy with one thread too. "
        "Times move with the machine's load; the ratios are measured side by side in one run. Where the matrix "
        "products alone come near the time that is asked for, as in (b) and (c), what is left for the rest decides.",
        "",
    ]


def _rest(streaming: float, refresh: float) -> list[str]:
    return [
        "",
        f"Streaming and storing the epochs of (a): **{100 * (streaming - 1):+.1f}%** of a run (median of five pairs; "
        "at most 5% was asked for).",
        "",
        "A live refresh of 24 curves of 150 epochs, each with a new epoch, one real viewer: "
        f"**{refresh:.0f} ms** CPU of the page server (30 ms was asked for).",
    ]


def _waits(waits: Waits) -> list[str]:
    """What visitors wait for, beside what was asked for."""
    rows = (
        ("fresh server, until the title", waits.fresh_title, "–"),
        ("fresh server, until the painted chart", waits.fresh_chart, "3 s"),
        ("second visitor, until the title", waits.second_title, "–"),
        ("second visitor, until the painted chart", waits.second_chart, "2 s"),
        ("warm workers, from Train to the first point", waits.first_point, "0.3 s"),
        ("40 runs of the first visit's experiment, from Train to the last", waits.forty_runs, "13 s"),
        ("*Live*, from a slider's move to the first new point", waits.slider_point, "0.5 s"),
        ("*Live*, to the mean of three finished seeds", waits.slider_seeds, "1.5 s"),
    )
    return [
        "",
        "In Chromium on the same machine, without anything in its cache; a server of its own for each of three tries, "
        "medians. A fresh server is timed from the start of its process.",
        "",
        "| what | seconds | asked for |",
        "| --- | --- | --- |",
        *(f"| {name} | {seconds:.2f} s | {target} |" for name, seconds, target in rows),
    ]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    main()
