"""A table of OpenML: fetched by scikit-learn in another process, or refused with what can be done without it."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from datasets import openml
from datasets.openml import fetch_openml
from datasets.reading.choices import Reading
from datasets.reading.read import read_file
from datasets.table import TableError


def test_the_target_comes_last_and_the_file_is_read_as_any_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    frame = pd.DataFrame({"kind": ["a", "b"] * 20, "x": [i * 0.5 for i in range(40)], "y": [None, *range(39)]})
    found = SimpleNamespace(frame=frame, target_names=["kind"])
    monkeypatch.setattr("sklearn.datasets.fetch_openml", lambda **_: found)
    openml.main(61, tmp_path / "table.csv")
    table = read_file((tmp_path / "table.csv").read_bytes(), Reading(), None, 10**6)
    assert (table.description.target, table.description.column("y").missing) == ("kind", 1)
    assert table.description.classes == {"a": 20, "b": 20}


def test_without_a_network_it_says_so_and_what_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    monkeypatch.setenv("SCIKIT_LEARN_DATA", "/nonexistent")
    with pytest.raises(TableError, match=r"data set 61 could not be downloaded \(.+\)\. .* need no network: .*Wine"):
        fetch_openml(61)


def test_a_process_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    run = subprocess.run

    def sleep(_: list[str], **options: Any) -> Any:
        return run([sys.executable, "-c", "import time; time.sleep(60)"], **options)

    monkeypatch.setattr(subprocess, "run", sleep)
    monkeypatch.setattr(openml, "SECONDS_IN_ALL", 0.1)
    with pytest.raises(TableError, match="takes too long"):
        fetch_openml(61)
