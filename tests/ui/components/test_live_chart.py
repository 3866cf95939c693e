"""What the live chart sends and where plotly.js comes from."""

import json
from pathlib import Path

import plotly
import pytest
from streamlit.testing.v1 import AppTest

from ui.components.live_chart import CHART_FAILED, read_script
from ui.server.static_files import DRAWING, drawing_name, ensure_scripts


def test_scripts_are_copied_whole_under_names_that_change_with_them(tmp_path: Path) -> None:
    ensure_scripts(tmp_path / "static")
    package = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    copies = {path.name: path.read_bytes() for path in (tmp_path / "static").iterdir()}
    assert copies == {
        f"plotly-{plotly.__version__}.min.js": package.read_bytes(),
        drawing_name(): DRAWING.read_bytes(),
    }


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / drawing_name()).write_text("kept")
    ensure_scripts(tmp_path)
    assert (tmp_path / drawing_name()).read_text() == "kept"


def test_a_failed_copy_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.server.static_files.plotly_js_path", lambda: tmp_path / "missing.js")
    with pytest.raises(FileNotFoundError):
        ensure_scripts(tmp_path / "static")
    assert list((tmp_path / "static").iterdir()) == []


def test_what_travels_with_every_message_has_no_comments_and_is_under_2000_bytes() -> None:
    script = read_script()
    assert script.startswith("function addresses")
    assert not any(line.startswith(("//", " ", "\t")) or not line for line in script.splitlines())
    assert len(script) < 2_000


def test_the_page_gets_the_figure_its_description_and_the_failure_text() -> None:
    def script() -> None:
        from ui.components.live_chart import live_chart

        live_chart({"data": [], "layout": {}}, key="chart", alt="An empty chart", height=200)

    app = AppTest.from_function(script).run()
    assert not app.exception
    (chart,) = app.get("bidi_component")
    sent = json.loads(chart.proto.json)
    assert sent["figure"] == {"data": [], "layout": {}}
    assert sent["alt"] == "An empty chart"
    assert sent["height"] == 200
    assert sent["failed"] == CHART_FAILED
