"""`make load`, or `python -m benchmarks.load`: a public server with many viewers, and many who press Train at once.

On loopback, in a temporary folder. The visitors are websocket connections from this one process, without browsers: what
they cost here is no cost of the server's, but takes processor time from it on the same machine.
"""

import argparse
import asyncio
import os
import re
import secrets
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlencode

import psutil

from benchmarks.served.consumption import Meter, Sample
from benchmarks.served.document import table, write_between
from benchmarks.served.server import ROLES, LabServer
from benchmarks.served.visitor import Visitor, visiting
from experiment.link import encode_link
from experiment.spec import parse_experiment
from results.curves import CurveCache
from results.store import Store
from ui.state import CONFIGURATION_PARAMETER, EXPERIMENT_PARAMETER

SECONDS_UNTIL_FIRST_POINT = 600.0
SECONDS_UNTIL_ENDED = 900.0
SECONDS_UNTIL_FORGOTTEN = 130.0
"""Streamlit keeps the session of a closed connection for two minutes (MemorySessionStorage, 1.67)."""

SECONDS_UNTIL_TRACED = 5.0
SECONDS_BETWEEN_NOTES = 0.1

WAITING = re.compile(r"\b(wait\w*|queue\w*|warming|first epochs|runs ended|left|before you|ahead|turn)\b")
"""What of a page's captions and boxes is about waiting."""

PROMISE = re.compile(r"starts in (?:about|more than) (.*)")
SECONDS_OF = {"h": 3600.0, "min": 60.0, "s": 1.0}

WATCHED = """{"name": "Watched", "training": {"epochs": 1000, "batch_size": 1, "learning_rate": %f},
 "seeds": [0, 1, 2, 3, 4, 5, 6, 7],
 "architecture": {"name": "mlp", "widths": [64]},
 "variants": [{"name": "a"}, {"name": "b", "techniques": [{"name": "l2"}]},
  {"name": "c", "techniques": [{"name": "l1"}]}]}"""
ASKED_FOR = """{"name": "Asked for", "training": {"epochs": 40, "batch_size": 32, "learning_rate": %f}, "seeds": [0, 1],
 "architecture": {"name": "mlp", "widths": [64]}}"""
"""Both with a learning rate of each wave's or trainer's own: nobody has the numbers of another."""


@dataclass(frozen=True)
class Trainer:
    """What became of one who pressed Train.

    Attributes:
        refusal: why it was refused, or None.
        answered: seconds until the page answered, with an experiment or a refusal.
        charted: seconds until the first point was drawn; None if that never came.
        promised: in how many seconds it would start, as the page told first; None: nothing waited before it.
        promised_after: seconds until the page told it.
        told: what the page said until then, with # for each number.
        delays: of the page's runs, and whether a timer asked.
    """

    refusal: str | None
    answered: float
    charted: float | None
    promised: float | None
    promised_after: float
    told: frozenset[str]
    delays: list[tuple[float, bool]]


@dataclass(frozen=True)
class Own:
    """What these visitors cost themselves: while they are late, the server is not to blame.

    Attributes:
        lateness: seconds by which a task that should run each 0.1 s was late.
        cores: of the processor.
    """

    lateness: list[float]
    cores: float


@dataclass(frozen=True)
class Figures:
    """All that was measured."""

    viewers: list[Visitor]
    trainers: list[Trainer]
    own: Own
    speeds: list[float]
    """Epochs a second of the watched experiment: without viewers, and with them before anybody pressed Train."""
    alone: dict[str, list[Sample]]
    """Samples of the time with viewers before anybody pressed Train."""
    samples: dict[str, list[Sample]]
    memory: list[dict[str, Sample]]
    """Before, at the end of the load, and when all had left and was forgotten."""
    later: list[tuple[float, dict[str, Sample]]]
    """Minutes since the beginning, and memory at the end of each wave that came later."""


async def open_page(visitor: Visitor) -> None:
    """What a browser does on arrival at a public host: draw the page, then say the token."""
    await visitor.run_page()
    await visitor.say_token(secrets.token_hex(32))


