"""Pages in this process, on a store of their own. Queue.start does nothing: runs stay queued, no worker starts."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from datasets.reading.read import read_file
from experiment.limits import Limits
from experiment.spec import Experiment, parse_experiment
from results.store import Store
from training.dispatch.queue import Queue
from ui import state, text
from ui.lab.experiment_form import NETWORK_ICON, TECHNIQUE_ICON
from ui.services import services

APP = Path(__file__).parents[2] / "ui" / "home.py"
SETTINGS = ["HOSTED", "WORKERS", "DASK_SCHEDULER_ADDRESS", *(f"LIMIT_{f.name.upper()}" for f in fields(Limits))]


class Page:
    """A session with a page, as a person handles it: by what is written on it. No exception is ever let pass."""

    def __init__(self, app: AppTest) -> None:
        self.app = app
        self.check()

    def check(self) -> None:
        assert [exception.value for exception in self.app.exception] == []

    def labels(self, kind: str) -> list[str]:
        """What stands beside all widgets of a kind, such as `button`."""
        return [widget.label for widget in getattr(self.app, kind)]

    def widget(self, kind: str, label: str, index: int = 0) -> Any:
        """The widget of a kind with this label, the first of several."""
        return [widget for widget in getattr(self.app, kind) if widget.label == label][index]

    def fill(self, kind: str, label: str, value: Any, index: int = 0) -> None:
        self.widget(kind, label, index).set_value(value).run()
        self.check()

    def press(self, label: str, index: int = 0) -> None:
        """A button by its label, or one with an icon alone by what it says when pointed at."""
        buttons = [button for button in self.app.button if label in (button.label, button.label or button.help)]
        assert not buttons[index].disabled, self.codes
        buttons[index].click().run()
        self.check()

    def go(self, page: str) -> None:
        self.app.switch_page(f"../pages/{page}.py").run()
        self.check()

    @property
    def mistakes(self) -> list[str]:
        """The errors in their boxes; the lines below them are in `codes`."""
        return [error.value for error in self.app.error]

    @property
    def codes(self) -> list[str]:
        return [code.value for code in self.app.code]

    @property
    def shown(self) -> str:
        """All running text of the page."""
        app = self.app
        lists = (app.title, app.subheader, app.markdown, app.caption, app.info, app.warning, app.success)
        return "\n".join(str(element.value) for elements in lists for element in elements)

    @property
    def popovers(self) -> list[str]:
        """What the buttons of techniques say."""
        more = text.MORE.format(technique="")
        return [popover.label.removesuffix(more) for popover in self._popovers if popover.icon == TECHNIQUE_ICON]

    @property
    def cards_of_form(self) -> list[list[str]]:
        """The buttons of techniques, those of each variant."""
        cards: list[list[str]] = [[]]
        for popover in self._popovers:
            if popover.icon == TECHNIQUE_ICON:
                cards[-1].append(popover.label.removesuffix(text.MORE.format(technique="")))
            elif popover.icon == NETWORK_ICON:  # the last of a card
                cards.append([])
        return cards[:-1]

    @property
    def networks(self) -> list[str]:
        """What the buttons for a variant's own network say."""
        return [popover.label for popover in self._popovers if popover.icon == NETWORK_ICON]

    @property
    def _popovers(self) -> list[Any]:
        return [popover.proto.popover for popover in self.app.get("popover")]

    @property
    def charts(self) -> list[dict[str, Any]]:
        """What the live charts were given."""
        sent = [json.loads(chart.proto.json) for chart in self.app.get("bidi_component")]
        return [data for data in sent if "figure" in data]

    @property
    def curves(self) -> dict[str, Any]:
        """What the chart of the experiment was given."""
        (found,) = (chart for chart in self.charts if "words" in chart["figure"]["layout"].get("meta", {}))
        return found

    @property
    def tables(self) -> list[list[list[str]]]:
        """The sortable tables: rows of cells, the heads first, as they are read."""
        sent = [json.loads(table.proto.json) for table in self.app.get("bidi_component")]
        rows = [re.findall(r"<tr.*?</tr>", data["html"]) for data in sent if "html" in data]
        return [[[_text(c) for c in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in found] for found in rows]

    @property
    def cards(self) -> list[str]:
        """What the cards of variants say."""
        blocks = (str(block.value if hasattr(block, "value") else block.proto.body) for block in self.app.get("html"))
        return [_text(block) for block in blocks if 'class="effect"' in block]

    def look_deeper(self, panel: str) -> None:
        """Chooses what is drawn below the results."""
        self.fill("segmented_control", text.DEEPER, panel)

    @property
    def variants(self) -> list[str]:
        return [str(field.value) for field in self.app.text_input if field.label == "Name"]


def _text(html: str) -> str:
    """What a piece of HTML says; pictures by their labels."""
    named = re.sub(r'<span class="interval"[^>]*>.*?</span>', " ", html)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", named))).strip()


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store that the pages of one test share."""
    for setting in SETTINGS:
        monkeypatch.delenv(setting, raising=False)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'results.db'}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(Queue, "start", lambda queue: None)
    monkeypatch.setattr("datasets.uploads.read_apart", read_file)  # the same without a process for each file
    # Each session looks through all installed packages for components, a quarter of a second; ours are none of them.
    monkeypatch.setattr("streamlit.components.v2.manifest_scanner.scan_component_manifests", lambda: [])
    st.cache_resource.clear()
    st.cache_data.clear()
    with Store() as opened:
        yield opened
    services().store.close()
    st.cache_resource.clear()


@pytest.fixture
def open_page() -> Callable[..., Page]:
    """A function that opens a page as a new session, with query parameters, as the visitor with this token; `embedded`
    in a frame of another page."""

    def open_page(
        page: str = "lab", *, token: str | None = None, embedded: bool = False, url: str = "", **parameters: str
    ) -> Page:
        app = AppTest.from_file(APP, default_timeout=30)
        app.context.update({"is_embedded": embedded, "url": url})
        if token:
            app.session_state[state.VISITOR] = token
        app.query_params.update(parameters)
        opened = Page(app.run())
        if page != "lab":
            opened.go(page)
        return opened

    return open_page


@pytest.fixture
def add_experiment(store: Store) -> Callable[..., str]:
    """A function that stores an experiment with all its runs queued."""

    def add_experiment(visitor: str = "local", now: float = 1e9, **parts: Any) -> str:
        experiment = parse_experiment(json.dumps(parts), stored=True)  # as an earlier version may have stored it
        return store.add_experiment(
            experiment.model_dump_json(), experiment.name, experiment.runs(), visitor=visitor, owner="other", now=now
        )

    return add_experiment


@pytest.fixture
def stored(store: Store) -> Callable[..., Experiment]:
    """A function that gives the only experiment in the store, or the one with this identifier."""

    def stored(identifier: str | None = None) -> Experiment:
        if identifier is None:
            (identifier,) = (summary.id for summary in store.experiments())
        found = store.experiment(identifier)
        assert found is not None
        return parse_experiment(found.spec, services().uploads)

    return stored
