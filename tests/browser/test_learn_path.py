"""The path through Learn as a class takes it: a real browser, a real server, no worker needed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_journeys import SECONDS, OpenTab, Serve, is_sideways, press
from ui.learn.path import STEPS
from ui.learn.steps import luck

ROOT = Path(__file__).parents[2]
MILLISECONDS = SECONDS * 1000


@pytest.fixture(scope="module")
def learn(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the page."""
    folder = tmp_path_factory.mktemp("learn")
    places = {f"XDG_{name}_HOME": str(folder) for name in ("DATA", "STATE", "CACHE")}
    with serve(ROOT, DATABASE_URL=f"sqlite:///{folder / 'results.db'}", WORKERS="1", HOSTED="", **places) as address:
        yield f"{address}learn"


def wait_for_step(page: Page, step: int) -> None:
    """Until a step is shown and nothing is being drawn: else a press can be lost."""
    heading = page.get_by_role("heading", name=f"{step}. {STEPS[step - 1].name()}")
    expect(heading).to_be_visible(timeout=MILLISECONDS)
    page.locator("[data-test-script-state=notRunning]").wait_for(timeout=MILLISECONDS)


def test_a_class_begins_at_the_step_of_a_link_and_goes_on_and_back(open_tab: OpenTab, learn: str) -> None:
    with open_tab(f"{learn}?step=3") as page:
        wait_for_step(page, 3)
        page.get_by_text("Connect the same seed").click()
        expect(page.locator(".st-key-lesson_say")).to_contain_text(
            luck.say_pairs(luck.pairs()[: luck.SEEDS_AT_FIRST]).replace("**", ""), timeout=MILLISECONDS
        )
        page.get_by_role("slider", name="Seeds that are compared").press("End")
        expect(page.locator(".st-key-lesson_say")).to_contain_text(
            luck.say_pairs(luck.pairs()).replace("**", ""), timeout=MILLISECONDS
        )
        press(page, f"Next: {STEPS[3].name()}").click()
        wait_for_step(page, 4)
        expect(page).to_have_url(re.compile(r"step=4"), timeout=MILLISECONDS)
        page.get_by_role("radio", name=STEPS[5].name()).press("Enter")
        wait_for_step(page, 6)
        expect(page).to_have_url(re.compile(r"step=6"), timeout=MILLISECONDS)
        page.go_back()
        wait_for_step(page, 4)


def test_a_curve_is_drawn_until_it_is_stopped(open_tab: OpenTab, learn: str) -> None:
    with open_tab(f"{learn}?step=2") as page:
        wait_for_step(page, 2)
        press(page, "Start the training").click()
        stop = press(page, "Stop here")
        stop.wait_for(timeout=MILLISECONDS)
        page.wait_for_function(
            "Number(document.querySelector('.st-key-lesson_say').innerText.match(/Epoch (\\d+)/)?.[1]) > 12",
            timeout=MILLISECONDS,
        )
        stop.click()
        expect(page.locator(".st-key-lesson_say")).to_contain_text("You stopped at epoch", timeout=MILLISECONDS)
        expect(page.get_by_role("slider", name="Patience of early stopping")).to_be_visible(timeout=MILLISECONDS)


@pytest.mark.parametrize("step", range(1, len(STEPS) + 1))
def test_each_step_fits_on_a_phone(open_tab: OpenTab, learn: str, step: int) -> None:
    with open_tab(f"{learn}?step={step}", width=390) as page:
        wait_for_step(page, step)
        if step < len(STEPS):
            page.locator(".live-chart[data-draws]").first.wait_for(timeout=MILLISECONDS)
        assert not is_sideways(page)