async def press(port: int, experiment: str) -> str:
    """Trains an experiment as a visitor who leaves again; its identifier."""
    async with visiting(port, configuration(experiment)) as visitor:
        await open_page(visitor)
        await visitor.press_train()
        if visitor.experiment is None:
            raise RuntimeError(f"Train was refused: {visitor.seen.errors}")
        return visitor.experiment


async def train(port: int, learning_rate: float, ready: asyncio.Barrier) -> Trainer:
    """Opens the Lab, waits for the others, presses Train, and watches until the first point."""
    async with visiting(port, configuration(ASKED_FOR % learning_rate)) as visitor:
        await open_page(visitor)
        await ready.wait()
        began = time.monotonic()
        await visitor.press_train()
        answered = time.monotonic() - began
        if visitor.experiment is None:
            return Trainer(" ".join(visitor.seen.errors), answered, None, None, 0.0, frozenset(), visitor.delays)
        seen = visitor.seen
        seen.clear()
        promised_after = charted = None
        with suppress(TimeoutError):
            await visitor.wait_for(lambda: seen.charted or bool(promises(seen.said)), SECONDS_UNTIL_FIRST_POINT)
            promised_after = time.monotonic() - began
            await visitor.wait_for(lambda: seen.charted, SECONDS_UNTIL_FIRST_POINT)
            charted = time.monotonic() - began
        said = [re.sub(r"\d[\d,.]*", "#", sentence) for sentence in seen.said]
        told = frozenset(sentence for sentence in said if WAITING.search(sentence))
        promised = next(iter(promises(seen.said)), None)
        return Trainer(None, answered, charted, promised, promised_after or 0.0, told, visitor.delays)


def promises(said: Sequence[str]) -> list[float]:
    """In how many seconds a start was promised, in the order of the sentences."""
    return [seconds for sentence in said if (seconds := read_promise(sentence)) is not None]


def read_promise(sentence: str) -> float | None:
    """The seconds in a sentence such as "3 runs of other experiments come first; starts in about 1 min 5 s".

    >>> read_promise("starts in about 1 min 5 s")
    65.0
    """
    found = PROMISE.search(sentence)
    if found is None:
        return None
    return sum(float(number) * SECONDS_OF[unit] for number, unit in re.findall(r"(\d+) (h|min|s)\b", found[1]))


def configuration(experiment: str) -> str:
    """The query of a configuration link."""
    return urlencode({CONFIGURATION_PARAMETER: encode_link(parse_experiment(experiment))})


async def put_under_load(
    server: LabServer, viewers: int, learning_rates: Sequence[float], seconds: float, meter: Meter
) -> Figures:
    """An experiment alone, then with viewers, and then with those who press Train as well; each for a third of the
    time. The first learning rate is the experiment's, each other one that of somebody who presses Train. Memory is
    empty yet."""
    own, *others = learning_rates
    watched = await press(server.port, WATCHED % own)
    await asyncio.sleep(SECONDS_UNTIL_TRACED)
    speed = Speed(server.url, watched)
    speeds = [await speed.measure(seconds / 3)]
    lateness: list[float] = []
    async with AsyncExitStack() as connections:
        query = urlencode({EXPERIMENT_PARAMETER: watched})
        watching = []
        for _ in range(viewers):  # one after the other: a page costs the server a tenth of a second
            visitor = await connections.enter_async_context(visiting(server.port, query))
            await open_page(visitor)
            watching.append(visitor)
        note = asyncio.create_task(note_lateness(lateness))
        process, began = psutil.Process(), time.monotonic()
        used = sum(process.cpu_times()[:2])
        meter.start()
        speeds.append(await speed.measure(seconds / 3))
        alone = {role: list(samples) for role, samples in meter.samples.items()}
        ready = asyncio.Barrier(max(1, len(others)))
        training = asyncio.gather(*(train(server.port, rate, ready) for rate in others))
        await asyncio.sleep(seconds / 3)
        done = await training
        meter.stop()
        note.cancel()
        cores = (sum(process.cpu_times()[:2]) - used) / (time.monotonic() - began)
    speed.close()
    with Store(server.url) as store:
        if stored := store.experiment(watched):
            store.cancel(watched, visitor=stored.visitor, now=time.time())
    return Figures(watching, done, Own(lateness, cores), speeds, alone, meter.samples, [], [])


