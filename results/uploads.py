"""Data that people brought along, by the SHA-256 of the file. It goes with the last experiment that uses it."""

import hashlib

from sqlalchemy import ColumnElement, Connection, delete, exists, insert, select, update

from results.database import Database
from results.schema import experiment_uploads, uploads


def put_upload(store: Database, name: str, content: bytes, now: float) -> str:
    """Stores a file under its SHA-256, which is returned; one that is there already only counts as new again."""
    sha256 = hashlib.sha256(content).hexdigest()
    with store.writing() as connection:
        known = connection.execute(update(uploads).filter_by(sha256=sha256).values(created_at=now, name=name)).rowcount
        if not known:
            row = {"sha256": sha256, "name": name, "created_at": now, "content": content}
            connection.execute(insert(uploads), row)
    return sha256


def read_upload(store: Database, sha256: str) -> bytes | None:
    """The file's content, or None if it was never stored here, or is deleted."""
    with store.reading() as connection:
        return connection.execute(select(uploads.c.content).filter_by(sha256=sha256)).scalar_one_or_none()


def upload_name(store: Database, sha256: str) -> str | None:
    """What the file was called, or None if it is not here."""
    with store.reading() as connection:
        return connection.execute(select(uploads.c.name).filter_by(sha256=sha256)).scalar_one_or_none()


def purge_uploads(store: Database, created_before: float) -> int:
    """Removes the files older than that which no experiment uses; their number."""
    with store.writing() as connection:
        return delete_unused(connection, uploads.c.created_at < created_before)


def delete_unused(connection: Connection, condition: ColumnElement[bool]) -> int:
    """Removes the files that fulfil the condition and belong to no experiment; their number."""
    used = exists().where(experiment_uploads.c.sha256 == uploads.c.sha256)
    return connection.execute(delete(uploads).where(condition, ~used)).rowcount
