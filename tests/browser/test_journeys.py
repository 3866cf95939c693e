"""What people do, from end to end: a real browser, a real server, real workers, one store."""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Frame, Locator, Page, Response, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from datasets.registry import DATASETS, Digits, Moons
from experiment.lessons import lesson
from experiment.link import encode_link
from experiment.presets import FIRST_VISIT, presets
from experiment.spec import Experiment, parse_experiment
from models.techniques import TECHNIQUES
from results.artifacts import read_artifact
from results.envelope import opened_at
from results.findings.boundary import BOUNDARY
from results.records import EpochRecord
from results.store import Store
from results.uploads import read_upload
from ui import text
from ui.components.live_chart import SHOW_AS_TABLE
from ui.learn import learn_text

ROOT = Path(__file__).parents[2]
SECONDS = 180
"""How long anything may take; only a safeguard."""

OpenTab = Callable[..., AbstractContextManager[Page]]
Serve = Callable[..., AbstractContextManager[str]]

SMALL = parse_experiment(
    '{"name": "small", "dataset": {"name": "wine"}, "training": {"epochs": 5}, "seeds": [0, 1],'
    ' "architecture": {"name": "mlp", "widths": [8]}}'
)
LONG = parse_experiment(
    '{"name": "long", "training": {"epochs": 1000, "batch_size": 1}, "seeds": [0, 1],'
    ' "architecture": {"name": "mlp", "widths": [384]},'
    ' "variants": [{"name": "baseline"}, {"name": "L2", "techniques": [{"name": "l2", "l2": 0.001}]}]}'
)
"""Streams for longer than any test looks at it."""


@dataclass(frozen=True)
class Lab:
    """A running server and its store."""

    url: str
    store: Store

    def link(self, identifier: str) -> str:
        return f"{self.url}?experiment={identifier}"

    def configuration(self, experiment: Experiment) -> str:
        return f"{self.url}?configuration={encode_link(experiment)}"

    def ended(self, identifier: str) -> bool:
        return not any(run.active for run in self.store.runs(identifier))

    def statuses(self, identifier: str) -> set[str]:
        return {run.status for run in self.store.runs(identifier)}

    def epochs(self, identifier: str) -> int:
        return len(self.store.epochs([run.id for run in self.store.runs(identifier)]))


def start_lab(serve: Serve, folder: Path, **environment: str) -> Iterator[Lab]:
    url = f"sqlite:///{folder / 'results.db'}"
    places = {f"XDG_{name}_HOME": str(folder) for name in ("DATA", "STATE", "CACHE")}
    with serve(ROOT, DATABASE_URL=url, **places, **environment) as address, Store(url) as store:
        yield Lab(address, store)


