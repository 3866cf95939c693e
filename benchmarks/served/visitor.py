"""A visitor without a browser: Streamlit's websocket protocol (1.67), answered as its frontend answers.

The page's timers are the visitor's: an `auto_rerun` message asks for a fragment to be run each so many seconds
(`handleAutoRerun` in the frontend). So is its live road (benchmarks/served/road.py). Unlike a browser it keeps no
messages, so that all are sent in full.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import parse_qs, urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.Markdown_pb2 import Markdown
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from benchmarks.served.road import Road
from ui import text
from ui.state import CONFIGURATION_PARAMETER, EXPERIMENT_PARAMETER

TOKEN_COMPONENT = "regularizer_lab_visitor"  # noqa: S105
PART_COMPONENT = "regularizer_lab_live_part"
ROAD_COMPONENT = "regularizer_lab_live_road"
PARAGRAPH = re.compile(r"<p>(.*?)</p>")
CHART_KEY = "-chart"
"""End of the identifier of an experiment's chart; further live charts on the page have other keys."""
SECONDS_FOR_A_PAGE = 120.0


@dataclass
class Seen:
    """What a visitor's page has shown since `clear`.

    Attributes:
        widgets: label of a button, or name of a component -> its identifier.
        said: alerts and captions, in their order.
        errors: error boxes, with the lines of code under them.
        charted: whether the curves were drawn.
    """

    widgets: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    charted: bool = False

    def clear(self) -> None:
        """Forgets what was shown, but not the widgets."""
        self.said, self.errors, self.charted = [], [], False

    def add(self, element: Element) -> None:
        """Notes an element of the page."""
        match element.WhichOneof("type"):
            case "button":
                self.widgets[element.button.label] = element.button.id
            case "bidi_component":
                self.widgets[element.bidi_component.component_name] = element.bidi_component.id
                self.charted |= element.bidi_component.id.endswith(CHART_KEY)
                if element.bidi_component.component_name == PART_COMPONENT:
                    self.said += map(unescape, PARAGRAPH.findall(json.loads(element.bidi_component.json)["html"]))
            case "alert":
                self.said.append(element.alert.body)
                if element.alert.format == element.alert.ERROR:
                    self.errors.append(element.alert.body)
            case "markdown" if element.markdown.element_type == Markdown.CAPTION:
                self.said.append(element.markdown.body)
            case "code" if self.errors:
                self.errors.append(element.code.code_text)


