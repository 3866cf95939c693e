"""Scripts that browsers keep: what they are, how they are sent, and who is told of them early."""

import gzip
import hashlib
import re
from pathlib import Path

import plotly
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from charts.plotly_bundle import PLOTLY_JS, SHA256, VERSION, read_plotly_js
from tests.ui.server.asking import get
from ui.server.static_files import DRAWING, SCRIPTS_PATH, EarlyPlotly, answer_script, drawing_name, road_name


async def page(_: Request) -> Response:
    return HTMLResponse("<head><title>a page</title></head>")


@pytest.fixture
def app() -> Starlette:
    routes = [
        Route(SCRIPTS_PATH, answer_script),
        Route("/", page),
        Route("/runs", page),
        Route("/text/", lambda _: PlainTextResponse("no page")),
    ]
    return Starlette(routes=routes, middleware=[Middleware(EarlyPlotly)])


def test_the_bundle_is_the_published_file_in_the_version_of_the_installed_package() -> None:
    whole = (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
    bundle = read_plotly_js()
    assert hashlib.sha256(bundle.encode()).hexdigest() == SHA256
    assert re.findall(r"plotly\.js v([\d.]+)", whole[:200]) == [VERSION]
    assert f"plotly.js (cartesian - minified) v{VERSION}" in bundle[:200]
    assert len(bundle) < len(whole) / 3


@pytest.mark.parametrize("name", [PLOTLY_JS, drawing_name(), road_name()])
def test_a_script_may_be_kept_for_ever_and_is_sent_compressed_as_a_script(app: Starlette, name: str) -> None:
    answer = get(app, f"/app/static/{name}")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]


def test_a_script_of_ours_is_the_file_under_a_name_that_changes_with_it(app: Starlette) -> None:
    source = DRAWING.read_bytes()
    assert hashlib.sha256(source).hexdigest()[:12] in drawing_name()
    assert get(app, f"/app/static/{drawing_name()}").body == source


@pytest.mark.parametrize("name", ["chart-drawing-000000000000.js", "..%2Fapp.py", "%00"])
def test_other_names_are_not_found(app: Starlette, name: str) -> None:
    assert get(app, f"/app/static/{name}").status == 404


def test_only_the_labs_page_begins_with_its_scripts(app: Starlette) -> None:
    answer = get(app, "/")
    assert answer.text.startswith(f'<head><title>a page</title><script async src="app/static/{PLOTLY_JS}"')
    assert answer.headers["content-length"] == str(len(answer.body))
    assert "script" not in get(app, "/runs").text
    assert get(app, "/text/").text == "no page"


def test_the_bundle_is_sent_as_it_was_compressed_once(app: Starlette) -> None:
    sent = get(app, f"/app/static/{PLOTLY_JS}").sent
    assert gzip.decompress(sent).decode() == read_plotly_js()