@pytest.fixture(scope="module")
def lab(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    yield from start_lab(serve, tmp_path_factory.mktemp("lab"), WORKERS="2", HOSTED="")


@pytest.fixture
def hosted(serve: Serve, tmp_path: Path) -> Iterator[Lab]:
    yield from start_lab(serve, tmp_path, WORKERS="1", HOSTED="1")


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


class Charts:
    """The chart of the experiment, or one elsewhere."""

    def __init__(self, page: Page | Frame, place: str = ".st-key-chart_panel") -> None:
        self.page, self.place = page, place

    def evaluate(self, expression: str) -> Any:
        """A JavaScript expression over `plot`, the element that Plotly draws into."""
        return self.page.evaluate(self._over_plot(expression))

    def wait_for(self, expression: str) -> None:
        self.page.wait_for_function(self._over_plot(expression), timeout=SECONDS * 1000)

    def _over_plot(self, expression: str) -> str:
        plot = f"document.querySelector('{self.place} .live-chart-plot')"
        return f"(() => {{ const plot = {plot}; return plot?._fullData && ({expression}) }})()"

    def wait_until_drawn(self) -> None:
        self.wait_for("plot.querySelectorAll('.scatterlayer path.js-line').length > 1")

    @property
    def epochs(self) -> int:
        """Epochs in the longest of the whole curves, which say no x."""
        return int(self.evaluate(f"Math.max(...{WHOLE_CURVES})"))

    def wait_for_epochs(self, more: int) -> None:
        self.wait_for(f"Math.max(...{WHOLE_CURVES}) >= {self.epochs + more}")


WHOLE_CURVES = "plot._fullData.filter(trace => trace.dx).map(trace => trace._length)"


def press(page: Page | Frame, label: str) -> Locator:
    """A button by its label: an icon's name stands before it."""
    return page.get_by_role("button", name=re.compile(rf"(^|\s){re.escape(label)}$"))


def badge(page: Page, label: str) -> Locator:
    return page.locator(".st-key-results .stMarkdownBadge").filter(has_text=re.compile(f"^{label}$"))


def train(page: Page) -> str:
    """Presses Train; gives the identifier in the address, once nothing of what was shown before is left on the page."""
    expect(press(page, text.TRAIN)).to_be_enabled(timeout=SECONDS * 1000)
    press(page, text.TRAIN).click()
    page.wait_for_url(re.compile(r"\?experiment="), timeout=SECONDS * 1000)
    expect(page.get_by_text(text.RECORDED, exact=True)).to_have_count(0, timeout=SECONDS * 1000)
    page.wait_for_selector("[data-test-script-state='notRunning']", timeout=SECONDS * 1000)
    return page.url.split("?experiment=")[1]


def is_sideways(page: Page) -> bool:
    """Whether the page or its main part is wider than the screen."""
    return bool(
        page.evaluate(
            "[document.documentElement, document.querySelector('[data-testid=stMain]')]"
            ".some(element => element.scrollWidth > element.clientWidth)"
        )
    )


def test_the_first_visit_shows_the_recorded_example_drawn(open_tab: OpenTab, lab: Lab) -> None:
    with open_tab(lab.url) as page:
        Charts(page).wait_until_drawn()
        expect(page.get_by_role("heading", name=presets()[FIRST_VISIT].name)).to_be_visible()
        expect(badge(page, f".*{text.RECORDED}").first).to_be_visible()
        for chart in page.locator(".st-key-results .live-chart").all():
            assert chart.bounding_box()["width"] > 300  # type: ignore[index]
        assert Charts(page).evaluate("plot._fullData.filter(trace => trace.meta === 'marks').length") > 0
        assert page.url == lab.url
    assert lab.store.experiments() == []


def test_a_configuration_link_fills_the_form_and_trains_on_train_alone(open_tab: OpenTab, lab: Lab) -> None:
    with open_tab(lab.configuration(SMALL)) as page:
        expect(page.get_by_text(text.LOADED_FROM_LINK)).to_be_visible(timeout=SECONDS * 1000)
        expect(page.get_by_role("textbox", name=text.EXPERIMENT_NAME)).to_have_value("small")
        assert lab.store.experiments() == []
        identifier = train(page)  # perhaps before the workers are warm
        expect(badge(page, "2 finished")).to_be_visible(timeout=SECONDS * 1000)
        Charts(page).wait_until_drawn()
    stored = lab.store.experiment(identifier)
    assert stored is not None
    assert parse_experiment(stored.spec) == SMALL


def test_a_file_of_ones_own_is_uploaded_shown_as_text_and_trained_on(open_tab: OpenTab, lab: Lab) -> None:
    rows = "".join(f"{i % 7},{i % 5},{('<img src=x onerror=alert(1)>', '=1+1')[i % 2]}\n" for i in range(60))
    content = f"u,v,<b>kind</b>\n{rows}".encode()
    with open_tab(lab.configuration(SMALL)) as page:
        Charts(page).wait_until_drawn()
        page.locator("[data-test-script-state=notRunning]").wait_for(timeout=SECONDS * 1000)  # else a list can close
        page.get_by_role("tab", name=text.DATA, exact=True).click()
        page.get_by_role("combobox", name=text.DATASET).click()
        page.get_by_role("option", name=DATASETS["upload"].label).click()
        file = page.locator(".st-key-lab input[type=file]")
        file.set_input_files({"name": "mine.csv", "mimeType": "text/csv", "buffer": content})
        expect(page.get_by_text(text.OWN_FILE_IN_USE.format(name="mine.csv"))).to_be_visible(timeout=SECONDS * 1000)
        expect(page.get_by_role("combobox", name=text.TARGET)).to_have_value("<b>kind</b>")
        page.wait_for_function("document.body.textContent.includes('<img src=x')")  # in the legend
        assert page.locator("img[src=x]").count() == 0
        identifier = train(page)
        expect(badge(page, "2 finished")).to_be_visible(timeout=SECONDS * 1000)
    stored = lab.store.experiment(identifier)
    assert stored is not None
    sha256 = json.loads(stored.spec)["dataset"]["sha256"]
    assert read_upload(lab.store, sha256) == content
    lab.store.delete_experiment(identifier, visitor="local")
    assert read_upload(lab.store, sha256) is None


def test_bad_links_say_so_and_leave_a_usable_page(open_tab: OpenTab, lab: Lab) -> None:
    with open_tab(f"{lab.url}?configuration=broken") as page:
        expect(page.get_by_text("The link is broken")).to_be_visible(timeout=SECONDS * 1000)
        expect(press(page, text.TRAIN)).to_be_enabled()
        Charts(page).wait_until_drawn()
    with open_tab(lab.link("unknown")) as page:
        expect(page.get_by_text(text.NOT_FOUND)).to_be_visible(timeout=SECONDS * 1000)
        press(page, text.BACK_TO_LAB).click()
        Charts(page).wait_until_drawn()
        assert "unknown" not in page.url


def test_pointing_at_a_variant_fades_the_others_and_the_chart_is_a_table_and_a_file_too(
    open_tab: OpenTab, lab: Lab
) -> None:
    with open_tab(lab.url, width=1440) as page:
        charts = Charts(page)
        charts.wait_until_drawn()
        opacity = "[...plot.querySelectorAll('.trace')].filter((t) => /tracev{}_/.test(t.classList.value))"
        faded = f"{opacity}.every((trace) => getComputedStyle(trace).opacity < 0.2)"
        page.locator(".st-key-card_1").hover()
        charts.wait_for(f"{faded.format(2)} && !({faded.format(1)})")
        page.mouse.move(5, 5)
        charts.wait_for(f"!({faded.format(2)})")
        page.locator(".st-key-numbers_panel tbody tr").nth(1).focus()  # by keyboard
        charts.wait_for(faded.format(1))
        page.locator(".st-key-variant_card_1 input").first.hover()
        charts.wait_for(f"!({faded.format(1)})")

        panel = page.locator(".st-key-chart_panel")
        panel.get_by_text(SHOW_AS_TABLE).click()
        expect(panel.locator(".live-chart-table tr")).to_have_count(151)
        head = panel.locator(".live-chart-table tr").first
        for variant in presets()[FIRST_VISIT].variants:
            expect(head).to_contain_text(f"{variant.name}: validation")

        panel.locator(".live-chart").hover()
        with page.expect_download() as download:
            panel.locator(".modebar-btn[data-title='Save as SVG']").click()
        assert download.value.suggested_filename == "regularizer-lab.svg"
        drawn = download.value.path().read_text(encoding="utf-8")
        assert drawn.startswith("<svg") and "Overfitting begins" in drawn

        head = page.locator(".st-key-numbers_panel thead th").nth(3)
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", "ascending")
        cells = page.locator(".st-key-numbers_panel td:nth-child(4)").all_inner_texts()
        shares = [float(cell.split("%")[0]) for cell in cells]
        assert shares == sorted(shares)


def test_the_default_trains_to_the_end_with_marks_verdict_and_table(open_tab: OpenTab, lab: Lab) -> None:
    with open_tab(lab.url) as page:
        identifier = train(page)
        expect(badge(page, "40 finished")).to_be_visible(timeout=SECONDS * 1000)
        charts = Charts(page)
        charts.wait_for("plot._fullData.filter(trace => /_lane$/.test(trace.uid)).length === 4")
        assert charts.epochs == 150
        expect(page.get_by_text("Over 10 seeds: ").first).to_be_visible()
        expect(page.locator("[role=status]", has_text=text.ENDED)).to_have_count(1)
        table = page.locator(".st-key-numbers_panel .sortable-table")
        for variant in presets()[FIRST_VISIT].variants:
            expect(table).to_contain_text(variant.name)
        page.get_by_role("radio", name=text.SEEDS, exact=True).click()
        charts.wait_for("plot._fullData.filter(trace => /_seeds$/.test(trace.uid)).length === 4")
        expect(press(page, text.CANCEL)).to_have_count(0)
    runs = lab.store.runs(identifier)
    assert [(run.variant, run.seed) for run in runs] == presets()[FIRST_VISIT].runs()
    assert {run.ended_by for run in runs} == {"epochs", "early_stopping"}


def test_zoom_focus_and_the_chart_itself_outlive_the_stream_until_cancel(open_tab: OpenTab, lab: Lab) -> None:
    with open_tab(lab.configuration(LONG), width=1300) as page:
        identifier = train(page)
        charts = Charts(page)
        charts.wait_until_drawn()
        charts.evaluate("plot.marked = 'same element'")
        page.locator(".st-key-results .live-chart").first.scroll_into_view_if_needed()
        area = page.locator(".st-key-results .live-chart .nsewdrag").first.bounding_box()
        assert area is not None
        page.mouse.move(area["x"] + area["width"] * 0.1, area["y"] + area["height"] * 0.2)
        page.mouse.down()
        page.mouse.move(area["x"] + area["width"] * 0.6, area["y"] + area["height"] * 0.8, steps=5)
        page.mouse.up()
        charts.wait_for("plot.layout.xaxis.autorange === false || plot.layout.xaxis.range[1] < 900")
        page.locator(".st-key-numbers_panel tbody tr").first.locator("th").click()
        faded = "[...plot.querySelectorAll('.trace')].some((trace) => getComputedStyle(trace).opacity < 0.2)"
        charts.wait_for(faded)
        ranges = "[...plot._fullLayout.xaxis.range, ...plot._fullLayout.yaxis.range]"
        before = charts.evaluate(ranges)
        page.mouse.move(5, 5)

        charts.wait_for_epochs(10)

        assert charts.evaluate(ranges) == before
        assert charts.evaluate(faded)
        assert charts.evaluate("plot.marked") == "same element"

        page.reload()
        charts.wait_until_drawn()
        charts.wait_for_epochs(5)

        with open_tab(lab.link(identifier)) as other:
            Charts(other).wait_until_drawn()
            Charts(other).wait_for_epochs(5)
            charts.wait_for_epochs(5)
            press(page, text.CANCEL).click()
            for tab in (page, other):
                expect(badge(tab, r"\d cancelled")).to_be_visible(timeout=SECONDS * 1000)
                expect(badge(tab, r"\d running")).to_have_count(0)
        assert lab.statuses(identifier) == {"cancelled"}
    epochs = lab.epochs(identifier)
    with open_tab(lab.configuration(SMALL)) as page:  # the workers are free again, and the cancelled runs stand still
        train(page)
        expect(badge(page, "2 finished")).to_be_visible(timeout=SECONDS * 1000)
    assert lab.epochs(identifier) == epochs


def test_the_decision_boundary_moves_while_it_trains(open_tab: OpenTab, lab: Lab) -> None:
    moving = LONG.model_copy(update={"dataset": Moons(samples=2000), "seeds": (0,), "variants": LONG.variants[:1]})
    picture = "plot.layout.images?.[0].source"
    with open_tab(lab.configuration(moving), width=1300) as page:
        identifier = train(page)
        charts = Charts(page, "[class*=st-key-boundary_]")
        charts.wait_for(picture)
        charts.evaluate("plot.marked = 'same element'")
        seen = charts.evaluate(picture)
        for _ in range(2):
            charts.wait_for(f"{picture} !== {json.dumps(seen)}")
            seen = charts.evaluate(picture)
        assert charts.evaluate("plot.marked") == "same element"
        points = charts.evaluate("plot._fullData.map(trace => [trace.marker.symbol, trace._length])")
        count = {shape: sum(n for symbol, n in points if symbol == shape) for shape, _ in points}
        assert count == {"circle": 300, "x": 300}  # the first of the training and validation rows, none of the test
        press(page, text.CANCEL).click()
        expect(badge(page, "1 cancelled")).to_be_visible(timeout=SECONDS * 1000)
    (run,) = lab.store.runs(identifier)
    stored = read_artifact(lab.store, run.id, BOUNDARY)
    assert stored is not None
    assert 1 < stored[0] <= len(lab.store.epochs([run.id])), "the epochs that led to it are there, too"


def test_training_goes_on_without_the_browser(browser: Browser, open_tab: OpenTab, lab: Lab) -> None:
    medium = LONG.model_copy(update={"training": LONG.training.model_copy(update={"epochs": 40})})
    with open_tab(lab.configuration(medium)) as page:
        identifier = train(page)
        Charts(page).wait_until_drawn()
        assert not lab.ended(identifier)
    assert browser.contexts == []
    wait_for(lambda: lab.ended(identifier))
    assert lab.statuses(identifier) == {"finished"}
    with open_tab(lab.link(identifier)) as page:
        expect(badge(page, "4 finished")).to_be_visible(timeout=SECONDS * 1000)
        Charts(page).wait_until_drawn()
        assert Charts(page).epochs == 40


def test_a_technique_of_the_learn_page_is_compared_in_the_lab(open_tab: OpenTab, lab: Lab) -> None:
    experiment = lesson(TECHNIQUES["dropout"])
    with open_tab(lab.url) as page:
        page.get_by_role("link", name=learn_text.LEARN).click()
        page.locator(".st-key-learn_by_heart .js-line").first.wait_for(timeout=SECONDS * 1000)
        press(page, TECHNIQUES["dropout"].label).click()
        drawn = page.locator(".st-key-learn_entry_dropout .live-chart[data-draws]")
        drawn.wait_for(timeout=SECONDS * 1000)
        words = drawn.get_attribute("aria-label")
        page.locator("[data-test-script-state=notRunning]").wait_for(timeout=SECONDS * 1000)  # else a press can be lost
        press(page, learn_text.DRAW_ANEW).click()
        page.wait_for_function(
            "words => document.querySelector('.st-key-learn_entry_dropout .live-chart').ariaLabel !== words",
            arg=words,
            timeout=SECONDS * 1000,
        )
        assert not is_sideways(page)
        press(page, learn_text.COMPARE).click()
        expect(page.get_by_text("Press Train to see what it does")).to_be_visible(timeout=SECONDS * 1000)
        expect(page.get_by_role("textbox", name=text.EXPERIMENT_NAME)).to_have_value(
            experiment.name, timeout=SECONDS * 1000
        )
        page.get_by_role("tab", name=text.NETWORK, exact=True).click()
        expect(page.locator(".network").first).to_contain_text("Dense 128", timeout=SECONDS * 1000)
        identifier = train(page)
        wait_for(lambda: lab.ended(identifier))
    stored = lab.store.experiment(identifier)
    assert stored is not None
    assert parse_experiment(stored.spec) == experiment


def test_kerass_summary_comes_from_a_worker(open_tab: OpenTab, lab: Lab) -> None:
    with open_tab(lab.configuration(SMALL)) as page:
        page.get_by_role("tab", name=text.NETWORK, exact=True).click()
        page.get_by_text(text.KERAS_SUMMARY, exact=True).first.click()
        expect(page.get_by_text("dense_1 (Dense)").first).to_be_visible(timeout=SECONDS * 1000)


def test_runs_opens_exports_and_deletes(open_tab: OpenTab, lab: Lab) -> None:
    add_finished(lab, "to open", time.time() + 1)
    identifier = add_finished(lab, "to delete", time.time() + 2)
    with open_tab(lab.url) as page:
        page.get_by_role("link", name=text.RUNS).click()
        card = page.get_by_test_id("stVerticalBlock").filter(has_text="to delete").last
        press(page, text.EXPORT).first.click()
        with page.expect_download() as download:
            page.get_by_role("button", name=text.DOWNLOAD_EXPERIMENT).first.click()
        assert parse_experiment(download.value.path().read_bytes()).name == "to delete"
        with page.expect_download() as download:
            page.get_by_role("button", name=text.DOWNLOAD_RESULT).first.click()
        assert json.loads(download.value.path().read_bytes())["experiment_id"] == identifier
        page.keyboard.press("Escape")
        press(page, text.DELETE).first.click()
        press(page, text.DELETE_CONFIRM).click()
        expect(card).to_have_count(0)
        assert lab.store.experiment(identifier) is None
        press(page, text.OPEN).first.click()
        expect(page.get_by_role("heading", name="to open")).to_be_visible()
        Charts(page).wait_until_drawn()


def test_a_dialog_is_left_alone_by_refreshes(open_tab: OpenTab, lab: Lab) -> None:
    far = time.time() + 9999  # nobody takes the run over
    identifier = lab.store.add_experiment("{}", "queued", [("baseline", 0)], visitor="local", owner="other", now=far)
    with open_tab(f"{lab.url}runs") as page:
        press(page, text.DELETE).first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        run = lab.store.runs(identifier)[0]
        lab.store.start(run.id, 1, {}, far)
        expect(page.get_by_text("1 running").first).to_be_visible()
        expect(page.get_by_role("dialog")).to_be_visible()
        press(page, text.DELETE_CONFIRM).click()
        expect(page.get_by_text("1 running")).to_have_count(0)
    assert lab.store.experiment(identifier) is None


def test_a_phone_shows_results_first_and_never_scrolls_sideways(open_tab: OpenTab, lab: Lab) -> None:
    with open_tab(lab.url, width=390) as page:
        Charts(page).wait_until_drawn()
        results, form = page.locator(".st-key-results"), page.get_by_role("textbox", name=text.EXPERIMENT_NAME)
        assert results.bounding_box()["y"] < form.bounding_box()["y"]  # type: ignore[index]
        assert not is_sideways(page)
        for tab in (text.DATA, text.NETWORK, text.TRAINING):
            page.get_by_role("tab", name=tab).click()
            assert not is_sideways(page)
    add_finished(lab, "an experiment with a name too long for one line", time.time())
    with open_tab(f"{lab.url}runs", width=390) as page:
        expect(press(page, text.OPEN).first).to_be_visible(timeout=SECONDS * 1000)
        assert not is_sideways(page)


def test_a_refresh_of_8_variants_and_10_seeds_of_150_epochs_is_under_100_kilobytes(open_tab: OpenTab, lab: Lab) -> None:
    names = ["baseline", "dropout 0.3", "L2 0.001", "dropout + L2", "early stopping", "batch norm", "L1", "L1 + stop"]
    variants = json.dumps([{"name": name} for name in names])
    experiment = parse_experiment(
        f'{{"name": "traffic", "training": {{"epochs": 150}}, "variants": {variants}, "seeds": {[*range(10)]}}}'
    )
    far = time.time() + 9999  # nobody takes the runs over
    add: Any = {"visitor": "local", "owner": "other", "now": far}
    identifier = lab.store.add_experiment(experiment.model_dump_json(), "traffic", experiment.runs(), **add)
    runs = lab.store.runs(identifier)
    for run in runs:
        lab.store.start(run.id, 1, {}, far)
        lab.store.append_epochs(run.id, 1, [make_epoch(run.id, epoch) for epoch in range(1, 146)], far)
    with open_tab("about:blank", width=1440) as page:
        frames: list[bytes] = []
        page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(as_bytes(frame))))
        page.goto(lab.link(identifier))
        charts = Charts(page)
        charts.wait_until_drawn()
        charts.wait_for(f"Math.max(...{WHOLE_CURVES}) === 145")
        charts.wait_for(
            "plot.layout.annotations.some(({ text }) => text.includes('logistic'))"
        )  # a worker has answered
        answers: list[Response] = []
        page.on("response", lambda answer: answers.append(answer) if is_news(answer) else None)
        frames.clear()
        for epoch in range(146, 151):
            for run in runs:
                lab.store.append_epochs(run.id, 1, [make_epoch(run.id, epoch)], far)
            charts.wait_for(f"Math.min(...{WHOLE_CURVES}) === {epoch}")
        sent = [answer.request.sizes()["responseBodySize"] for answer in answers]
        print(f"{max(sent):,} bytes in the largest of {len(sent)} answers of the live road")
        assert len(sent) >= 5
        assert max(sent) < 30_000
        assert len(split_refreshes(frames)) <= 1, "epochs come without a run of the page"
        frames.clear()
        views = page.get_by_role("radiogroup", name=text.VIEW)
        views.get_by_role("radio", name=text.VIEWS["accuracy"], exact=True).click()
        while not split_refreshes(frames):
            page.evaluate("() => new Promise(requestAnimationFrame)")  # lets Playwright hear of further frames
    largest = max(split_refreshes(frames))
    print(f"{largest:,} bytes in a refresh")
    assert 30_000 < largest < 100_000
    lab.store.cancel(identifier, visitor="local", now=far)


