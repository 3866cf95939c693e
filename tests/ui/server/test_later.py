"""What is loaded seconds after a server's start."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ui.server import later

ROOT = Path(__file__).parents[3]


def test_while_libraries_are_still_to_be_loaded_pages_know_it_and_an_ended_server_does_not_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(later, "SECONDS_UNTIL_LOADED", 60.0)

    async def serve_shortly() -> bool:
        loading = asyncio.create_task(later.load_later())
        await asyncio.sleep(0.01)
        known = later.is_loaded()
        loading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loading
        return known

    assert later.is_loaded(), "where nobody loads, nobody waits"
    assert not asyncio.run(serve_shortly())
    assert later.is_loaded()


def test_they_are_loaded_once_the_time_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(later, "SECONDS_UNTIL_LOADED", 0.0)
    monkeypatch.setattr("ui.server.later.importlib.import_module", loaded.append)
    asyncio.run(later.load_later())
    assert tuple(loaded) == later.LIBRARIES
    assert later.is_loaded()


@pytest.mark.workers
def test_the_first_page_needs_none_of_them() -> None:
    """Nor Dask's client, which the thread that starts the workers loads."""
    script = (
        "import json, sys, ui.services; ui.services.prepare_first_page();"
        f"print(json.dumps([name for name in {[*later.LIBRARIES, 'sklearn', 'distributed']!r} if name in sys.modules]))"
    )
    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout.splitlines()[-1]) == []
