"""Scripts that browsers load once and keep.

They are served below `app/static/`, where Streamlit would serve an app's own files, so a proxy that passes Streamlit
on passes them on, too. Streamlit itself would compress them anew for each visitor and not say that they may be kept
(1.67).
"""

import gzip
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from charts.plotly_bundle import PLOTLY_JS, read_gzipped_plotly_js

SCRIPTS_PATH: Final = "/app/static/{name}"
COMPONENTS: Final = Path(__file__).parents[1] / "components"
DRAWING: Final = COMPONENTS / "chart_drawing.js"
ROAD: Final = COMPONENTS / "live_road.js"
_KEPT: Final = {"Cache-Control": "public, max-age=31536000, immutable", "Content-Encoding": "gzip"}


@cache
def drawing_name() -> str:
    """A file name that changes with the drawing script, so that browsers may keep the file."""
    return _name(DRAWING)


@cache
def road_name() -> str:
    """The same for the script that follows what trains."""
    return _name(ROAD)


@cache
def gzipped_scripts() -> Mapping[str, bytes]:
    """File name -> the script as it is sent."""
    ours = {_name(file): gzip.compress(file.read_bytes(), mtime=0) for file in (DRAWING, ROAD)}
    return {PLOTLY_JS: read_gzipped_plotly_js(), **ours}


async def answer_script(request: Request) -> Response:
    """A script under its name of today."""
    script = gzipped_scripts().get(request.path_params["name"])
    if script is None:
        return PlainTextResponse("Not found.", 404)
    return Response(script, media_type="text/javascript", headers=_KEPT)


EARLY: Final = f'<script async src="app/static/{PLOTLY_JS}" onerror="this.remove()"></script>'.encode()
"""Stands in the head of the Lab's page; the address is relative to it, so that it holds behind a base path."""


class EarlyPlotly:
    """Has browsers load and run plotly.js while they still wait for the first message of the Lab's page.

    It takes a third of a second to run; begun when the chart comes, that is what the visitor waits for last. The
    element goes away where its file is not there: the chart then looks for it by itself. Preloading would not run it,
    and browsers complain of what they preloaded where a visitor goes to another page before the chart is drawn.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].endswith("/"):
            await self.app(scope, receive, send)
            return

        begin: Message | None = None
        parts: list[bytes] = []

        async def send_with_scripts(message: Message) -> None:
            nonlocal begin
            if message["type"] == "http.response.start":
                html = MutableHeaders(scope=message).get("content-type", "").startswith("text/html")
                if html and message["status"] == 200 and scope["method"] == "GET":
                    begin = message
                    return
            elif begin is not None:
                parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    body = b"".join(parts).replace(b"</head>", EARLY + b"</head>", 1)
                    MutableHeaders(scope=begin)["Content-Length"] = str(len(body))
                    await send(begin)
                    await send({"type": "http.response.body", "body": body})
                return
            await send(message)

        await self.app(scope, receive, send_with_scripts)


def _name(file: Path) -> str:
    return f"{file.stem.replace('_', '-')}-{sha256(file.read_bytes()).hexdigest()[:12]}.js"
