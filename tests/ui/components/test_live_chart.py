"""What the live chart sends."""

import json

from streamlit.testing.v1 import AppTest

from ui.components.live_chart import CHART_FAILED, read_script


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