def is_news(answer: Response) -> bool:
    """Whether the live road has brought something."""
    return "/live/" in answer.url and answer.status == 200


def add_finished(lab: Lab, name: str, now: float) -> str:
    """Stores an experiment whose runs have ended."""
    experiment = SMALL.model_copy(update={"name": name})
    add: Any = {"visitor": "local", "owner": "other", "now": now}
    identifier = lab.store.add_experiment(experiment.model_dump_json(), name, experiment.runs(), **add)
    for run in lab.store.runs(identifier):
        lab.store.start(run.id, 1, {}, now)
        lab.store.append_epochs(run.id, 1, [make_epoch(run.id, epoch) for epoch in range(1, 6)], now)
        lab.store.finish(run.id, 1, "finished", ended_by="epochs", now=now)
    return identifier


def make_epoch(run_id: int, epoch: int) -> EpochRecord:
    """A noisy curve that turns up after a while, so that every mark is there."""
    noise = float(np.random.default_rng([run_id, epoch]).normal(0, 0.01))
    loss = 2 * np.exp(-epoch / 10) + 0.2 + 0.002 * epoch + noise
    return EpochRecord(epoch, loss / 2, loss, 0.9 + noise, 0.8 + noise, loss, 0.001, epoch * 10, 0.005)


def as_bytes(frame: bytes | str) -> bytes:
    return frame if isinstance(frame, bytes) else frame.encode()