class Speed:
    """How fast an experiment's runs get epochs."""

    def __init__(self, url: str, identifier: str) -> None:
        self._store, self._identifier = Store(url), identifier
        self._curves = CurveCache(self._store)

    async def measure(self, seconds: float) -> float:
        """Epochs a second in the time that follows."""
        before, began = self._count(), time.monotonic()
        await asyncio.sleep(seconds)
        return (self._count() - before) / (time.monotonic() - began)

    def _count(self) -> int:
        return sum(record.last_epoch for record in self._curves.read(self._identifier))

    def close(self) -> None:
        """Lets go of the database."""
        self._store.close()


async def note_lateness(lateness: list[float]) -> None:
    """Notes each 0.1 s how late this process is."""
    while True:
        began = time.monotonic()
        await asyncio.sleep(SECONDS_BETWEEN_NOTES)
        lateness.append(time.monotonic() - began - SECONDS_BETWEEN_NOTES)


def measure(folder: Path, viewers: int, trainers: int, seconds: float, forgotten: float, minutes: float) -> Figures:
    """Starts the server, puts it under load, again and again until the minutes are over, and waits until it is idle."""
    server = LabServer(folder, folder / "results.db", HOSTED="1", WORKERS="2")
    try:
        server.start()
        server.wait_until_ready()
        began, waves, later = time.monotonic(), list[Figures](), list[tuple[float, dict[str, Sample]]]()
        memory = [Meter(server).measure()]
        while not waves or time.monotonic() - began < 60 * minutes:
            rates = [0.001 + (len(waves) * (trainers + 1) + number) / 1e6 for number in range(trainers + 1)]
            waves.append(asyncio.run(put_under_load(server, viewers, rates, seconds, Meter(server))))
            later.append(((time.monotonic() - began) / 60, Meter(server).measure()))
        with Store(server.url) as store:
            wait_until_idle(store)
        time.sleep(forgotten)
        memory += [later[0][1], Meter(server).measure()]
        return replace(waves[0], memory=memory, later=later[1:])
    finally:
        server.end()
        server.kill_everything()


def wait_until_idle(store: Store) -> None:
    """Waits until no run is active."""
    deadline = time.monotonic() + SECONDS_UNTIL_ENDED
    while time.monotonic() < deadline and any(summary.active for summary in store.experiments()):
        time.sleep(1)


def report(figures: Figures, seconds: float) -> list[str]:
    """All tables."""
    viewers, trainers = figures.viewers, figures.trainers
    unanswered = sum(visitor.unanswered for visitor in viewers)
    return [
        f"Written by `make load` on {datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} cores, 2 workers, `HOSTED=1`, "
        f"{len(viewers)} viewers, {len(trainers)} who press Train at once, {seconds:.0f} s.",
        "",
        *_delay_table(viewers, trainers),
        "",
        f"Requests of viewers that were not answered when they left: {unanswered}.",
        "",
        *_say_traffic(figures),
        "",
        *_told(trainers),
        *_consumption_table(figures),
        *(["", *_memory_table(figures)] if figures.later else []),
    ]


def _delay_table(viewers: Sequence[Visitor], trainers: Sequence[Trainer]) -> list[str]:
    """Delays, each with its number of measurements."""
    watching = [delay for visitor in viewers for delay in visitor.delays]
    rows = {
        "a viewer's page is drawn": [seconds for seconds, timed in watching if not timed],
        "a viewer asks what is new": [look.seconds for visitor in viewers for look in visitor.road.looks],
        "a viewer's part of the page is drawn again": [seconds for seconds, timed in watching if timed],
        "Train is answered": [trainer.answered for trainer in trainers],
        "until the start, as told at first": [t.promised for t in trainers if t.promised is not None],
        "longer than told until the first point": [
            t.charted - t.promised_after - t.promised
            for t in trainers
            if t.promised is not None and t.charted is not None
        ],
        "Train until the first point": [trainer.charted for trainer in trainers if trainer.charted is not None],
    }
    cells = [[name, str(len(found)), *_spread(found)] for name, found in rows.items()]
    return table(("delay", "measured", "median", "95%", "longest"), cells)


