"""The report in a real browser without a network: charts in the scheme's colours, and black on white for paper."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.export.reports import HOSTILE, hostile_report

PAGE_COLOURS = {"light": "#ffffff", "dark": "#0e1117"}
MATHJAX = "MathJax is not loaded"
"""Plotly says so of every text with two dollar signs, and shows it as it is."""
MANY = (*HOSTILE, *(f"variant {number}" for number in range(len(HOSTILE), 24)))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, made = tmp_path_factory.mktemp("report"), {}
    for name, variants in (("some", HOSTILE), ("many", MANY)):
        made[name] = folder / f"{name}.html"
        made[name].write_text(hostile_report(variants)[2], encoding="utf-8")
    return made


@contextmanager
def opened(browser: Browser, file: Path, *, scheme: Any = "light", width: int = 1200) -> Iterator[Page]:
    """The file in a browser that is offline; nothing may be asked for but the file, and nothing complained of."""
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True)
    page, asked, complaints = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(file.as_uri())
    wait_for(page, "chart.querySelector('.trace')")
    yield page
    context.close()
    assert [url for url in asked if not url.startswith("blob:null/")] == [file.as_uri()]  # a blob is its own memory
    assert [text for text in complaints if MATHJAX not in text] == []


def chart(page: Page, expression: str) -> Any:
    """Evaluate a JavaScript expression over `chart`, the first of the report."""
    return page.evaluate(f"() => {{ const chart = document.querySelector('.chart'); return {expression}; }}")


def wait_for(page: Page, condition: str) -> None:
    """Wait until a condition holds of the first chart. (`wait_for_function` evaluates text, which the page forbids.)"""
    page.evaluate(
        f"""() => new Promise((done) => {{
          const chart = document.querySelector(".chart");
          const look = () => ({condition} ? done() : requestAnimationFrame(look));
          look();
        }})"""
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_charts_are_drawn_without_a_network_in_the_systems_colours(
    browser: Browser, files: dict[str, Path], scheme: str, width: int
) -> None:
    with opened(browser, files["some"], scheme=scheme, width=width) as page:
        assert page.locator(".chart .main-svg").count() >= 2
        assert chart(page, "chart.layout.paper_bgcolor") == PAGE_COLOURS[scheme]
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing is cut at the right"
        box = "chart.getBoundingClientRect().right"
        beside = ".filter((text) => chart.layout.annotations[text.dataset.index].xref === 'paper')"
        ends = f"[...chart.querySelectorAll('.annotation')]{beside}.map((text) => text.getBoundingClientRect().right)"
        assert chart(page, f"Math.max(...{ends}) <= {box}")
        assert page.title().startswith(HOSTILE[1]), "no name was run as a script"


def test_the_scheme_is_followed_while_the_report_is_open(browser: Browser, files: dict[str, Path]) -> None:
    with opened(browser, files["some"]) as page:
        page.emulate_media(color_scheme="dark")
        wait_for(page, f"chart.layout.paper_bgcolor === '{PAGE_COLOURS['dark']}'")


def test_paper_is_white_and_charts_fit_on_it(browser: Browser, files: dict[str, Path]) -> None:
    with opened(browser, files["some"], scheme="dark") as page:
        page.evaluate(
            """addEventListener('beforeprint', () => { const { width, paper_bgcolor, font } =
            document.querySelector('.chart').layout; window.printed = [width, paper_bgcolor, font.color]; })"""
        )
        assert page.pdf(format="A4").startswith(b"%PDF")
        assert page.evaluate("window.printed") == [680, "#fff", "#000"]
        assert chart(page, "chart.layout.paper_bgcolor") == PAGE_COLOURS["dark"]
        assert chart(page, "chart.layout.width") > 1000


def test_pointing_at_a_variant_fades_the_others_and_shows_its_words(browser: Browser, files: dict[str, Path]) -> None:
    marks = "[...chart.querySelectorAll('.trace[class*=_marks_focused]')]"
    shown = f"{marks}.filter((t) => getComputedStyle(t).display !== 'none').map((t) => t.classList[2])"
    words = "[...chart.querySelectorAll('.annotation:not(.silent)')].length"
    faded = "[...chart.querySelectorAll('.trace.faded')].map((t) => t.classList[2].split('_')[0])"
    with opened(browser, files["some"]) as page:
        assert chart(page, shown) == ["tracev0_marks_focused"] and chart(page, faded) == []
        before = chart(page, words)
        page.locator("li[data-variant='2']").first.hover()
        assert chart(page, shown) == ["tracev2_marks_focused"] and chart(page, words) == before
        assert set(chart(page, faded)) == {f"tracev{index}" for index in range(len(HOSTILE)) if index != 2}
        page.locator("h1").hover()
        assert chart(page, shown) == ["tracev0_marks_focused"] and chart(page, faded) == []


def test_what_a_person_zoomed_to_stays_on_another_width_until_it_is_reset(
    browser: Browser, files: dict[str, Path]
) -> None:
    ranges = "[...chart.layout.xaxis.range, ...chart.layout.yaxis.range]"
    with opened(browser, files["some"]) as page:
        home = chart(page, ranges)
        plot = page.locator(".chart .draglayer .nsewdrag").first
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        assert box is not None
        for step, share in enumerate((0.3, 0.4, 0.6)):
            page.mouse.move(box["x"] + share * box["width"], box["y"] + share * box["height"])
            if step == 0:
                page.mouse.down()
        page.mouse.up()
        wait_for(page, f"chart.layout.xaxis.range[0] > {home[0]}")
        zoomed = chart(page, ranges)
        page.set_viewport_size({"width": 900, "height": 800})
        wait_for(page, "chart.layout.width < 900")
        assert chart(page, ranges) == zoomed
        page.locator(".chart").first.hover()
        page.locator(".chart").first.locator("[data-title='Reset axes']").click()
        assert chart(page, ranges) == home


def test_a_chart_is_saved_as_a_picture(browser: Browser, files: dict[str, Path], tmp_path: Path) -> None:
    with opened(browser, files["some"]) as page:
        page.locator(".chart").first.hover()
        with page.expect_download() as download:
            page.locator(".chart").first.locator("[data-title='Save as PNG']").click()
        download.value.save_as(tmp_path / "chart.png")
        content = (tmp_path / "chart.png").read_bytes()
        assert content.startswith(b"\x89PNG")
        assert int.from_bytes(content[16:20]) == 2 * chart(page, "chart.clientWidth")


@pytest.mark.parametrize("width", [1200, 390])
def test_24_variants_stay_readable_and_no_chart_is_higher_than_a_page(
    browser: Browser, files: dict[str, Path], width: int
) -> None:
    with opened(browser, files["many"], width=width) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator(".comparisons li").count() == 23
        heights = "[...document.querySelectorAll('figure')].map((figure) => figure.offsetHeight)"
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        assert max(page.evaluate(heights)) < 940, "of Letter, less margins, there are 943 pixels"
