"""What the live chart sends and where plotly.js comes from."""

import json
from pathlib import Path

import plotly
import pytest
from streamlit.testing.v1 import AppTest

from ui.components.live_chart import CHART_FAILED, ensure_plotly_js, read_script


def test_plotly_js_is_copied_whole_under_a_name_with_its_version(tmp_path: Path) -> None:
    copy = ensure_plotly_js(tmp_path / "static")
    assert copy.name == f"plotly-{plotly.__version__}.min.js"
    assert copy.read_bytes() == (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_bytes()
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / f"plotly-{plotly.__version__}.min.js").write_text("kept")
    assert ensure_plotly_js(tmp_path).read_text() == "kept"


def test_a_failed_copy_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.components.live_chart.plotly_js_path", lambda: tmp_path / "missing.js")
    with pytest.raises(FileNotFoundError):
        ensure_plotly_js(tmp_path / "static")
    assert list((tmp_path / "static").iterdir()) == []


def test_the_script_is_sent_without_comments_and_under_6500_bytes() -> None:
    script = read_script()
    assert script.startswith("const charts")
    assert not any(line.startswith(("//", " ", "\t")) or not line for line in script.splitlines())
    assert len(script) < 6_500


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