def _say_traffic(figures: Figures) -> list[str]:
    """What the live road carried, what it cost, and what these visitors cost themselves."""
    looks = [look for visitor in figures.viewers for look in visitor.road.looks]
    failed = Counter(look.status for look in looks if look.status not in (200, 204))
    seconds = max(1e-9, sum(look.seconds for look in looks) + len(looks))  # a second lies between two of them
    per_viewer = sum(look.sent for look in looks) / seconds
    before, with_viewers = figures.speeds
    cores = [sample.cores for sample in figures.alone["server"]] or [0.0]
    own = _spread(figures.own.lateness)
    return [
        f"The live road carried {per_viewer / 1000:.1f} kB a second for each viewer; failed requests: "
        f"{', '.join(f'{count} × {status}' for status, count in failed.items()) or 'none'}.",
        f"With viewers, before anybody pressed Train, the page server took {median(cores):.2f} cores (median), and the "
        f"watched experiment trained {with_viewers:.0f} epochs a second; {before:.0f} without viewers.",
        f"These visitors themselves took {figures.own.cores:.2f} cores and were late by {own[0]} (median), "
        f"{own[1]} (95%).",
    ]


def _spread(seconds: Sequence[float]) -> tuple[str, str, str]:
    if not seconds:
        return "–", "–", "–"
    high = quantiles(seconds, n=20, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
    return f"{median(seconds):.2f} s", f"{high:.2f} s", f"{max(seconds):.2f} s"


def _told(trainers: Sequence[Trainer]) -> list[str]:
    """Refusals by their text, and what the page said to those who waited."""
    refusals = Counter(trainer.refusal for trainer in trainers if trainer.refusal)
    never = sum(trainer.refusal is None and trainer.charted is None for trainer in trainers)
    told = Counter(sentence for trainer in trainers for sentence in trainer.told)
    lines = [f"Refused: {sum(refusals.values())}. Accepted, but no point was seen: {never}.", ""]
    lines += [f"- {count} × refused: {reason}" for reason, count in refusals.most_common()]
    lines += [f"- {count} × told while waiting: {sentence}" for sentence, count in told.most_common(8)]
    return [*lines, ""]


def _consumption_table(figures: Figures) -> list[str]:
    rows = []
    for role in ROLES:
        samples, memory = figures.samples[role], [moment[role] for moment in figures.memory]
        cores = [sample.cores for sample in samples] or [0.0]
        highest = max(sample.pss for sample in [*samples, *memory])
        moments = [_megabytes(memory[0].pss), _megabytes(highest), *(_megabytes(m.pss) for m in memory[1:])]
        rows.append([role, *moments, _megabytes(memory[-1].rss), f"{median(cores):.2f}", f"{max(cores):.2f}"])
    head = ("processes", "PSS before", "highest", "at the end", "when all had left", "RSS then", "cores", "most")
    return table(head, rows)


def _memory_table(figures: Figures) -> list[str]:
    """PSS over the waves, about ten of them; all figures above are of the first one."""
    shown = figures.later[:: max(1, len(figures.later) // 10)]
    moments = [("before", figures.memory[0]), *((f"{minutes:.0f} min", found) for minutes, found in shown)]
    rows = [
        [name, *(_megabytes(found[role].pss) for role in ROLES)]
        for name, found in [*moments, ("when all had left", figures.memory[-1])]
    ]
    return table(("PSS at the end of a wave", *ROLES), rows)


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.0f} MB"


def main() -> None:
    """Measures, prints, and writes where it is asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--viewers", type=int, default=100, help="of one experiment that trains (default: 100)")
    parser.add_argument("--trainers", type=int, default=20, help="who press Train at the same time (default: 20)")
    parser.add_argument("--seconds", type=float, default=120, help="of a wave, at least (default: 120)")
    parser.add_argument("--minutes", type=float, default=0, help="of waves, one after the other (default: one wave)")
    parser.add_argument("--write", type=Path, metavar="DOCUMENT", help="where the tables go, between two markers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="regularizer-lab-load-", ignore_cleanup_errors=True) as folder:
        figures = measure(
            Path(folder), options.viewers, options.trainers, options.seconds, SECONDS_UNTIL_FORGOTTEN, options.minutes
        )
    lines = report(figures, options.seconds)
    print("\n".join(lines))
    if options.write:
        write_between(options.write, "load", lines)


if __name__ == "__main__":
    main()
