"""What a host may ask, who else may, and what stands in the head of every answer."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import training.dispatch.counters  # noqa: F401 - what a server with services counts
from tests.ui.server import asking
from tests.ui.server.asking import Answer
from ui.server.headers import SecurityHeaders
from ui.server.host_routes import OnlyForHosts, answer_metrics


def get(path: str, address: str, headers: dict[str, str] | None = None) -> Answer:
    """What the server answers to a client at an address."""
    routes = [Route("/lab/metrics", answer_metrics), Route("/", lambda _: PlainTextResponse("page"))]
    app = Starlette(routes=routes, middleware=[Middleware(SecurityHeaders), Middleware(OnlyForHosts)])
    return asking.get(app, path, client=address, headers=headers)


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.1", {}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 403),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.1"}, 403),
    ],
)
def test_metrics_are_for_this_machine_alone(address: str, headers: dict[str, str], status: int) -> None:
    answer = get("/lab/metrics", address, headers)
    assert answer.status == status
    assert ("regularizer_lab_queued_runs" in answer.text) == (status == 200)
    assert get("/", address, headers).status == 200


def test_metrics_can_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS", "1")
    assert get("/lab/metrics", "192.0.2.1").status == 200


@pytest.mark.parametrize(
    ("environment", "allowed"),
    [
        ({}, "frame-ancestors 'self';"),
        ({"SPACE_ID": "a/b"}, "frame-ancestors 'self' https://huggingface.co https://*.hf.space;"),
        ({"SPACE_ID": "a/b", "FRAME_ANCESTORS": "https://school.example"}, "frame-ancestors https://school.example;"),
    ],
)
def test_who_may_show_the_app_in_a_frame(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], allowed: str
) -> None:
    for name in ("SPACE_ID", "FRAME_ANCESTORS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    headers = get("/", "192.0.2.1").headers
    assert headers["Content-Security-Policy"].startswith(allowed)
    assert headers["X-Content-Type-Options"] == "nosniff"
