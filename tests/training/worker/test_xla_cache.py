"""Where compiled code is kept: in a folder of one's own, bounded, for one set of versions and one processor."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from training.worker import xla_cache
from training.worker.xla_cache import FLAGS, is_ours, make_room, use_xla_cache


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(FLAGS, raising=False)
    return tmp_path / "regularizer-lab" / "xla"


def folder_in_use() -> Path:
    return Path(os.environ[FLAGS].partition("--tf_xla_persistent_cache_directory=")[2])


def test_the_folder_is_closed_to_all_others(home: Path) -> None:
    use_xla_cache()
    folder = folder_in_use()
    assert folder.parent == home
    assert [path.stat().st_mode & 0o777 for path in (home, folder)] == [0o700, 0o700]


@pytest.mark.parametrize("mode", [0o777, 0o750, 0o701])
def test_a_folder_that_others_may_enter_is_not_used(home: Path, mode: int) -> None:
    home.mkdir(parents=True)
    home.chmod(mode)
    use_xla_cache()
    assert FLAGS not in os.environ


def test_a_link_and_a_file_are_no_folders_of_ours(tmp_path: Path, home: Path) -> None:
    real = tmp_path / "real"
    real.mkdir(mode=0o700)
    home.parent.mkdir(parents=True)
    home.symlink_to(real)
    assert is_ours(real) and not is_ours(home)
    use_xla_cache()
    assert FLAGS not in os.environ


def test_a_folder_of_somebody_else_is_not_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getuid", lambda: 12345)
    use_xla_cache()
    assert FLAGS not in os.environ


def test_without_a_disk_to_write_on_nothing_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.parent.parent.mkdir(parents=True, exist_ok=True)
    home.parent.write_text("a file where the folder should be")
    use_xla_cache()
    assert FLAGS not in os.environ


def test_other_versions_and_processors_have_folders_of_their_own(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = set()
    for name, value in (("processor", "a"), ("processor", "b"), ("version", "1.0")):
        monkeypatch.delenv(FLAGS, raising=False)
        if name == "version":
            monkeypatch.setattr(xla_cache, "version", lambda package: "1.0")
        else:
            monkeypatch.setattr(xla_cache, "_processor", lambda value=value: value)
        use_xla_cache()
        found.add(folder_in_use())
    assert len(found) == 3


def test_flags_that_are_set_stay(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FLAGS, "--tf_xla_clustering_debug")
    use_xla_cache()
    assert os.environ[FLAGS].startswith("--tf_xla_clustering_debug --tf_xla_persistent_cache_directory=")
    monkeypatch.setenv(FLAGS, "--tf_xla_persistent_cache_directory=/elsewhere")
    use_xla_cache()
    assert os.environ[FLAGS] == "--tf_xla_persistent_cache_directory=/elsewhere"


def test_old_files_make_room_for_new_ones_those_of_other_versions_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xla_cache, "MOST_BYTES", 250)
    for place, name in enumerate(["now/first", "now/second", "before/third"]):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"x" * 100)
        os.utime(file, (place, place))
    make_room(tmp_path, tmp_path / "now")
    assert {path.name for path in tmp_path.glob("*/*")} == {"first", "second"}
    (tmp_path / "now" / "fourth").write_bytes(b"x" * 100)
    make_room(tmp_path, tmp_path / "now")
    assert {path.name for path in tmp_path.glob("*/*")} == {"second", "fourth"}


TRAINED = """
import sys
from training.worker.preload import warm_up
warm_up()
from tests.training.worker.test_engine import NET, WINE, engine_of, numbers, plan_of, split_of, train
from models.techniques import Dropout
engine = engine_of(plan_of(NET, Dropout()), xla=True)
engine.prepare(split_of(WINE))
print(numbers(train(engine, 3)[0]))
"""


def test_a_second_process_loads_what_the_first_compiled_and_gives_the_same_bits(tmp_path: Path) -> None:
    answers, kept = [], []
    for _ in range(2):
        environment = {key: value for key, value in os.environ.items() if key != FLAGS}
        process = subprocess.run(
            [sys.executable, "-c", TRAINED],
            env=environment | {"XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(Path.cwd())},
            capture_output=True,
            text=True,
            check=True,
        )
        answers.append(process.stdout)
        kept.append({(path.name, path.stat().st_mtime_ns) for path in tmp_path.glob("regularizer-lab/xla/*/*.pb")})
    assert kept[0] and kept[0] == kept[1], "nothing was compiled anew"
    assert answers[0] == answers[1] != ""