def split_refreshes(frames: Sequence[bytes]) -> list[int]:
    """The bytes of each script run that was received whole, from its first message to its last."""
    sizes: list[int] = []
    size: int | None = None
    for frame in frames:
        message = ForwardMsg.FromString(frame)
        kind = message.WhichOneof("type")
        if kind == "new_session":
            size = 0
        if size is not None:
            size += len(frame)
        if kind == "script_finished" and size is not None:
            sizes.append(size)
            size = None
    return sizes


def test_on_a_host_browsers_see_their_own_runs_and_cannot_cancel_others(
    browser: Browser, open_tab: OpenTab, hosted: Lab
) -> None:
    token = "localStorage.getItem('regularizer-lab-visitor')"
    # As long as a host allows.
    long = LONG.model_copy(update={"dataset": Digits(train_size=300)})
    with open_tab(hosted.configuration(long)) as mine, open_tab(hosted.configuration(SMALL)) as theirs:
        identifier = train(mine)
        train(theirs)
        assert mine.evaluate(token) != theirs.evaluate(token)
        assert len({summary.visitor for summary in hosted.store.experiments()}) == 2
        for page, own, other in ((mine, "long", "small"), (theirs, "small", "long")):
            page.get_by_role("link", name=text.RUNS).click()
            expect(page.get_by_text(own, exact=True)).to_be_visible(timeout=SECONDS * 1000)
            expect(page.get_by_text(other, exact=True)).to_have_count(0)

        theirs.goto(hosted.link(identifier))
        expect(theirs.get_by_role("heading", name="long")).to_be_visible(timeout=SECONDS * 1000)
        expect(press(theirs, text.TRAIN)).to_be_enabled(timeout=SECONDS * 1000)  # the browser has said its token
        theirs.get_by_role("radio", name=text.RUN_PROGRESS).click()
        expect(theirs.get_by_text("baseline · seed 0")).to_be_visible()
        expect(press(theirs, text.CANCEL)).to_have_count(0)

        kept = mine.evaluate(token)
        mine.reload()
        expect(mine.get_by_text("long", exact=True)).to_be_visible(timeout=SECONDS * 1000)
        assert mine.evaluate(token) == kept
        mine.goto(hosted.link(identifier))
        press(mine, text.CANCEL).first.click()
        for page in (mine, theirs):
            expect(badge(page, "4 cancelled")).to_be_visible(timeout=SECONDS * 1000)
        assert hosted.statuses(identifier) == {"cancelled"}


