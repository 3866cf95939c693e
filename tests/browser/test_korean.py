"""Korean in a real browser: chosen by it or in the header, with the system's Korean fonts, and nothing cut."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_journeys import SECONDS, Charts, Lab, OpenTab, Serve, start_lab

WIDTHS = (1440, 390)
SYSTEM_FONTS = ("Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", "Noto Sans CJK KR")

CUT = """() => [...document.querySelectorAll("button, label, p, th, td, h1, h2, h3, summary, .effect, li")]
  .filter((element) => element.offsetParent && element.innerText.trim())
  .filter((element) => !element.closest(".st-key-presets, .st-key-train_bar, [role=status], [data-testid=stSidebar]"))
  .filter((element) => {
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const hidden = style.overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1;
    return hidden || box.right > document.documentElement.clientWidth + 1 || box.left < -1;
  })
  .map((element) => element.innerText.slice(0, 60))"""
"""Texts that do not fit; left out is what scrolls or is shortened on purpose, and what is not to be seen."""


@pytest.fixture(scope="module")
def lab(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    yield from start_lab(serve, tmp_path_factory.mktemp("lab"), WORKERS="1", HOSTED="")


def wait_until_whole(page: Page) -> None:
    expect(page.get_by_text("Regularizer Lab 0.", exact=False).last).to_be_attached(timeout=SECONDS * 1000)
    page.wait_for_function("document.documentElement.lang === 'ko'", timeout=SECONDS * 1000)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("page_name", ["", "learn", "runs"])
def test_nothing_is_cut_and_no_page_moves_sideways(open_tab: OpenTab, lab: Lab, page_name: str, width: int) -> None:
    with open_tab(f"{lab.url}{page_name}?lang=ko", width=width) as page:
        wait_until_whole(page)
        if not page_name:
            Charts(page).wait_until_drawn()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CUT) == []


def test_korean_letters_come_from_the_systems_fonts(open_tab: OpenTab, lab: Lab) -> None:
    with open_tab(f"{lab.url}?lang=ko") as page:
        wait_until_whole(page)
        Charts(page).wait_until_drawn()
        for place in ("h1", ".st-key-results p"):
            family = page.eval_on_selector(place, "element => getComputedStyle(element).fontFamily")
            assert all(font in family for font in SYSTEM_FONTS)
        assert all(font in Charts(page).evaluate("plot._fullLayout.font.family") for font in SYSTEM_FONTS)


def test_a_browser_in_korean_gets_korean_and_can_be_told_otherwise(browser: Browser, lab: Lab) -> None:
    context = browser.new_context(locale="ko-KR")
    page = context.new_page()
    page.goto(lab.url)
    expect(page.get_by_role("button", name="학습 시작")).to_be_visible(timeout=SECONDS * 1000)
    page.get_by_role("radio", name="English").click()
    expect(page.get_by_role("button", name="Train", exact=False).first).to_be_visible(timeout=SECONDS * 1000)
    page.wait_for_url("**lang=en**", timeout=SECONDS * 1000)
    page.wait_for_function("document.documentElement.lang === 'en'", timeout=SECONDS * 1000)
    context.close()
