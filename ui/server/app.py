"""The parts of the ASGI application: what starts with the server, its further routes, and what wraps all answers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import streamlit.config
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

from ui.server.headers import SecurityHeaders
from ui.server.host_routes import OnlyForHosts, answer_metrics, answer_ready
from ui.server.later import load_later
from ui.server.live_route import LIVE_PATH, answer_live
from ui.server.memory import return_large_blocks
from ui.server.settings import apply_settings
from ui.server.static_files import SCRIPTS_PATH, EarlyPlotly, answer_script
from ui.server.upload_bounds import UploadBounds


def prepare() -> None:
    """What must be settled before Streamlit starts."""
    return_large_blocks()
    apply_settings()


@asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[None]:
    """Workers start, and interrupted runs are taken up, with the server; both end with it.

    Nobody waits for that but a page: until then the server answers that it is healthy, and not ready.
    """
    starting, loading = asyncio.create_task(run_in_threadpool(_start)), asyncio.create_task(load_later())
    try:
        yield
    finally:
        loading.cancel()
        await starting
        await run_in_threadpool(_close)


# The services' caches want a runtime, which is there only when the lifespan begins; their imports take seconds.


def _start() -> None:
    from ui.services import prepare_first_page, start_services

    prepare_first_page()  # while the first visitor's browser is still loading Streamlit; before workers take both cores
    start_services()


def _close() -> None:
    from ui.services import close_services

    close_services()


def middleware() -> Sequence[Middleware]:
    """What sees every request first."""
    return [Middleware(SecurityHeaders), Middleware(OnlyForHosts), Middleware(UploadBounds), Middleware(EarlyPlotly)]


def routes() -> Sequence[BaseRoute]:
    """Routes beside Streamlit's, below its base path."""
    base = str(streamlit.config.get_option("server.baseUrlPath")).strip("/")
    prefix = f"/{base}" if base else ""
    return [
        Route(f"{prefix}/ready", answer_ready),
        Route(f"{prefix}/metrics", answer_metrics),
        Route(f"{prefix}{SCRIPTS_PATH}", answer_script),
        Route(f"{prefix}{LIVE_PATH}", answer_live),
    ]
