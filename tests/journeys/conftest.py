"""A store over each database."""

from tests.databases import add_runs, database_url, make_record, postgres, store

__all__ = ["add_runs", "database_url", "make_record", "postgres", "store"]
