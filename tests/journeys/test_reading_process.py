"""The process that reads files: the same answers, and a bound on memory and time whatever the file."""

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datasets.reading import process
from datasets.reading.choices import Reading
from datasets.reading.process import TOO_MUCH, read_apart
from datasets.reading.read import read_file
from datasets.table import TableError
from tests.datasets.test_formats import excel_of, folders, zip_of
from wording.language import use

LIMIT = 5_000_000
MEGABYTE = 1_000_000

WATCHED = """
import os, resource, subprocess, sys
process = subprocess.run([sys.executable, "-m", "datasets.reading", sys.argv[1]])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
if process.returncode < 0:
    sys.stdout.flush()
    os.kill(os.getpid(), -process.returncode)
sys.exit(process.returncode)
"""
"""Prints the most memory that the reading process had, in bytes: nobody else was a child of this one."""


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The most memory of each reading process."""
    peaks: list[int] = []
    run = subprocess.run

    def watch(command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        done = run([sys.executable, "-c", WATCHED, command[-1]], **options)
        if sys.platform == "linux":
            peaks.append(int(done.stdout.split()[-1]))
        return done

    monkeypatch.setattr(subprocess, "run", watch)
    return peaks


def archive_of(arrays: Mapping[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def parquet_bomb() -> bytes:
    """100,000 rows of 50 long texts in 600 KB: each text is there once, and counted 100,000 times."""
    file = io.BytesIO()
    pq.write_table(pa.table({f"c{i}": ["x" * 1000] * 100_000 for i in range(50)} | {"y": [0, 1] * 50_000}), file)
    return file.getvalue()


def many_numbers() -> bytes:
    rows = enumerate(np.random.default_rng(0).random((99_000, 4)))
    return b"a,b,c,d,y\n" + b"".join(b"%f,%f,%f,%f,%d\n" % (*row, i % 2) for i, row in rows)


def many_columns() -> bytes:
    cells = np.random.default_rng(0).integers(0, 10, (1200, 2000)).astype(str)
    head = ",".join([*(f"c{i}" for i in range(2000)), "y"])
    return "\n".join([head, *(",".join([*row, "ab"[i % 2]]) for i, row in enumerate(cells))]).encode()


HARMLESS: dict[str, Callable[[], bytes]] = {
    "many numbers": many_numbers,
    "many columns": many_columns,
    "long texts": lambda: b"a,b,y\n" + b"".join(b"%s%d,%d,%d\n" % (b"x" * 400, i, i % 7, i % 2) for i in range(11_000)),
    "images": lambda: zip_of(folders()),
    "arrays": lambda: archive_of({"x": np.zeros((90_000, 60)), "y": np.arange(90_000) % 2}),
    "excel": lambda: excel_of([["x", "kind"], *([i * i, i % 2] for i in range(40))]),
}
HOSTILE: dict[str, Callable[[], bytes]] = {
    "one line of 2,450,000 values": lambda: b"a,b,y\n" + b"1," * 2_450_000,
    "the same behind a quoted line break": lambda: b'"a\nb",b,y\n' + b"1," * 2_450_000,
    "line breaks in quotes": lambda: b"a,b,y\n" + b'"\n",' * 1_200_000,
    "a quote that is never closed": lambda: b'a,b,y\n"' + b"1,2,3\n" * 800_000,
    "too many rows": lambda: b"a,b,y\n" + b"1,2,3\n" * 800_000,
    "too many columns": lambda: b",".join(b"c%d" % i for i in range(500_000)) + b"\n",
    "arrays that unpack": lambda: archive_of({"x": np.zeros((2_000_000, 2)), "y": np.zeros(2_000_000)}),
    "a file that unpacks": lambda: zip_of({"cat/1.png": b"\0" * 300_000_000}),
    "texts that unpack": parquet_bomb,
    "a sheet of a cell in each corner": lambda: excel_of(
        [["a"]], '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    ),
    "a sheet of many rows": lambda: excel_of([["a", "b"]], "<row><c><v>1</v></c><c><v>2</v></c></row>" * 600_000),
}
"""Made only when a test asks for them: together they take many seconds."""


@cache
def hostile(name: str) -> bytes:
    """The content of a hostile file."""
    return HOSTILE[name]()


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_read_apart_is_what_is_read_here_and_takes_no_more_than_a_bound(name: str, watched: list[int]) -> None:
    content = HARMLESS[name]()
    apart, here = (reads(content, Reading(), None, LIMIT) for reads in (read_apart, read_file))
    assert apart.description == here.description
    first, second = apart.checked(), here.checked()
    for one, other in ((first.x, second.x), (first.y, second.y), (first.groups, second.groups)):
        assert (one is None) == (other is None)
        assert one is None or (one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))
    assert (first.class_names, first.indicators) == (second.class_names, second.indicators)
    assert all(peak < 180 * MEGABYTE for peak in watched)  # Python and its libraries take 60 to 80 of them


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_soon_and_cheaply(name: str, watched: list[int]) -> None:
    content = hostile(name)
    before = os.times()
    with pytest.raises(TableError) as caught:
        read_apart(content, Reading(), None, LIMIT)
    assert len(str(caught.value)) < 300
    after = os.times()
    assert after.user - before.user < after.children_user - before.children_user, "the work is the other process's"
    assert all(peak < 180 * MEGABYTE for peak in watched)


@pytest.mark.parametrize("name", list(HOSTILE)[:3])
def test_values_are_counted_before_anything_is_made_of_them(name: str, watched: list[int]) -> None:
    content = hostile(name)
    with pytest.raises(TableError, match="more than 1,000,000 characters"):
        read_apart(content, Reading(), None, LIMIT)
    assert all(peak < 100 * MEGABYTE for peak in watched)


def test_the_process_loads_neither_tensorflow_nor_streamlit_nor_pandas(tmp_path: Path) -> None:
    heavy = ("tensorflow", "keras", "streamlit", "sklearn", "pandas", "sqlalchemy")
    code = (
        "import sys, runpy; sys.argv = ['datasets.reading', sys.argv[1]]; runpy.run_module('datasets.reading', "
        f"run_name='__main__'); print([name for name in {heavy} if name in sys.modules])"
    )
    (tmp_path / process.CONTENT).write_bytes(b"x,y\n" + b"1,0\n2,1\n3,1\n" * 20)
    (tmp_path / process.REQUEST).write_text('{"reading": {}, "target": null, "limit_bytes": 1000, "language": "en"}')
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=process.ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
    assert (tmp_path / process.ARRAYS).exists()


def test_a_process_that_is_killed_or_takes_too_long_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    run = subprocess.run

    def die(command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        return run([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], **options)

    monkeypatch.setattr(subprocess, "run", die)
    with pytest.raises(TableError, match=TOO_MUCH):
        read_apart(b"x,y\n1,0\n", Reading(), None, LIMIT)
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(process, "SECONDS", 0.001)
    with pytest.raises(TableError, match=TOO_MUCH):
        read_apart(b"x,y\n1,0\n", Reading(), None, LIMIT)


def test_an_archive_says_what_it_holds_by_its_directory() -> None:
    with zipfile.ZipFile(io.BytesIO(hostile("a file that unpacks"))) as archive:
        assert archive.infolist()[0].file_size == 300_000_000


def test_a_reader_that_fails_refuses_the_file_and_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "ROOT", Path("/nonexistent").parent)  # where there is no such module
    with pytest.raises(TableError, match="the server's log has the reason"):
        process.read_apart(b"a,b\n1,2\n", Reading(), None, 1_000_000)


def count_readers() -> int:
    count = 0
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            count += "datasets.reading" in child.cmdline()
    return count


def test_many_files_at_once_are_read_a_few_at_a_time() -> None:
    hostile = b"a,b,y\n" + b"1," * 200_000
    with ThreadPoolExecutor(20) as pool:
        pending = [pool.submit(process.read_apart, hostile, Reading(), None, 5_000_000) for _ in range(6)]
        while not all(future.done() for future in pending):
            assert count_readers() <= process.AT_ONCE
    for future in pending:
        with pytest.raises(TableError):
            future.result()


def test_a_file_is_told_in_the_language_of_whoever_asks() -> None:
    content = b"size,kind\n" + b"1,a\n2,b\n" * 20
    with use("ko"), pytest.raises(TableError, match="열이 없음"):
        read_apart(content, Reading(), "colour", 10_000).checked()
    with pytest.raises(TableError, match="there is no column"):
        read_apart(content, Reading(), "colour", 10_000).checked()
