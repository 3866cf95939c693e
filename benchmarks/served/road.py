"""The live road of a visitor without a browser: asks the route as `ui/components/live_road.js` does, draws nothing."""

import asyncio
import gzip
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

APART = {"waiting": 0.25, "training": 1.0, "ended": 1.0}
STAGES_APART, SPREAD = 3.0, 0.1
"""As in the browser's script."""


@dataclass(frozen=True)
class Looked:
    """One request of the route.

    Attributes:
        seconds: until its answer was there.
        sent: bytes of the answer, with its head.
        status: of HTTP.
    """

    seconds: float
    sent: int
    status: int


class Road:
    """Follows what the page's component names, over one connection that is kept.

    Args:
        port: of the server, on this machine.
        draw_again: asks for a run of the page's fragment.
    """

    def __init__(self, port: int, draw_again: Callable[[], Any]) -> None:
        self._port, self._draw_again = port, draw_again
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._task: asyncio.Task[None] | None = None
        self._data: dict[str, Any] = {}
        self._told: dict[str, str] = {}
        self._version, self._next, self._asked, self._others = "", 0.0, "", 0
        self.looks: list[Looked] = []

    def follow(self, data: dict[str, Any]) -> None:
        """What the component was given in the newest run of the page."""
        if data["view"] != self._data.get("view"):
            self._version, self._told = "", {}
        self._data = data
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Looks no more."""
        if self._task is not None:
            self._task.cancel()
        if self._connection is not None:
            self._connection[1].close()

    async def _run(self) -> None:
        await asyncio.sleep(random.random())  # noqa: S311 - viewers come at different moments
        while self._told.get("phase") != "ended":
            await self._look(self._data["view"])
            await self._compare()
            await asyncio.sleep(APART[self._data["phase"]])

    async def _look(self, view: str) -> None:
        began = time.monotonic()
        status, head, body = await self._get(f"/live/{view}?after={self._version}")
        self.looks.append(Looked(time.monotonic() - began, head + len(body), status))
        if status != 200 or view != self._data["view"]:
            return
        answer = json.loads(gzip.decompress(body))
        self._version, self._others = answer["version"], answer["viewers"] - 1
        for name in ("phase", "stage"):
            if "message" in answer:
                self._told[name] = answer["message"][name]
            elif change := answer["patch"]["~"].get(name):
                self._told[name] = change["="]

    async def _compare(self) -> None:
        now = time.monotonic()
        if not self._told or all(self._told[name] == self._data[name] for name in ("phase", "stage")):
            return
        hurried = self._told["phase"] not in (self._data["phase"], self._asked)
        if hurried or now > self._next:
            delay = random.random() * SPREAD * self._others  # noqa: S311
            self._asked, self._next = self._told["phase"], now + delay + STAGES_APART
            await asyncio.sleep(delay)
            await self._draw_again()

    async def _get(self, address: str) -> tuple[int, int, bytes]:
        """Status, bytes of the head, and the body as it came; over a new connection where the old one was closed."""
        if self._connection is None or self._connection[0].at_eof():
            self._connection = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._connection
        writer.write(f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        body = await reader.readexactly(int(fields.get(b"content-length", 0)))
        return int(head.split(b" ", 2)[1]), len(head), body
