"""How much of uploaded files the server holds in memory, for one session and for all together.

Streamlit bounds one file only: it keeps every file that is sent to it, wanted or not, until minutes after the tab is
closed (1.67).
"""

import asyncio
import re
from collections import Counter
from typing import Final

import streamlit.config
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from ui.server.settings import MEBIBYTE

FILES_PER_SESSION: Final = 3
"""Of the largest size: one that was refused and can be read otherwise, the next one, and one to spare."""

BYTES_IN_ALL: Final = 200_000_000
"""Held for all sessions; where one session may have more, that much."""

LEAST_BYTES_PER_SECOND: Final = 50_000
SECONDS_TO_BEGIN: Final = 30
"""A slower upload is ended: while it goes on, others cannot have its memory."""

SESSION_FULL: Final = "This tab has sent too many files: remove one, or reload the page, then try again."
SERVER_FULL: Final = "This server holds too many files just now: try again in a minute."
TOO_SLOW: Final = "The file came too slowly: try again."

_UPLOAD = re.compile(r"/_stcore/upload_file/([^/]+)/[^/]+$")


class UploadBounds:
    """Refuses a file for which there is no room, and drops those of tabs that are closed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.coming: Counter[str] = Counter()
        """Session -> bytes of uploads under way."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        upload = _UPLOAD.search(scope["path"]) if scope["type"] == "http" and scope["method"] == "PUT" else None
        try:
            if upload is None:
                await self.app(scope, receive, send)
            else:
                await self._receive_file(upload[1], scope, receive, send)
        finally:
            if upload is not None or scope["type"] == "websocket":
                _drop_closed()

    async def _receive_file(self, session: str, scope: Scope, receive: Receive, send: Send) -> None:
        size = _announced(Headers(scope=scope))
        if refusal := self._why_refused(session, size):
            await refusal(scope, receive, send)
            return
        self.coming[session] += size
        try:
            async with asyncio.timeout(SECONDS_TO_BEGIN + size / LEAST_BYTES_PER_SECOND):
                await self.app(scope, receive, send)
        except TimeoutError:
            await PlainTextResponse(TOO_SLOW, 408, {"Connection": "close"})(scope, receive, send)
        finally:
            self.coming[session] -= size
            self.coming += Counter()  # forgets sessions without uploads

    def _why_refused(self, session: str, size: int) -> PlainTextResponse | None:
        held, most = held_bytes(), FILES_PER_SESSION * _largest()
        if held[session] + self.coming[session] + size > most:
            return PlainTextResponse(SESSION_FULL, 429)
        if held.total() + self.coming.total() + size > max(BYTES_IN_ALL, most):
            return PlainTextResponse(SERVER_FULL, 429, {"Retry-After": "60"})
        return None


def held_bytes() -> Counter[str]:
    """Session -> bytes of its files in Streamlit's memory."""
    if not runtime.exists():
        return Counter()
    files = _files().file_storage
    return Counter({session: sum(len(file.data) for file in list(of.values())) for session, of in list(files.items())})


def _files() -> MemoryUploadedFileManager:
    files = runtime.get_instance().uploaded_file_mgr
    assert isinstance(files, MemoryUploadedFileManager)
    return files


def _largest() -> int:
    """The largest body that Streamlit takes: the file and what frames it."""
    return (int(streamlit.config.get_option("server.maxUploadSize")) + 1) * MEBIBYTE


def _announced(headers: Headers) -> int:
    """The size of a body; one that does not say it counts as the largest that is taken."""
    length = headers.get("content-length", "")
    if "transfer-encoding" in headers or not length.isdecimal():
        return _largest()
    return int(length)


def _drop_closed() -> None:
    """Forgets the files of sessions without a browser.

    Streamlit itself keeps such a session for when the browser comes back, until two minutes have passed and another
    one is closed. A form that comes back knows its file by then; one that was refused must be chosen again.
    """
    if runtime.exists():
        server = runtime.get_instance()
        for session in list(_files().file_storage):
            if not server.is_active_session(session):
                _files().remove_session_files(session)
