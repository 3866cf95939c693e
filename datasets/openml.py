"""A table of OpenML by its number, fetched by scikit-learn in a process of its own."""

import os
import socket
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from datasets.registry import DATASETS
from datasets.table import TableError
from wording.language import _

SECONDS_SILENT = 20.0
"""A network that is silent for so long is given up."""

SECONDS_IN_ALL = 180.0
ROOT = Path(__file__).parents[1]


def fetch_openml(identifier: int) -> tuple[str, bytes]:
    """A name for the file, and a CSV text with the column that OpenML names as the target at its end.

    Raises:
        TableError: no network, no such data set, or it is no table.
    """
    with tempfile.TemporaryDirectory(prefix="regularizer-lab-") as folder:
        file = Path(folder) / "table.csv"
        command = [sys.executable, "-m", "datasets.openml", str(identifier), str(file)]
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=SECONDS_IN_ALL,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise TableError(_explain(identifier, _("it takes too long"))) from None
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or [_("the process ended")])[-1]
            raise TableError(_explain(identifier, reason))
        return f"openml-{identifier}.csv", file.read_bytes()


def _explain(identifier: int, reason: str) -> str:
    embedded = ", ".join(_(dataset.label) for dataset in DATASETS.values() if dataset.origin == "embedded")
    return _(
        "OpenML's data set {identifier} could not be downloaded ({reason}). Is this machine connected to the "
        "internet? These need no network: {embedded}."
    ).format(identifier=identifier, reason=reason, embedded=embedded)


def main(identifier: int, file: Path) -> None:
    """Writes the table; the last line of what is said on stderr is why it cannot."""
    from sklearn import datasets

    socket.setdefaulttimeout(SECONDS_SILENT)
    warnings.simplefilter("ignore")
    try:
        found = datasets.fetch_openml(data_id=identifier, as_frame=True, n_retries=1)
    except (OSError, ValueError, ImportError) as error:
        sys.exit(f"{error}".replace("\n", " "))
    frame = found.frame
    targets = [name for name in found.target_names if name in frame]
    frame[[*frame.columns.drop(targets), *targets]].to_csv(file, index=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
