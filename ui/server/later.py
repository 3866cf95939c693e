"""Libraries that no first page needs: loaded seconds after the server's start, before somebody waits for them."""

import asyncio
import importlib
import threading
from typing import Final

from starlette.concurrency import run_in_threadpool

SECONDS_UNTIL_LOADED: Final = 5.0
"""The first visitor of a fresh server has a page by then."""
LIBRARIES: Final = ("sklearn.model_selection", "sklearn.datasets", "pandas")
"""1.5 s of the processor together. Python runs one thread at a time, so all pages wait while one of them is loaded."""

_still_to_load = threading.Event()


def is_loaded() -> bool:
    """Whether what needs these libraries is quick; also where no server loads them, as in tests."""
    return not _still_to_load.is_set()


async def load_later() -> None:
    """Waits, and loads; the server runs this beside everything else, and cancels it when it ends."""
    _still_to_load.set()
    try:
        await asyncio.sleep(SECONDS_UNTIL_LOADED)
        await run_in_threadpool(_load)
    finally:
        _still_to_load.clear()


def _load() -> None:
    for library in LIBRARIES:
        importlib.import_module(library)
