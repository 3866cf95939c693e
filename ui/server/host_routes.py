"""What hosts ask a server: whether it is ready, and how it is doing (Prometheus text)."""

import os
from ipaddress import ip_address

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

METRICS_PATH = "/metrics"
"""End of our own path and of Streamlit's (`/_stcore/metrics`)."""

FORWARDED = (b"x-forwarded-for", b"forwarded", b"x-real-ip")


def answer_ready(request: Request) -> Response:
    """200 once a worker can take a run and the store answers, else 503 with the reason."""
    from ui.services import start_services  # its caches want a runtime, which an import with the server has not

    services = start_services()
    problem = services if isinstance(services, str) else services.queue.problem
    if problem:
        return JSONResponse({"ready": False, "reason": problem}, status_code=503)
    return JSONResponse({"ready": True})


def answer_metrics(request: Request) -> Response:
    """Counters and gauges as Prometheus reads them."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


class OnlyForHosts:
    """Figures are given to this machine alone unless `METRICS=1`.

    What a proxy on this machine passes on comes from this machine, too, but says for whom.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.open = app, os.environ.get("METRICS") == "1"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith(METRICS_PATH) and not (self.open or _is_local(scope)):
            refusal = PlainTextResponse("Metrics are for this machine alone; METRICS=1 opens them.", status_code=403)
            await refusal(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _is_local(scope: Scope) -> bool:
    client = scope.get("client")
    passed_on = any(name in FORWARDED for name, _ in scope["headers"])
    return client is not None and ip_address(client[0]).is_loopback and not passed_on
