"""`python -m training.recording EXPERIMENT.json`: trains a lesson's experiment and prints what the Learn page needs.

That is the clean curves to five digits and the weights handed over: a tenth of what `--json` prints, which has no
weights. `make example` writes it beside the experiment.
"""

import json
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from analysis.summary import CLEAN_NAMES
from results.artifacts import read_artifacts
from results.curves import CurveCache
from results.findings.weights import WEIGHTS
from results.store import Store
from training.__main__ import main as train


def record(experiment: Path) -> tuple[int, dict[str, Any]]:
    """The exit code of the command line, and for each run its curves and weights; on a database of its own."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/lesson.db"
        with redirect_stdout(StringIO()):
            code = train([str(experiment), "--json", "--database", url])
        if code:
            return code, {}
        with Store(url) as store:
            return code, read_recording(store, store.experiments()[0].id)


def read_recording(store: Store, experiment_id: str) -> dict[str, Any]:
    """The runs of a stored experiment as they are recorded."""
    weights = read_artifacts(store, experiment_id, WEIGHTS)
    return {
        "runs": [
            {
                "variant": record.run.variant,
                "seed": record.run.seed,
                "status": record.run.status,
                "curves": shorten(record.curves),
                "weights": json.loads(weights[record.run.id][1]),
            }
            for record in CurveCache(store).read(experiment_id)
        ]
    }


def shorten(curves: Mapping[str, Any]) -> dict[str, list[float]]:
    """The clean curves to five significant digits.

    >>> shorten({name: [0.1234567] for name in CLEAN_NAMES})["val_loss"]
    [0.12346]
    """
    return {name: [float(f"{value:.5g}") for value in curves[name]] for name in CLEAN_NAMES}


if __name__ == "__main__":
    code, recording = record(Path(sys.argv[1]))
    if not code:
        json.dump(recording, sys.stdout, allow_nan=False, separators=(",", ":"))
        sys.stdout.write("\n")
    sys.exit(code)
