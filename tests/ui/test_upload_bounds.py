"""Uploads under way count as if they were held; what takes too long is ended."""

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from ui.server import upload_bounds
from ui.server.upload_bounds import BYTES_IN_ALL, SERVER_FULL, SESSION_FULL, TOO_SLOW, UploadBounds

MEGABYTE = 1_000_000


@pytest.fixture(autouse=True)
def largest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_bounds, "_largest", lambda: 10 * MEGABYTE)


async def hang(scope: Scope, receive: Receive, send: Send) -> None:
    """An upload that does not come to its end."""
    await asyncio.Event().wait()


async def put(bounds: UploadBounds, session: str, **headers: str) -> tuple[int, str]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    path = f"/lab/_stcore/upload_file/{session}/{object()}"
    await bounds({"type": "http", "method": "PUT", "path": path, "headers": named}, hang, send)  # type: ignore[arg-type]
    return sent[0]["status"], sent[1]["body"].decode()


async def begin(bounds: UploadBounds, session: str, **headers: str) -> asyncio.Task[tuple[int, str]]:
    task = asyncio.create_task(put(bounds, session, **headers))
    await asyncio.sleep(0)
    return task


def test_what_one_tab_is_sending_counts_until_it_ends() -> None:
    async def send_files() -> None:
        bounds = UploadBounds(hang)
        sending = [await begin(bounds, "a", content_length=str(15 * MEGABYTE)) for _ in range(2)]
        assert await put(bounds, "a", content_length="1") == (429, SESSION_FULL)
        sending[0].cancel()
        await asyncio.wait(sending[:1])
        again = await begin(bounds, "a", content_length="1")
        assert not again.done()
        for task in (again, sending[1]):
            task.cancel()
        await asyncio.wait([again, sending[1]])
        assert not bounds.coming

    asyncio.run(send_files())


@pytest.mark.parametrize("headers", [{}, {"transfer_encoding": "chunked", "content_length": "1"}])
def test_a_body_of_unknown_length_counts_as_the_largest(headers: dict[str, str]) -> None:
    async def send_files() -> None:
        bounds = UploadBounds(hang)
        sending = [await begin(bounds, "a", **headers) for _ in range(3)]
        assert not any(task.done() for task in sending)
        assert await put(bounds, "a", **headers) == (429, SESSION_FULL)

    asyncio.run(send_files())


def test_all_tabs_together_have_a_bound_too() -> None:
    async def send_files() -> None:
        bounds = UploadBounds(hang)
        for tab in range(BYTES_IN_ALL // (10 * MEGABYTE)):
            await begin(bounds, str(tab), content_length=str(10 * MEGABYTE))
        assert await put(bounds, "one more", content_length="1") == (429, SERVER_FULL)

    asyncio.run(send_files())


def test_an_upload_that_does_not_come_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_bounds, "SECONDS_TO_BEGIN", 0.01)
    assert asyncio.run(put(UploadBounds(hang), "a", content_length="1")) == (408, TOO_SLOW)