def test_the_first_page_that_a_fresh_server_shows_is_within_the_app(open_tab: OpenTab, hosted: Lab) -> None:
    with open_tab(f"{hosted.url}learn") as page:
        expect(page.get_by_role("heading", name=learn_text.LEARN, exact=True)).to_be_visible(timeout=SECONDS * 1000)
        expect(page.get_by_role("link", name=text.RUNS)).to_be_visible()
        expect(page.get_by_text("page not found", exact=False)).to_have_count(0)
        expect(page).to_have_title(text.APP)


def test_seeds_are_added_marks_are_moved_and_the_envelope_is_opened(open_tab: OpenTab, lab: Lab) -> None:
    two = [{"name": "baseline"}, {"name": "dropout", "techniques": [{"name": "dropout"}]}]
    asked = SMALL.model_dump(mode="json") | {"variants": two, "seeds": list(range(5))}
    asked["training"] = {"epochs": 40, "learning_rate": 0.05}
    with open_tab(lab.configuration(parse_experiment(json.dumps(asked)))) as page:
        identifier = train(page)
        expect(badge(page, "10 finished")).to_be_visible(timeout=SECONDS * 1000)
        expect(page.get_by_text("Over 5 seeds: ").first).to_be_visible()
        press(page, text.ADD_UP_TO.format(number=10)).click()
        expect(badge(page, "20 finished")).to_be_visible(timeout=SECONDS * 1000)
        expect(page.get_by_text("Over 10 seeds: ").first).to_be_visible()

        page.get_by_text(text.MAP, exact=True).click()
        expect(page.get_by_text(text.MAP_OF)).to_be_visible()
        marks = "JSON.stringify(plot._fullData.filter(trace => trace.meta === 'marks').map(trace => [...trace.x]))"
        charts = Charts(page)
        before = charts.evaluate(marks)
        for _ in range(9):
            page.get_by_role("slider", name="Patience").press("ArrowLeft")
        charts.wait_for(f"{marks} !== {json.dumps(before)}")

        page.get_by_text(text.ENVELOPE_SURE).click()
        press(page, text.OPEN_ENVELOPE).click()
        expect(page.get_by_text("the test rows are spent")).to_be_visible()
    assert len(lab.store.runs(identifier)) == 20
    assert opened_at(lab.store, identifier) is not None


