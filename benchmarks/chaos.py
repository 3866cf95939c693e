"""`make chaos`, or `python -m benchmarks.chaos`: kills and starves a real server, and counts what is lost or left.

On loopback, in a temporary folder. The database is on a small disk of its own in a mount namespace, where the system
permits one; else the full disk is left out.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.served.document import table, write_between
from benchmarks.served.faults import FAULTS, KILLS, OTHERS, Place, resume
from benchmarks.served.server import LabServer
from benchmarks.served.visitor import train
from benchmarks.served.witness import Curve, Witness
from experiment.link import encode_link
from experiment.spec import parse_experiment
from results.records import Run
from results.store import Store

SMALL_DISK = "REGULARIZER_LAB_SMALL_DISK"
DISK_MEGABYTES = 192
ENTER_NAMESPACE = ("unshare", "--map-root-user", "--mount")
KILLS_PER_OTHER = 20
SECONDS_UNTIL_CLEAN = 30.0
SECONDS_UNTIL_BUSY = 600.0
"""Until two workers train: on a machine that is busy with other things TensorFlow loads for a minute."""
SECONDS_UNTIL_RECOVERED = 120.0
SECONDS_UNTIL_ENDED = 300.0
DASKS_OWN = "dask-scratch-space"
"""All Dask processes of a machine share this folder, and keep it."""
PASSING = ("database locked", "disk full")
"""They end by themselves: recovery is counted from then on."""
RESTARTING = ("page server killed", "scheduler killed", "nanny killed", "server killed just after it started")
"""No worker outlives them for long: what it still writes in its last second is no recovery."""
HEAD = ("what happened", "times", "epochs lost", "left after 30 s", "runs failed", "until the next epoch", "longest")
EXPERIMENT = """{"name": "Chaos", "training": {"epochs": 60, "batch_size": 1}, "seeds": [0, 1],
 "architecture": {"name": "mlp", "widths": [128]},
 "variants": [{"name": "a"}, {"name": "b", "techniques": [{"name": "l2"}]}]}"""
"""Four runs of some seconds each: long enough to be hit in the middle, short enough to end between two faults."""


@dataclass(frozen=True)
class Outcome:
    """What became of one fault; `seconds` is None if training did not go on in two minutes."""

    kind: str
    lost: int
    left: int
    failed: int
    seconds: float | None


@dataclass(frozen=True)
class Ending:
    """How all runs ended: statuses, and finished curves that differ from undisturbed ones."""

    statuses: Counter[str]
    unequal: int
    lost: int
    left: int


class Torment:
    """One server, faults one after the other, and a witness of all.

    Args:
        folder: for everything.
        database: the SQLite file.
        seed: of what is hit, and when.
    """

    def __init__(self, folder: Path, database: Path, seed: int) -> None:
        self.server, self.store = LabServer(folder, database, WORKERS="2"), Store(f"sqlite:///{database}")
        self.witness = Witness(self.store)
        self.place = Place(self.server, self.witness, database, random.Random(seed))  # noqa: S311
        self.packed = encode_link(parse_experiment(EXPERIMENT))
        self._undisturbed: dict[tuple[str, int], Curve] = {}
        self._processes = self._entries = self._own_entries = 0

    def begin(self) -> None:
        """Starts the server and trains once without a fault."""
        self.server.start()
        self.server.wait_until_ready()
        self._press_train()
        self._wait_until_ended()
        runs = self.witness.runs()
        assert {run.status for run in runs} == {"finished"}, "the undisturbed runs finish"
        curves = self.witness.curves(runs)
        self._undisturbed = {(run.variant, run.seed): curves[run.id] for run in runs}
        self._processes, self._entries = len(self.server.tree()), len(self._temporary())
        self._own_entries = self._entries

    def suffer(self, kind: str) -> Outcome:
        """One fault in the middle of training, and what came of it."""
        training = self._keep_busy()
        failed = self._failed()
        began = time.monotonic()
        FAULTS[kind](self.place)
        over = time.monotonic() if kind in PASSING else began
        seconds = self._wait_for_progress(training, over, again=kind in RESTARTING)
        left = self._wait_until_clean(max(over + SECONDS_UNTIL_CLEAN, time.monotonic()))
        resume(self.place)
        outcome = Outcome(kind, self.witness.find_lost(), left, self._failed() - failed, seconds)
        if seconds is None:  # the next fault deserves a server that works
            self.server.end()
            self.server.kill_everything()
            self.server.start()
        return outcome

    def end(self) -> Ending:
        """Waits for the last run, compares all curves, and tells the server to end."""
        self.server.wait_until_ready()
        self._wait_until_ended()
        runs = self.witness.runs()
        curves, finished = self.witness.curves(runs), [run for run in runs if run.status == "finished"]
        unequal = sum(curves[run.id] != self._undisturbed[run.variant, run.seed] for run in finished)
        lost = self.witness.find_lost()
        self._processes, self._entries = 0, self._entries - self._own_entries
        self.server.end()
        left = self._wait_until_clean(time.monotonic() + SECONDS_UNTIL_CLEAN)
        return Ending(Counter(run.status for run in runs), unequal, lost, left)

    def close(self) -> None:
        """Leaves nothing behind, whatever happened."""
        self.server.kill_everything()
        self.store.close()

    def _press_train(self) -> None:
        assert self.packed is not None
        self.witness.experiments.append(asyncio.run(train(self.server.port, self.packed)))

    def _keep_busy(self) -> list[Run]:
        """The runs that train now, each with an epoch seen; Train is pressed where too little is left to do."""
        self.server.wait_until_ready()
        deadline = time.monotonic() + SECONDS_UNTIL_BUSY
        while time.monotonic() < deadline:
            runs = self.witness.look()
            if runs and sum(run.active for run in runs) < 4:
                self._press_train()
            training = [run for run in runs if run.status == "running" and self.witness.last_epoch(run.id, run.attempt)]
            if len(training) == 2:
                return training
            time.sleep(0.1)
        raise TimeoutError("two runs do not train at a time")

    def _wait_for_progress(self, training: Sequence[Run], since: float, *, again: bool) -> float | None:
        """Seconds until training went on; None if not each of these runs has a new epoch or has ended in two minutes.

        Args:
            training: the runs that were hit.
            since: when the fault was over.
            again: whether all must begin anew. Then the first epoch of any new attempt or run counts, for the others
                may have to wait for their turn; else the last run's next epoch does, for only one may have been hit.
        """
        self.witness.look()
        before, went_on = self.witness.attempts(), None
        attempts = {run.id: run.attempt + again for run in training}
        first = {id_: (attempt, self.witness.last_epoch(id_, attempt)) for id_, attempt in attempts.items()}
        while time.monotonic() - since < SECONDS_UNTIL_RECOVERED:
            runs = {run.id: run for run in self.witness.look()}
            if went_on is None and self.witness.attempts() - before:
                went_on = time.monotonic() - since
            if runs and all(not runs[id_].active or self.witness.has_later(id_, *last) for id_, last in first.items()):
                return went_on if again and went_on is not None else time.monotonic() - since
            time.sleep(0.1)
        return None

    def _wait_until_clean(self, deadline: float) -> int:
        """Processes and temporary folders that are there for no running server; each is counted once."""
        while True:
            self.witness.look()
            extra = max(0, len(self.server.tree()) - self._processes)
            strangers = self.server.strangers()
            folders = max(0, len(self._temporary()) - self._entries)
            if not extra + len(strangers) + folders:
                return 0
            if time.monotonic() > deadline:
                break
            time.sleep(0.3)
        self._entries += folders
        for process in strangers:
            with suppress(Exception):
                print("left:", process.pid, " ".join(process.cmdline())[:150], flush=True)
                process.kill()
        return extra + len(strangers) + folders

    def _temporary(self) -> list[str]:
        return [entry.name for entry in self.server.temporary.iterdir() if entry.name != DASKS_OWN]

    def _failed(self) -> int:
        return sum(run.status == "failed" for run in self.witness.runs())

    def _wait_until_ended(self) -> None:
        deadline = time.monotonic() + SECONDS_UNTIL_ENDED
        while time.monotonic() < deadline and any(run.active for run in self.witness.runs()):
            self.witness.watch(0.5)


def schedule(kills: int, seed: int, *, small_disk: bool) -> list[str]:
    """So many kills of random processes, and each other fault once for every twenty of them, in random order."""
    chance = random.Random(seed)  # noqa: S311
    others = [kind for kind in OTHERS if small_disk or kind != "disk full"]
    kinds = [chance.choice(KILLS) for _ in range(kills)] + others * max(1, kills // KILLS_PER_OTHER)
    chance.shuffle(kinds)
    return kinds


def torment(
    kinds: Iterable[str], folder: Path, database: Path, seed: int, minutes: float
) -> tuple[list[Outcome], Ending]:
    """All faults, or as many as the time allows."""
    deadline, outcomes = time.monotonic() + 60 * minutes, []
    lab = Torment(folder, database, seed)
    try:
        lab.begin()
        for kind in kinds:
            if time.monotonic() > deadline:
                break
            outcomes.append(lab.suffer(kind))
            print(outcomes[-1], flush=True)
        return outcomes, lab.end()
    finally:
        lab.close()


def report(outcomes: Sequence[Outcome], ending: Ending) -> list[str]:
    """The table and the sentence under it."""
    rows = [_row(kind, [o for o in outcomes if o.kind == kind]) for kind in FAULTS]
    statuses = ", ".join(f"{count} {status}" for status, count in sorted(ending.statuses.items()))
    return [
        f"Written by `make chaos` on {datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} cores, 2 workers.",
        "",
        *table(HEAD, [row for row in rows if row]),
        "",
        f"Runs in the end: {statuses}. Finished curves that differ from the undisturbed ones: {ending.unequal}. Epochs "
        f"found lost at the end: {ending.lost}. Left 30 s after the server was told to end: {ending.left}.",
    ]


def _row(kind: str, outcomes: Sequence[Outcome]) -> list[str]:
    if not outcomes:
        return []
    seconds = [SECONDS_UNTIL_RECOVERED if o.seconds is None else o.seconds for o in outcomes]
    sums = [sum(getattr(o, name) for o in outcomes) for name in ("lost", "left", "failed")]
    return [kind, str(len(outcomes)), *map(str, sums), _show(median(seconds)), _show(max(seconds))]


def _show(seconds: float) -> str:
    return f"over {seconds:.0f} s" if seconds >= SECONDS_UNTIL_RECOVERED else f"{seconds:.1f} s"


def is_clean(outcomes: Sequence[Outcome], ending: Ending) -> bool:
    """Whether nothing was lost or left, and every run ended."""
    wrong = sum(o.lost + o.left + (o.seconds is None) for o in outcomes) + ending.unequal + ending.lost + ending.left
    return not wrong and not ending.statuses.keys() & {"queued", "running"}


def main() -> int:
    """Runs all faults; 1 if anything was lost or left."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="of random processes (default: 20)")
    parser.add_argument("--seed", type=int, default=0, help="of what is hit, and when (default: 0)")
    parser.add_argument("--minutes", type=float, default=30, help="no further fault after so long (default: 30)")
    parser.add_argument("--write", type=Path, metavar="DOCUMENT", help="where the table goes, between two markers")
    options = parser.parse_args()
    small_disk = SMALL_DISK in os.environ
    with tempfile.TemporaryDirectory(prefix="regularizer-lab-chaos-", ignore_cleanup_errors=True) as name:
        folder, disk = Path(name), Path(name) / "disk"
        disk.mkdir()
        if small_disk:
            size = f"size={DISK_MEGABYTES}m"
            subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(disk)], check=True)  # noqa: S607
        kinds = schedule(options.kills, options.seed, small_disk=small_disk)
        outcomes, ending = torment(kinds, folder, disk / "results.db", options.seed, options.minutes)
        if small_disk:
            subprocess.run(["umount", str(disk)], check=False)  # noqa: S607
    lines = report(outcomes, ending)
    print("\n".join(lines))
    if options.write:
        write_between(options.write, "chaos", lines)
    return 0 if is_clean(outcomes, ending) else 1


def with_small_disk() -> int:
    """The same in a mount namespace of its own, whose disk is gone with the last process; else without one."""
    try:
        permitted = subprocess.run([*ENTER_NAMESPACE, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        permitted = False
    if not permitted:
        return main()
    command = [*ENTER_NAMESPACE, sys.executable, "-m", "benchmarks.chaos", *sys.argv[1:]]
    return subprocess.run(command, env=os.environ | {SMALL_DISK: "1"}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main() if SMALL_DISK in os.environ else with_small_disk())
