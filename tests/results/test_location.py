"""Where the database and its copy are, by the environment and by the disks."""

import os
import stat
from pathlib import Path

import pytest

from results import location
from results.location import locate_database
from results.store import Store, StoreError


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("DATABASE_URL", "DATABASE_COPY"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The user's data directory."""
    monkeypatch.setattr(location, "user_data_dir", lambda name, **_: str(tmp_path / "home" / name))
    return tmp_path / "home" / "regularizer-lab"


@pytest.fixture
def network_disk(tmp_path, monkeypatch):
    """Makes what lies below some folders count as a network disk."""

    def mount(*folders):
        def find(path):
            return "it is on nfs4" if any(path.is_relative_to(folder) for folder in folders) else None

        monkeypatch.setattr(location, "find_problem", find)

    return mount


@pytest.fixture
def local_disk(tmp_path, monkeypatch):
    """Stands for /tmp; what stands for /var/tmp is not there."""
    folder = tmp_path / "local"
    folder.mkdir()
    monkeypatch.setattr(location, "LASTING_FOLDER", tmp_path / "not there")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(folder))
    return folder / f"regularizer-lab-{os.getuid()}"


def test_the_default_is_a_file_of_the_user_without_a_copy(home, environment):
    environment.setenv("DATABASE_URL", " ")
    found = locate_database()
    assert (found.file, found.copy, found.notice) == (home / "results.db", None, None)


def test_the_environment_names_another(environment, tmp_path):
    url = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    environment.setenv("DATABASE_URL", url)
    with Store() as store:
        assert store.url == url


def test_the_environment_names_a_copy(environment, tmp_path):
    environment.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'results.db'}")
    environment.setenv("DATABASE_COPY", f"{tmp_path}/bucket/results.db")
    assert locate_database().copy == tmp_path / "bucket" / "results.db"


def test_a_database_that_is_named_otherwise_never_overwrites_the_copy_of_the_environments(environment, tmp_path):
    environment.setenv("DATABASE_COPY", f"{tmp_path}/bucket/results.db")
    assert locate_database(f"sqlite:///{tmp_path / 'other.db'}").copy is None
    assert locate_database("postgresql://localhost/results").copy is None


def test_a_copy_of_postgresql_is_refused(environment):
    environment.setenv("DATABASE_URL", "postgres://someone:secret@localhost/results")
    environment.setenv("DATABASE_COPY", "/data/results.db")
    with pytest.raises(StoreError, match=r"for SQLite alone.*pg_dump"):
        locate_database()


def test_a_copy_onto_the_database_itself_is_refused(environment, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    environment.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'results.db'}")
    environment.setenv("DATABASE_COPY", str(tmp_path / "link" / "results.db"))
    with pytest.raises(StoreError, match="itself"):
        locate_database()


def test_a_named_database_on_a_network_disk_is_refused_with_what_to_do(tmp_path, network_disk):
    network_disk(tmp_path / "share")
    with pytest.raises(StoreError, match=r"nfs4.*DATABASE_COPY.*PostgreSQL") as caught:
        Store(f"sqlite:///{tmp_path / 'share' / 'results.db'}")
    assert str(tmp_path / "share" / "results.db") in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_home_on_a_network_disk_gets_a_private_local_database_and_keeps_the_copy(home, network_disk, local_disk):
    network_disk(home)
    found = locate_database()
    assert (found.file, found.copy) == (local_disk / "results.db", home / "results.db")
    assert found.notice is not None
    assert all(part in found.notice for part in ("nfs4", str(found.file), str(found.copy), "3 minutes"))
    assert stat.S_IMODE(local_disk.stat().st_mode) == 0o700
    assert home.is_dir()
    assert locate_database() == found


def test_a_copy_of_ones_own_choice_is_kept_elsewhere(home, network_disk, local_disk, environment, tmp_path):
    network_disk(home)
    environment.setenv("DATABASE_COPY", str(tmp_path / "bucket.db"))
    assert locate_database().copy == tmp_path / "bucket.db"


def test_a_local_folder_that_others_can_read_is_closed(home, network_disk, local_disk):
    network_disk(home)
    local_disk.mkdir(mode=0o755)
    local_disk.chmod(0o755)
    assert locate_database().file == local_disk / "results.db"
    assert stat.S_IMODE(local_disk.stat().st_mode) == 0o700


def test_a_link_that_somebody_put_in_its_place_is_not_followed(home, network_disk, local_disk, tmp_path):
    network_disk(home)
    (tmp_path / "trap").mkdir()
    local_disk.symlink_to(tmp_path / "trap")
    with pytest.raises(StoreError, match="no local disk was found"):
        locate_database()


def test_a_folder_of_somebody_else_is_not_used(home, network_disk, local_disk, monkeypatch):
    network_disk(home)
    local_disk.mkdir()
    owner = os.getuid() + 1
    local_disk.rename(local_disk.with_name(f"regularizer-lab-{owner}"))
    monkeypatch.setattr("os.getuid", lambda: owner)
    with pytest.raises(StoreError, match="no local disk was found"):
        locate_database()


def test_a_machine_whose_disks_are_all_on_the_network_is_told_so(home, network_disk, local_disk):
    network_disk(Path("/"))
    with pytest.raises(StoreError, match="set DATABASE_URL"):
        locate_database()
