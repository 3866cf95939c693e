"""`python -m training --describe FILE`: one JSON object about a file, and nothing is trained."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.__main__ import BAD_INPUT, FINISHED, main, with_data

KEYS = {"columns", "rows", "target", "classes", "features", "encoding", "separator", "decimal", "header", "notes"}
ROWS = "".join(f"{i % 17},5;{'xyz'[i % 3]};{'ab'[i % 2]};\n" for i in range(60))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Größe.csv"
    path.write_bytes(f"Größe;Form;Klasse\n{ROWS}".encode("cp1252"))
    return path


def describe(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["--describe", *arguments]) == FINISHED
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_a_file_is_described_in_one_object(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = describe(capsys, str(file))
    assert told.keys() == KEYS
    assert told["columns"][0] == {
        "name": "Größe", "kind": "number", "use": "feature", "missing": 0, "examples": ["0,5", "1,5", "2,5"],
    }  # fmt: skip
    assert told["classes"] == {"a": 30, "b": 30}
    assert told["features"] == ["Größe", "Form = x", "Form = y", "Form = z"]
    expected = {"encoding": "cp1252", "separator": ";", "decimal": ",", "header": 1, "rows": 60, "target": "Klasse"}
    assert {key: told[key] for key in expected} == expected
    assert any("read as cp1252" in note for note in told["notes"])


def test_another_column_can_have_the_classes(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = describe(capsys, str(file), "--target", "Form")
    assert (told["target"], told["classes"]) == ("Form", {"x": 20, "y": 20, "z": 20})


def test_arrays_are_described_as_tables_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = io.BytesIO()
    np.savez(file, x=np.random.default_rng(0).normal(size=(40, 3)), y=np.arange(40) % 2 == 0)
    (tmp_path / "own.npz").write_bytes(file.getvalue())
    told = describe(capsys, str(tmp_path / "own.npz"))
    assert told["classes"] == {"False": 20, "True": 20}
    assert [column["kind"] for column in told["columns"]] == ["number"] * 3
    assert told["encoding"] is None


@pytest.mark.parametrize(
    ("content", "arguments", "reason"),
    [
        (b"a,b\n1,0\n1,2,3,4\n", (), "line 3 has 4 values under 2 names"),
        (b"nothing", (), "one column only"),
        (b"x,kind\n" + b"1,a\n2,b\n3,a\n4,b\n" * 10, ("--target", "size"), 'no column "size"'),
        (b"x,kind\n" + b"1,a\n2,b\n3,a\n4,b\n" * 10, ("--target", "x"), "no column is left|different values"),
        (None, (), "cannot be read"),
    ],
)
def test_a_refused_file_gives_exit_code_2_and_the_reason(
    content: bytes | None, arguments: tuple[str, ...], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.csv"
    if content is not None:
        path.write_bytes(content)
    assert main(["--describe", str(path), *arguments]) in ({BAD_INPUT} if reason[0] != "n" else {BAD_INPUT, FINISHED})
    output, errors = capsys.readouterr()
    if not output:
        assert any(part in " ".join(errors.split()) for part in reason.split("|"))


def test_without_experiment_and_file_the_usage_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == BAD_INPUT
    assert "--describe" in capsys.readouterr().err


def test_a_file_takes_the_place_of_an_experiments_data() -> None:
    wine = {"dataset": {"name": "wine", "train_size": 60, "label_noise": 0.1}, "seeds": [0]}
    assert json.loads(with_data(json.dumps(wine), "0" * 64, "kind")) == {
        "dataset": {"name": "upload", "sha256": "0" * 64, "target": "kind", "label_noise": 0.1},
        "seeds": [0],
    }
    own = {"dataset": {"name": "upload", "sha256": "1" * 64, "target": "kind", "reading": {"decimal": ","}}}
    assert json.loads(with_data(json.dumps(own), "0" * 64, None)) == {
        "dataset": {**own["dataset"], "sha256": "0" * 64},
    }
