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


class EarlyScripts:
    """Tells browsers with the Lab's page which scripts its chart will want, long before the chart itself comes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].endswith("/"):
            await self.app(scope, receive, send)
            return

        async def send_with_links(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    wanted = (f"<app/static/{name}>; rel=prefetch; as=script" for name in (drawing_name(), PLOTLY_JS))
                    headers["Link"] = ", ".join(wanted)
            await send(message)

        await self.app(scope, receive, send_with_links)


def _name(file: Path) -> str:
    return f"{file.stem.replace('_', '-')}-{sha256(file.read_bytes()).hexdigest()[:12]}.js"