class Visitor:
    """One connection to the server; `visiting` opens it."""

    def __init__(self, connection: ClientConnection, query: str, port: int) -> None:
        self._connection, self._query = connection, query
        self.road, self._live_fragment = Road(port, self._draw_again), ""
        self._asked: dict[str, float] = {}
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._finished, self._settled = 0, asyncio.Event()
        self._listening = asyncio.create_task(self._listen())
        self.seen = Seen()
        self.delays: list[tuple[float, bool]] = []
        """Seconds from a request to the end of its script, and whether a timer asked."""
        self.unanswered = 0

    @property
    def experiment(self) -> str | None:
        """The experiment in the page's address."""
        return next(iter(parse_qs(self._query).get(EXPERIMENT_PARAMETER, [])), None)

    async def run_page(self, *widgets: WidgetState) -> None:
        """Asks for a run of the whole page, with these widgets' new values, and waits for its end."""
        before = self._finished
        await self._ask("", widgets)
        await self.wait_for(lambda: self._finished > before)

    async def say_token(self, token: str) -> None:
        """What the browser's storage would answer on a public host."""
        state = WidgetState(id=self.seen.widgets[TOKEN_COMPONENT], json_value=json.dumps({"token": token}))
        await self.run_page(state)

    async def press_train(self) -> None:
        """Presses Train, anew where numbers are known; waits until the address names an experiment or it is refused."""
        button = self.seen.widgets.get(text.TRAIN_ANEW) or self.seen.widgets[text.TRAIN]
        self.seen.clear()
        await self._ask("", [WidgetState(id=button, trigger_value=True)])
        await self.wait_for(lambda: self.experiment is not None or bool(self.seen.errors))

    async def wait_for(self, condition: Callable[[], bool], seconds: float = SECONDS_FOR_A_PAGE) -> None:
        """Waits until messages have made it true.

        Raises:
            TimeoutError: they have not.
            ConnectionClosed: the server has gone.
        """
        async with asyncio.timeout(seconds):
            while not condition():
                if self._listening.done():
                    self._listening.result()  # raises what ended it, if that was no end of the connection
                    raise ConnectionClosed(None, None)
                self._settled.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._settled.wait(), 1.0)

    async def _ask(self, fragment: str, widgets: tuple[WidgetState, ...] | list[WidgetState] = ()) -> None:
        message = BackMsg()
        message.rerun_script.query_string = self._query
        message.rerun_script.fragment_id = fragment
        message.rerun_script.is_auto_rerun = bool(fragment)
        message.rerun_script.widget_states.widgets.extend(widgets)
        self._asked.setdefault(fragment, time.monotonic())  # a second request before the answer is no new one
        await self._connection.send(message.SerializeToString())

    async def _draw_again(self) -> None:
        """What the road's component asks for."""
        await self._ask(self._live_fragment)

    async def _listen(self) -> None:
        """Reads messages until the connection ends."""
        with suppress(ConnectionClosed):
            async for payload in self._connection:
                assert isinstance(payload, bytes)
                self._take(ForwardMsg.FromString(payload))
                self._settled.set()

    def _take(self, message: ForwardMsg) -> None:
        match message.WhichOneof("type"):
            case "delta":
                self.seen.add(message.delta.new_element)
                component = message.delta.new_element.bidi_component
                if component.component_name == ROAD_COMPONENT:
                    self._live_fragment = message.delta.fragment_id
                    self.road.follow(json.loads(component.json))
            case "page_info_changed":
                self._query = message.page_info_changed.query_string
            case "auto_rerun":
                self._start_timer(message.auto_rerun.fragment_id, message.auto_rerun.interval)
            case "stop_auto_rerun":
                for fragment in message.stop_auto_rerun.fragment_ids:
                    self._stop_timer(fragment)
            case "script_finished" if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                self._finish(list(message.metadata.run.fragment_ids) or [""])

    def _finish(self, fragments: list[str]) -> None:
        now = time.monotonic()
        if fragments == [""]:
            self._finished += 1
            fragments = list(self._asked)  # the whole page is newer than whatever a timer has asked for
        for fragment in fragments:
            if fragment in self._asked:
                self.delays.append((now - self._asked.pop(fragment), bool(fragment)))

    def _start_timer(self, fragment: str, interval: float) -> None:
        if fragment not in self._timers:
            self._timers[fragment] = asyncio.create_task(self._tick(fragment, interval))

    async def _tick(self, fragment: str, interval: float) -> None:
        with suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(interval)
                await self._ask(fragment)

    def _stop_timer(self, fragment: str) -> None:
        if timer := self._timers.pop(fragment, None):
            timer.cancel()

    def stop(self) -> None:
        """Ends the timers, counts what was never answered, and listens no more."""
        for fragment in list(self._timers):
            self._stop_timer(fragment)
        self.road.stop()
        self.unanswered = len(self._asked)
        self._listening.cancel()


@asynccontextmanager
async def visiting(port: int, query: str = "") -> AsyncIterator[Visitor]:
    """Opens the Lab at an address with this query, and closes the connection at the end; nothing is asked for yet."""
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    async with connect(address, subprotocols=["streamlit"], max_size=None, open_timeout=60) as connection:  # type: ignore[list-item]
        visitor = Visitor(connection, query, port)
        try:
            yield visitor
        finally:
            visitor.stop()


async def train(port: int, packed: str) -> str:
    """Opens a configuration link on a private server, presses Train and leaves; the experiment's identifier."""
    async with visiting(port, urlencode({CONFIGURATION_PARAMETER: packed})) as visitor:
        await visitor.run_page()
        await visitor.press_train()
        if visitor.experiment is None:
            raise RuntimeError(f"Train was refused: {visitor.seen.errors}")
        return visitor.experiment