def test_back_and_forward_go_one_experiment_at_a_time_and_the_form_goes_with_them(open_tab: OpenTab, lab: Lab) -> None:
    with open_tab(lab.url) as page:
        Charts(page).wait_until_drawn()
        heading = page.locator(".st-key-results h3").first
        form = page.get_by_role("textbox", name=text.EXPERIMENT_NAME)
        start = presets()[FIRST_VISIT].name
        shown = [start]
        for epochs in ("3", "4"):  # two small experiments, one after the other
            page.get_by_role("tab", name=text.TRAINING, exact=True).click()
            page.get_by_role("textbox", name=text.SEEDS).fill("0")
            page.get_by_role("textbox", name=text.SEEDS).press("Enter")
            page.get_by_role("spinbutton", name="Epochs").fill(epochs)
            page.get_by_role("spinbutton", name="Epochs").press("Enter")
            form.fill(f"of {epochs} epochs")
            form.press("Enter")
            press(page, text.TRAIN).click()
            expect(heading).to_have_text(f"of {epochs} epochs", timeout=SECONDS * 1000)
            expect(badge(page, "4 finished")).to_be_visible(timeout=SECONDS * 1000)
            shown.append(f"of {epochs} epochs")
        for title in reversed(shown[:-1]):
            page.go_back()
            expect(heading).to_have_text(title, timeout=SECONDS * 1000)
            expect(form).to_have_value(title)
            expect(page.get_by_text(text.MISMATCH)).to_have_count(0)
        page.go_forward()
        expect(heading).to_have_text(shown[1], timeout=SECONDS * 1000)
        expect(form).to_have_value(shown[1])


