"""Refreshes of live pages are drawn a few at a time, in the order in which they were asked for.

Python runs one thread at a time: were a hundred refreshes drawn at once, whoever opens a page would get a hundredth of
it. With 100 viewers on two cores some page was not drawn within 120 s.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

AT_ONCE = 3


class Turns:
    """Lets so many in at once, first come, first served; `threading.Semaphore` lets newcomers pass by."""

    def __init__(self, at_once: int) -> None:
        self._free, self._lock = at_once, threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits for a turn, and holds it."""
        called = threading.Event()
        with self._lock:
            if self._free:
                self._free -= 1
                called.set()
            else:
                self._waiting.append(called)
        called.wait()
        try:
            yield
        finally:
            with self._lock:
                if self._waiting:
                    self._waiting.popleft().set()
                else:
                    self._free += 1


_turns = Turns(AT_ONCE)


def in_turn(draw: Callable[..., None]) -> Callable[..., None]:
    """A fragment that is drawn when its turn has come."""

    @wraps(draw)
    def draw_in_turn(*arguments: Any) -> None:
        with _turns.turn():
            draw(*arguments)

    return draw_in_turn
