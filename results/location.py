"""Where the database is, and where its copy: what the environment says, and what the disks allow."""

import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy
from platformdirs import user_data_dir
from sqlalchemy import URL
from sqlalchemy.exc import ArgumentError

from results.faults import StoreError, store_error
from results.file_systems import find_problem

SECONDS_BETWEEN_COPIES = 180.0
LASTING_FOLDER = Path("/var/tmp")  # noqa: S108 (`_private_folder` looks at what it finds there)
"""Where files outlive a restart of the machine, unlike in /tmp."""

_ADVICE = "use a local disk and keep a copy here with DATABASE_COPY, or use PostgreSQL"


@dataclass(frozen=True)
class Location:
    """Where a database is.

    Attributes:
        url: with an absolute path or an explicit driver, so that it means the same in every process.
        copy: the file that a copy is kept in, or None.
        notice: a sentence that says where the database is if it is not where one would look for it.
    """

    url: URL
    copy: Path | None = None
    notice: str | None = None

    @property
    def file(self) -> Path | None:
        """The SQLite file, or None for PostgreSQL."""
        return Path(str(self.url.database)) if self.url.get_backend_name() == "sqlite" else None

    @property
    def name(self) -> str:
        """What messages call the database: the file, or the URL without its password."""
        return str(self.file or self.url.render_as_string(hide_password=True))


def locate_database(url: str | None = None) -> Location:
    """Where the database is.

    Args:
        url: `sqlite:///path` or `postgresql://...`. None means the environment's DATABASE_URL with its DATABASE_COPY,
            or else an SQLite file in the user's data directory.

    Raises:
        StoreError: a bad URL or copy, or an SQLite file on a disk that cannot have one.
    """
    if url is not None:  # a database of its own, which must not overwrite the copy of the other one
        return _locate(url, None)
    copy = os.environ.get("DATABASE_COPY", "").strip()
    copy_path = Path(copy).absolute() if copy else None
    configured = os.environ.get("DATABASE_URL", "").strip()
    return _locate(configured, copy_path) if configured else _locate_default(copy_path)


def _locate(url: str, copy: Path | None) -> Location:
    location = Location(_normalise(url), copy)
    if location.file is None:
        if copy is not None:
            raise StoreError("DATABASE_COPY is for SQLite alone: leave it empty, and back PostgreSQL up with pg_dump")
        return location
    problem = find_problem(location.file)
    if problem:
        raise StoreError(f"the database {location.file} would be damaged, for {problem}: {_ADVICE}")
    if copy is not None and os.path.realpath(copy) == os.path.realpath(location.file):
        raise StoreError(f"DATABASE_COPY names the database {copy} itself: choose another file, on another disk")
    return location


def _locate_default(copy: Path | None) -> Location:
    home = Path(user_data_dir("regularizer-lab", appauthor=False)) / "results.db"
    problem = find_problem(home)
    if problem is None:
        return _locate(_sqlite_url(home), copy)
    file, kept = _private_folder(home) / "results.db", copy or _with_folder(home)
    notice = (
        f"The database cannot be in your home folder, for {problem}. It is on this machine's disk, {file}, and is "
        f"copied to {kept} every {SECONDS_BETWEEN_COPIES / 60:.0f} minutes and at the end."
    )
    return Location(_normalise(_sqlite_url(file)), kept, notice)


def _with_folder(path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise store_error(str(path), error) from error
    return path


def _private_folder(home: Path) -> Path:
    """A folder of this user alone, on a local disk. Anybody can make one of that name there, so it is looked at."""
    for parent in (LASTING_FOLDER, Path(tempfile.gettempdir())):
        folder = parent / f"regularizer-lab-{os.getuid()}"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            found = folder.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and find_problem(folder / "x") is None:
                folder.chmod(0o700)
                return folder
        except OSError:  # a file, a link that leads nowhere, or no folder to write to: try the next one
            continue
    raise StoreError(f"the database {home} would be damaged, and no local disk was found: set DATABASE_URL")


def _sqlite_url(path: Path) -> str:
    return URL.create("sqlite", database=str(path)).render_as_string()


def _normalise(url: str) -> URL:
    try:
        parsed = sqlalchemy.make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StoreError("the database URL cannot be read: expected sqlite:///path or postgresql://...") from error
    if parsed.drivername in ("postgres", "postgresql"):  # hosts hand out the first form
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "postgresql":
        return parsed
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise StoreError(f"no support for {parsed.drivername} databases: use sqlite:///path or postgresql://...")
    if parsed.query or parsed.host or parsed.database in (None, "", ":memory:"):
        raise StoreError("an SQLite store is a file that several processes open: use sqlite:///path, without options")
    return parsed.set(database=str(Path(str(parsed.database)).absolute()))
