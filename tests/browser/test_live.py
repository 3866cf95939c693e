"""Live in a real browser, with real workers: a change in the form draws a new curve beside its ghost."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from experiment.spec import parse_experiment
from tests.browser.test_journeys import (
    SECONDS,
    Charts,
    Lab,
    OpenTab,
    Serve,
    badge,
    is_sideways,
    press,
    start_lab,
    train,
    wait_for,
)
from ui import text

EXPERIMENT = parse_experiment(
    '{"dataset": {"name": "wine"}, "training": {"epochs": 20}, "architecture": {"name": "mlp", "widths": [8]},'
    ' "seeds": [0, 1], "variants": [{"name": "baseline"}, {"name": "L2", "techniques": [{"name": "l2", "l2": 0.001}]}]}'
)
CHART = ".st-key-chart_panel .live-chart"
GHOST = "plot._fullData.some(trace => trace.uid === 'v1_ghost')"


@pytest.fixture(scope="module")
def lab(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    yield from start_lab(serve, tmp_path_factory.mktemp("live"), WORKERS="1", HOSTED="")


def test_a_change_answers_beside_its_ghost_and_undo_costs_nothing(open_tab: OpenTab, lab: Lab) -> None:
    with open_tab(lab.configuration(EXPERIMENT), width=1300) as page:
        first = train(page)
        wait_for(lambda: lab.ended(first))
        expect(badge(page, ".*finished").first).to_be_visible(timeout=SECONDS * 1000)
        page.locator("[data-test-script-state=notRunning]").wait_for(timeout=SECONDS * 1000)  # else a press can be lost
        page.locator(CHART).evaluate("chart => { chart.dataset.kept = '' }")
        strength = page.get_by_role("spinbutton", name=text.EXACTLY.format(label="Strength")).first
        strength.fill("0.01")
        strength.press("Enter")
        expect(page.get_by_text(text.MISMATCH)).to_be_visible(timeout=SECONDS * 1000)
        page.get_by_text(text.LIVE, exact=True).click()
        expect(page.get_by_role("switch", name=text.LIVE)).to_be_checked(timeout=SECONDS * 1000)
        page.wait_for_url(lambda url: first not in url, timeout=SECONDS * 1000)
        second = page.url.split("?experiment=")[1]
        Charts(page).wait_for(GHOST)
        expect(page.locator(CHART)).to_have_attribute("data-kept", "")  # neither an edit nor a step builds it anew
        wait_for(lambda: lab.ended(second))
        trained = {run.variant: run.started_at is not None for run in lab.store.runs(second)}
        assert trained == {"baseline": False, "L2": True}, "what has not changed is used"
        expect(
            page.get_by_text(re.compile("Strength 0.001 → 0.01: .*cannot be told apart with 2 seeds"))
        ).to_be_visible(timeout=SECONDS * 1000)
        strength.fill("0.001")
        strength.press("Enter")
        page.wait_for_url(re.compile(first), timeout=SECONDS * 1000)
        expect(page.locator(".st-key-steps img")).to_have_count(2)
        page.locator("[data-test-script-state=notRunning]").wait_for(timeout=SECONDS * 1000)
        press(page, text.STEP_SHOW).focus()
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(second), timeout=SECONDS * 1000)
        assert len(lab.store.experiments()) == 2
        page.set_viewport_size({"width": 390, "height": 800})
        expect(page.locator(".st-key-steps")).to_be_visible()
        assert not is_sideways(page)
