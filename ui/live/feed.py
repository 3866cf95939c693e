"""Messages of what trains: made once for all who look at the same, sent as what changed, compressed once.

Whoever asks is answered from memory while the newest message is young; else all who ask wait for one that is made in a
thread, so that the server's event loop goes on.
"""

import asyncio
import gzip
import json
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from threading import Lock
from typing import Any, Final, Generic, TypeVar

import anyio
import anyio.to_thread

from ui.live.patches import find_patch

SECONDS_BETWEEN_LOOKS: Final = 1.0
"""Of a browser."""
SECONDS_A_MESSAGE_IS_NEW: Final = 0.8
"""Less than lies between two looks."""
SECONDS_WHILE_WAITING: Final = 0.2
"""Before the first epoch, and soon after, while somebody waits who has just begun to train."""
SECONDS_SOMEBODY_WAITS: Final = 3.0
KEPT_MESSAGES: Final = 4
"""Of a view: a browser that looks each second has one of them, and is sent what changed since."""
KEPT_FEEDS: Final = 128
"""Views with messages in memory, up to 100 KB each; further ones begin anew at each look."""
KEPT_VIEWS: Final = 4096
MADE_AT_ONCE: Final = 2
"""Python runs one thread at a time: more would only keep each other, and whoever opens a page, waiting."""

Message = dict[str, Any]
View = TypeVar("View")


@dataclass(frozen=True)
class Answer:
    """Gzipped JSON: `version`, how many `viewers` look, and `from` and `patch` (ui/live/patches.py), or `message` where
    what the browser has is not known."""

    version: str
    body: bytes


@dataclass
class Feed(Generic[View]):
    """The newest messages of one view.

    Attributes:
        view: what is looked at.
        make: makes the view's message now, or None where there is nothing any more; called in a thread.
    """

    view: View
    make: Callable[[View], Message | None]
    _messages: OrderedDict[str, Message] = field(default_factory=OrderedDict)
    _bodies: dict[str, bytes] = field(default_factory=dict)
    _begun: float = field(default_factory=lambda: time.monotonic())  # the clock of that moment, which tests move
    _made_at: float = float("-inf")
    _making: "asyncio.Task[None] | None" = None
    _encoding: Lock = field(default_factory=Lock)
    _looks: deque[float] = field(default_factory=deque)

    async def read(self, after: str, limiter: anyio.CapacityLimiter) -> Answer | None:
        """What is new after a version.

        Args:
            after: the version that the browser has, or any other text.
            limiter: whose turn it is to compute.

        Returns:
            None if that version is the newest; an answer with an empty version if there is nothing any more.
        """
        now = time.monotonic()
        self._looks.append(now)
        while self._looks[0] <= now - SECONDS_BETWEEN_LOOKS:
            self._looks.popleft()
        if now - self._made_at >= self._seconds_new(now, limiter):
            await self._renew(limiter)
        if not self._messages:
            return Answer("", b"")
        version = next(reversed(self._messages))
        if after == version:
            return None
        known = after if after in self._messages else ""
        body = self._bodies.get(known)
        if body is None:
            body = await anyio.to_thread.run_sync(self._encode, version, known, limiter=limiter)
        return Answer(version, body)

    def _seconds_new(self, now: float, limiter: anyio.CapacityLimiter) -> float:
        newest = self._messages[next(reversed(self._messages))] if self._messages else {}
        hurried = now < self._begun + SECONDS_SOMEBODY_WAITS and not limiter.statistics().tasks_waiting
        return SECONDS_WHILE_WAITING if hurried or newest.get("phase") == "waiting" else SECONDS_A_MESSAGE_IS_NEW

    async def _renew(self, limiter: anyio.CapacityLimiter) -> None:
        """All who come meanwhile wait for the same message; one who leaves does not stop it."""
        if self._making is None:
            self._making = asyncio.create_task(anyio.to_thread.run_sync(self._make, limiter=limiter))
            self._making.add_done_callback(self._forget_making)
        await asyncio.shield(self._making)

    def _forget_making(self, _: "asyncio.Task[None]") -> None:
        self._making = None

    def _make(self) -> None:
        message = self.make(self.view)
        with self._encoding:
            self._made_at = time.monotonic()
            if message is None:
                self._messages = OrderedDict()
                return
            version = _version_of(message)
            if not self._messages or version != next(reversed(self._messages)):
                kept = [(known, m) for known, m in self._messages.items() if known != version][1 - KEPT_MESSAGES :]
                self._messages, self._bodies = OrderedDict([*kept, (version, message)]), {}

    def _encode(self, version: str, known: str) -> bytes:
        with self._encoding:
            messages = self._messages
            if version not in messages:  # a newer one was made meanwhile, and this one is forgotten
                known, version = "", next(reversed(messages))
            newest = version == next(reversed(messages))
            if newest and (body := self._bodies.get(known)):
                return body
            answer: Message = {"version": version, "viewers": len(self._looks)}
            if known in messages:
                answer |= {"from": known, "patch": find_patch(messages[known], messages[version])}
            else:
                answer["message"] = messages[version]
            body = gzip.compress(_write(answer), 6, mtime=0)
            if newest:
                self._bodies[known] = body
            return body


class Feeds(Generic[View]):
    """The views that pages have drawn, each under a name that cannot be guessed, and the feeds of those followed last.

    A browser can only ask for what a page has drawn: no option comes from outside. The name follows from the view, so
    it is the same for all who look at the same; a view names its experiment, whose identifier nobody can guess.

    Args:
        make: makes the message of a view.
    """

    def __init__(self, make: Callable[[View], Message | None]) -> None:
        self._make, self._lock = make, Lock()
        self._views: OrderedDict[str, View] = OrderedDict()
        self._feeds: OrderedDict[str, Feed[View]] = OrderedDict()
        self.limiter = anyio.CapacityLimiter(MADE_AT_ONCE)

    def register(self, view: View) -> str:
        """The name under which a view can be followed; `repr(view)` says all that it depends on."""
        name = blake2b(repr(view).encode(), digest_size=16).hexdigest()
        with self._lock:
            self._views[name] = view
            self._views.move_to_end(name)
            while len(self._views) > KEPT_VIEWS:
                self._feeds.pop(self._views.popitem(last=False)[0], None)
        return name

    def find(self, name: str) -> Feed[View] | None:
        """The feed of a view; None if no page has drawn it lately."""
        with self._lock:
            if name not in self._views:
                return None
            self._views.move_to_end(name)
            feed = self._feeds.setdefault(name, Feed(self._views[name], self._make))
            self._feeds.move_to_end(name)
            while len(self._feeds) > KEPT_FEEDS:
                self._feeds.popitem(last=False)
        return feed


def _version_of(message: Message) -> str:
    return blake2b(_write(message), digest_size=8).hexdigest()


def _write(value: Message) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
