"""Opening the store where it is served: with its copy, which is restored first and kept up to date from then on."""

import logging
import sqlite3
import time
from dataclasses import dataclass
from typing import Self

from results.copies import Copies, restore_database
from results.faults import store_error
from results.location import locate_database
from results.store import Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class OpenStore:
    """A store that this process keeps the copy of.

    Attributes:
        store: open.
        copies: started; None where no copy is asked for.
    """

    store: Store
    copies: Copies | None

    @property
    def notices(self) -> list[str]:
        """Sentences for whoever runs the program: where the database is, and that its copy fails."""
        told = [self.store.location.notice] if self.store.location.notice else []
        if self.copies is not None and self.copies.error is not None:
            last = self.copies.copied_at
            since = "" if last is None else f" since {time.strftime('%Y-%m-%d %H:%M', time.gmtime(last))} UTC"
            told.append(f"The database has not been copied{since}: {self.copies.error}. It is tried again.")
        return told

    def close(self) -> None:
        """Copy what is new, and close the store. Call it when nothing is written any more."""
        if self.copies is not None:
            self.copies.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_store(url: str | None = None) -> OpenStore:
    """Open the store, restore it from its copy where it is missing, and begin to copy it.

    For the page server and the command line. Workers open a `Store` by its URL, which copies nothing.

    Args:
        url: of a database without a copy; None means what the environment says.

    Raises:
        StoreError: the store cannot be opened, or it is missing and no copy is good.
    """
    location = locate_database(url)
    if location.notice:
        logger.warning(location.notice)
    if location.file is None or location.copy is None:
        return OpenStore(Store(url), None)
    try:
        taken = restore_database(location.file, location.copy)
    except (OSError, sqlite3.Error) as error:
        raise store_error(location.name, error) from error
    if taken is not None:
        logger.warning("the database %s was restored from %s", location.file, taken)
    copies = Copies(location.file, location.copy)
    opened = OpenStore(Store(url), copies)
    copies.start()
    return opened
