"""Security headers on every answer, written as plain ASGI: websockets and streams pass untouched."""

import os
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SPACES: Final = "'self' https://huggingface.co https://*.hf.space"


def frame_ancestors() -> str:
    """Which sites may show the app in a frame: `FRAME_ANCESTORS`, else this one alone; on a Space, also the Space's
    page."""
    return os.environ.get("FRAME_ANCESTORS", "").strip() or (SPACES if os.environ.get("SPACE_ID") else "'self'")


class SecurityHeaders:
    """Adds them to HTTP answers.

    No rule for scripts: Streamlit's own pages need inline styles and code of components as blobs (1.67).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": f"frame-ancestors {frame_ancestors()}; object-src 'none'; base-uri 'self'",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "strict-origin-when-cross-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, send_with_headers)