def test_a_file_outlives_a_look_at_other_data_and_names_its_experiment(
    open_tab: OpenTab, lab: Lab, tmp_path: Path
) -> None:
    file = tmp_path / "flowers.csv"
    rows = [f"{k},{k % 7},{'red' if k % 2 else 'blue'}" for k in range(60)]
    file.write_text("\n".join(["length,width,colour", *rows]))
    broken = tmp_path / "broken.csv"
    broken.write_text("a,b\n1,2,3\n4,5\n")
    with open_tab(lab.url) as page:
        Charts(page).wait_until_drawn()
        form = page.get_by_role("textbox", name=text.EXPERIMENT_NAME)
        page.get_by_role("tab", name=text.DATA, exact=True).click()

        def choose(label: str) -> None:
            page.get_by_role("combobox", name=text.DATASET).click()
            page.get_by_role("option", name=label, exact=True).click()

        choose(DATASETS["upload"].label)
        page.locator(".st-key-lab input[type=file]").set_input_files(file)
        in_use = page.get_by_text(text.OWN_FILE_IN_USE.format(name="flowers.csv"))
        expect(in_use).to_be_visible(timeout=SECONDS * 1000)
        expect(form).to_have_value(re.compile("^flowers.csv: dropout"))
        choose(DATASETS["wine"].label)
        expect(in_use).to_have_count(0)
        expect(form).to_have_value(re.compile(f"^{DATASETS['wine'].label}: dropout"))
        choose(DATASETS["upload"].label)
        expect(in_use).to_be_visible(timeout=SECONDS * 1000)
        page.locator(".st-key-lab input[type=file]").set_input_files(broken)
        expect(page.get_by_text(text.FILE_REFUSED).first).to_be_visible(timeout=SECONDS * 1000)
        expect(in_use).to_be_visible()
        form.fill("my flowers")
        form.press("Enter")
        choose(DATASETS["wine"].label)
        expect(page.get_by_text(text.OWN_FILE_IN_USE.format(name="flowers.csv"))).to_have_count(0)
        expect(form).to_have_value("my flowers")


def test_a_reload_in_mid_run_shows_form_and_results_of_one_experiment(open_tab: OpenTab, lab: Lab) -> None:
    with open_tab(lab.configuration(LONG)) as page:
        train(page)
        Charts(page).wait_until_drawn()
        page.reload()
        Charts(page).wait_until_drawn()
        expect(page.get_by_text(text.MISMATCH)).to_have_count(0)
        page.get_by_role("tab", name=text.TRAINING, exact=True).click()
        expect(page.get_by_role("spinbutton", name="Epochs")).to_have_value(str(LONG.training.epochs))
        press(page, text.CANCEL).first.click()
