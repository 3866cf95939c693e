"""What a real server holds of uploaded files: nothing of those that were read, and never more than a bound."""

import http.client
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs, UploadedFileInfo
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from datasets.registry import DATASETS
from tests.journeys.test_reading_process import HARMLESS, HOSTILE, hostile
from ui import text
from ui.server.upload_bounds import FILES_PER_SESSION, SESSION_FULL

ROOT = Path(__file__).parents[2]
SECONDS = 180
LIMIT = 5_000_000
BOUNDARY = "x" * 20

Serve = Callable[..., AbstractContextManager[str]]


class Tab:
    """A browser's tab without the browser: its websocket, and the files it sends."""

    def __init__(self, address: str, socket: ClientConnection) -> None:
        self.host, self.socket = urlsplit(address).netloc, socket
        self.session = ""
        self.seen = ""
        self.widgets: dict[str, Any] = {}
        self.states: dict[str, dict[str, Any]] = {}
        with urllib.request.urlopen(f"{address}_stcore/health", timeout=SECONDS) as answer:
            self.cookie = str(answer.headers["Set-Cookie"] or "").split(";")[0]
        self.run()

    def run(self) -> None:
        """Runs the page once with what its widgets hold, and keeps what it says."""
        message = BackMsg()
        for identifier, value in self.states.items():
            state = message.rerun_script.widget_states.widgets.add(id=identifier)
            for name, part in value.items():
                if isinstance(part, str):
                    setattr(state, name, part)
                else:
                    getattr(state, name).uploaded_file_info.append(part)
        message.rerun_script.query_string = ""
        self.seen = ""
        self.socket.send(message.SerializeToString())
        while True:
            said = ForwardMsg.FromString(self.socket.recv(timeout=SECONDS))  # type: ignore[arg-type]
            self._hear(said)
            if (
                said.WhichOneof("type") == "script_finished"
                and said.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
            ):
                return

    def _hear(self, said: ForwardMsg) -> None:
        self.session = said.new_session.initialize.session_id or self.session
        element = said.delta.new_element
        if kind := element.WhichOneof("type"):
            proto = getattr(element, kind)
            self.seen += f"\n{proto}"
            if hasattr(proto, "id"):
                self.widgets[getattr(proto, "label", kind)] = proto

    def open_form(self) -> None:
        """Chooses a file of one's own as the data."""
        self.states[self.widgets[text.DATASET].id] = {"string_value": DATASETS["upload"].label}
        self.run()

    def choose(self, name: str, content: bytes) -> None:
        """Sends a file, and has the form read it."""
        file = uuid4().hex
        assert self.put(content, file) == (204, "")
        urls = FileURLs(file_id=file, upload_url=f"/_stcore/upload_file/{self.session}/{file}", delete_url="/")
        info = UploadedFileInfo(file_id=file, name=name, size=len(content), file_urls=urls)
        self.states[self.widgets[text.OWN_FILE].id] = {"file_uploader_state_value": info}
        self.run()

    def put(self, content: bytes, file: str | None = None, *, chunked: bool = False) -> tuple[int, str]:
        """Status and text of the answer to a file."""
        head = 'Content-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\n'
        body = f"--{BOUNDARY}\r\n{head}".encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Cookie": self.cookie}
        headers["X-Xsrftoken"] = self.cookie.partition("=")[2]
        connection = http.client.HTTPConnection(self.host, timeout=SECONDS)
        path = f"/_stcore/upload_file/{self.session}/{file or uuid4().hex}"
        connection.request("PUT", path, iter([body]) if chunked else body, headers, encode_chunked=chunked)
        answer = connection.getresponse()
        said = answer.status, answer.read().decode()
        connection.close()
        return said


@contextmanager
def open_tab(address: str) -> Iterator[Tab]:
    with connect(f"ws://{urlsplit(address).netloc}/_stcore/stream", max_size=None) as socket:
        yield Tab(address, socket)


@pytest.fixture(scope="module")
def server(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    places = {f"XDG_{name}_HOME": str(folder) for name in ("DATA", "STATE", "CACHE")}
    url = f"sqlite:///{folder / 'results.db'}"
    with serve(ROOT, DATABASE_URL=url, WORKERS="1", HOSTED="1", METRICS="1", **places) as address:
        yield address


def held(address: str) -> int:
    """Bytes in Streamlit's upload manager, as its own metrics tell (at most 5 s old)."""
    with urllib.request.urlopen(f"{address}_stcore/metrics?families=cache_memory_bytes", timeout=SECONDS) as answer:
        found = re.search(r'"UploadedFileManager".* (\d+)$', answer.read().decode(), re.MULTILINE)
    return int(found[1]) if found else 0


def wait_until_none_is_held(address: str) -> None:
    deadline = time.monotonic() + 20
    while held(address):
        assert time.monotonic() < deadline, "files are kept"
        time.sleep(0.5)


def test_a_file_that_was_read_is_not_held_and_stays_in_the_form(server: str) -> None:
    with open_tab(server) as tab:
        tab.open_form()
        tab.choose("long.csv", HARMLESS["long texts"]())
        for _ in range(2):
            assert "long" in tab.seen and text.TARGET in tab.widgets
            assert text.FILE_REFUSED not in tab.seen
            wait_until_none_is_held(server)
            tab.run()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_tab_can_send_so_many_bytes_and_closing_it_gives_them_back(server: str, chunked: bool) -> None:
    content = b"1" * (LIMIT - 1000)
    with open_tab(server) as tab, open_tab(server) as other:
        answers = [tab.put(content, chunked=chunked) for _ in range(FILES_PER_SESSION + 2)]
        assert answers[0] == (204, "")
        assert answers[-1] == (429, SESSION_FULL)
        assert other.put(content) == (204, "")
        time.sleep(6)  # figures are kept for 5 s
        assert len(content) <= held(server) <= (FILES_PER_SESSION + 2) * LIMIT
    wait_until_none_is_held(server)


def test_twenty_hostile_files_at_once_leave_the_server_answering(server: str) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(20) as pool:
        tabs = [stack.enter_context(open_tab(server)) for _ in range(20)]
        for tab in tabs:
            tab.open_form()
        contents = [hostile(list(HOSTILE)[place % len(HOSTILE)]) for place in range(len(tabs))]
        pending = [pool.submit(tab.choose, "hostile", content) for tab, content in zip(tabs, contents, strict=True)]
        slowest = 0.0
        while not all(future.done() for future in pending):
            began = time.monotonic()
            with urllib.request.urlopen(f"{server}_stcore/health", timeout=10):
                slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.1)
        for future in pending:
            future.result()
    assert slowest < 5
    assert all(text.FILE_REFUSED in tab.seen for tab in tabs)
    wait_until_none_is_held(server)
    with open_tab(server) as tab:
        assert text.TRAIN in tab.widgets
