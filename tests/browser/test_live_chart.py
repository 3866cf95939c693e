"""The live chart in a real browser: what a person did to it stays while data arrive."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from ui.components.live_chart import CHART_FAILED

ROOT = Path(__file__).parents[2]
APP = 'import streamlit as st\nfrom ui.server.app import routes\napp = st.App("page.py", routes=routes())\n'

OpenTab = Callable[..., AbstractContextManager[Page]]
Serve = Callable[..., AbstractContextManager[str]]


@contextmanager
def served(serve: Serve, folder: Path, base_path: str = "") -> Iterator[str]:
    """Start the streaming page in a folder of its own, as a person would, and yield its address."""
    shutil.copy(Path(__file__).with_name("streaming_page.py"), folder / "page.py")
    (folder / "app.py").write_text(APP)
    shutil.copytree(ROOT / ".streamlit", folder / ".streamlit")
    with serve(folder, base_path=base_path) as url:
        yield url


@pytest.fixture(scope="module")
def address(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(serve, tmp_path_factory.mktemp("page")) as url:
        yield url


@contextmanager
def opened(open_tab: OpenTab, url: str, **options: Any) -> Iterator[Page]:
    """Open a page and wait for the chart."""
    with open_tab(url, **options) as page:
        wait_for_draws(page, 1)
        yield page


def wait_for_draws(page: Page, count: int) -> None:
    page.wait_for_function(
        "count => Number(document.querySelector('.live-chart')?.dataset.draws) >= count", arg=count, timeout=30_000
    )


def wait_for_new_data(page: Page, refreshes: int = 3) -> None:
    """Wait until the chart itself has drawn that many epochs more."""
    length = "document.querySelector('.live-chart-plot')._fullData[0]._length"
    now = page.evaluate(length)
    page.wait_for_function(f"goal => {length} >= goal", arg=now + refreshes, timeout=30_000)


def plot(page: Page, expression: str) -> Any:
    """Evaluate a JavaScript expression over `plot`, the element that Plotly draws into."""
    return page.evaluate(
        f"(() => {{ const plot = document.querySelector('.live-chart-plot'); return {expression} }})()"
    )


def test_zoom_hidden_variant_and_element_outlive_new_data(open_tab: OpenTab, address: str) -> None:
    with opened(open_tab, address) as page:
        plot(page, "plot.marked = 'same element'")
        area = page.locator(".live-chart .nsewdrag").bounding_box()
        assert area is not None
        page.mouse.move(area["x"] + area["width"] * 0.2, area["y"] + area["height"] * 0.2)
        page.mouse.down()
        page.mouse.move(area["x"] + area["width"] * 0.6, area["y"] + area["height"] * 0.7, steps=5)
        page.mouse.up()
        page.wait_for_function("document.querySelector('.live-chart-plot').layout.xaxis.autorange === false")
        page.locator(".live-chart .legendtoggle").nth(1).click()
        page.wait_for_function("document.querySelector('.live-chart-plot')._fullData[1].visible === 'legendonly'")
        zoomed = plot(page, "[...plot._fullLayout.xaxis.range, ...plot._fullLayout.yaxis.range]")

        wait_for_new_data(page)

        assert plot(page, "[...plot._fullLayout.xaxis.range, ...plot._fullLayout.yaxis.range]") == zoomed
        assert plot(page, "plot._fullData.map(trace => trace.visible)") == [True, "legendonly"]
        assert plot(page, "plot.marked") == "same element"


def test_seeing_all_outlives_new_data_until_the_axes_are_reset(open_tab: OpenTab, address: str) -> None:
    with opened(open_tab, address) as page:
        top = "plot._fullLayout.yaxis.range[1]"
        assert plot(page, top) < 1.9
        page.locator(".live-chart .nsewdrag").dblclick()
        page.wait_for_function("document.querySelector('.live-chart-plot')._fullLayout.yaxis.range[1] > 1.9")
        wait_for_new_data(page)
        assert plot(page, top) > 1.9
        page.locator(".live-chart .modebar-btn[data-title='Reset axes']").click()
        page.wait_for_function("document.querySelector('.live-chart-plot')._fullLayout.yaxis.range[1] < 1.9")
        before = plot(page, top)
        wait_for_new_data(page)
        assert before < plot(page, top) < 1.9, "the axis follows the data again"


def test_hover_text_outlives_new_data(open_tab: OpenTab, address: str) -> None:
    with opened(open_tab, address) as page:
        area = page.locator(".live-chart .nsewdrag").bounding_box()
        assert area is not None
        page.mouse.move(area["x"] + area["width"] * 0.5, area["y"] + area["height"] * 0.75)
        expect(page.locator(".live-chart .hovertext").first).to_be_visible()

        wait_for_new_data(page)

        expect(page.locator(".live-chart .hovertext").first).to_be_visible()


def test_a_drag_in_progress_is_not_broken_by_new_data(open_tab: OpenTab, address: str) -> None:
    with opened(open_tab, address) as page:
        area = page.locator(".live-chart .nsewdrag").bounding_box()
        assert area is not None
        page.mouse.move(area["x"] + area["width"] * 0.2, area["y"] + area["height"] * 0.2)
        page.mouse.down()
        page.mouse.move(area["x"] + area["width"] * 0.5, area["y"] + area["height"] * 0.5, steps=5)
        wait_for_new_data(page)
        expect(page.locator(".live-chart .zoombox")).to_have_count(1)  # the frame that the person is drawing
        page.mouse.up()
        page.wait_for_function("document.querySelector('.live-chart-plot').layout.xaxis.autorange === false")
        wait_for_new_data(page)


def test_the_chart_is_named_and_reached_by_keyboard(open_tab: OpenTab, address: str) -> None:
    with opened(open_tab, address) as page:
        chart = page.get_by_role("img", name=re.compile(r"Two falling curves, \d+ epochs"))
        expect(chart).to_have_attribute("tabindex", "0")
        chart.focus()
        expect(chart).to_be_focused()


def test_colours_follow_the_page_theme_while_it_is_open(open_tab: OpenTab, address: str) -> None:
    colours = "[plot._fullLayout.paper_bgcolor, plot._fullLayout.font.color, plot._fullLayout.yaxis.gridcolor]"
    with opened(open_tab, address) as page:
        light = plot(page, colours)
        plot(page, "plot.marked = 'same element'")
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(
            "light => document.querySelector('.live-chart-plot')._fullLayout.paper_bgcolor !== light",
            arg=light[0],
        )
        dark = plot(page, colours)
        assert plot(page, "plot.marked") == "same element"
    assert (light[0], dark[0]) == ("#ffffff", "#0e1117")
    assert all(one != other for one, other in zip(light, dark, strict=True))


def test_the_chart_fits_a_phone_and_a_wider_window(open_tab: OpenTab, address: str) -> None:
    with opened(open_tab, address, width=390) as page:
        expect(page.locator(".live-chart-plot .main-svg").first).to_be_visible()
        main = page.locator("[data-testid='stMain']")
        assert main.evaluate("element => element.scrollWidth - element.clientWidth") <= 0
        assert plot(page, "plot._fullLayout.legend.orientation") == "h"
        page.set_viewport_size({"width": 1200, "height": 800})
        page.wait_for_function("document.querySelector('.live-chart-plot')._fullLayout.legend.orientation === 'v'")
        box_width = "document.querySelector('.live-chart').clientWidth"
        page.wait_for_function(f"document.querySelector('.live-chart-plot')._fullLayout.width === {box_width}")


def test_the_chart_comes_back_after_it_was_taken_away(open_tab: OpenTab, address: str) -> None:
    with opened(open_tab, address) as page:
        page.evaluate("window.removed = document.querySelector('.live-chart-plot')")
        toggle = page.get_by_test_id("stCheckbox").locator("label")
        toggle.click()
        expect(page.locator(".live-chart")).to_have_count(0)
        page.wait_for_function("window.removed._fullLayout === undefined")  # Plotly.purge let go of it
        toggle.click()
        wait_for_draws(page, 1)
        wait_for_new_data(page, 1)


def test_the_chart_loads_on_another_page_and_when_coming_from_one(open_tab: OpenTab, address: str) -> None:
    with opened(open_tab, address + "runs") as page:
        page.get_by_role("link", name="Home").click()
        page.wait_for_url(address)
        wait_for_draws(page, 1)


def test_a_chart_far_down_is_drawn_when_it_comes_near(open_tab: OpenTab, address: str) -> None:
    with open_tab(address + "far") as page:
        page.wait_for_function("window.Plotly", timeout=30_000)
        page.wait_for_timeout(500)
        drawn = page.locator(".live-chart .main-svg")
        expect(drawn).to_have_count(0)
        page.locator(".live-chart").scroll_into_view_if_needed()
        expect(drawn.first).to_be_visible()


def test_the_chart_loads_behind_a_base_path(open_tab: OpenTab, serve: Serve, tmp_path: Path) -> None:
    with served(serve, tmp_path, "lab") as url, opened(open_tab, url + "runs"):
        pass


def test_a_chart_that_cannot_load_says_so(browser: Browser, address: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.route("**/app/static/plotly-*", lambda route: route.abort())
    page.goto(address)
    expect(page.get_by_text(CHART_FAILED)).to_be_visible(timeout=30_000)
    page.unroute("**/app/static/plotly-*")
    wait_for_draws(page, 1)
    expect(page.get_by_text(CHART_FAILED)).to_be_hidden()
    context.close()
