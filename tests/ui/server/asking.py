"""What an ASGI application answers, asked in this process."""

import asyncio
import gzip
from typing import Any, NamedTuple
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.types import ASGIApp


class Answer(NamedTuple):
    status: int
    headers: Headers
    sent: bytes
    """The body as it travels."""

    @property
    def body(self) -> bytes:
        return gzip.decompress(self.sent) if self.headers.get("content-encoding") == "gzip" else self.sent

    @property
    def text(self) -> str:
        return self.body.decode()


def get(app: ASGIApp, address: str, *, client: str = "127.0.0.1", headers: dict[str, str] | None = None) -> Answer:
    """The answer to a client of this network address; `address` is a path, with a query perhaps."""
    return asyncio.run(ask(app, address, client=client, headers=headers))


async def ask(
    app: ASGIApp, address: str, *, client: str = "127.0.0.1", headers: dict[str, str] | None = None
) -> Answer:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    path, _, query = address.partition("?")
    raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {
        "type": "http", "method": "GET", "path": unquote(path), "raw_path": path.encode(), "root_path": "",
        "query_string": query.encode(), "headers": raw, "client": (client, 1), "scheme": "http",
        "server": ("server", 80),
    }  # fmt: skip
    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(sent[0]["status"], Headers(raw=sent[0]["headers"]), body)
