"""An experiment as one HTML file that needs no network: answer, live charts, table, configuration, versions.

plotly.js is inside, so that a report has 1.6 MB. A content security policy forbids the page to load anything, and to
run any script but the two that were written into it.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from analysis.summary import RunSummary
from charts.key import key_of
from charts.plotly_bundle import read_plotly_js
from experiment.spec import Experiment
from experiment.version import PROGRAM
from export.envelope import Opened
from export.html.elements import data, script, tag, write
from export.html.results import answer, endings, marks_note, opened_envelope, result_table
from export.html.settings import configuration, show_time, versions
from results.records import ACTIVE_STATUSES, Run
from wording.language import _, language, ngettext

FOLDER = Path(__file__).parent / "html"
HEIGHT = 420
"""Pixels of a chart whose layout has no height."""

Figure = tuple[str, Mapping[str, Any], str]
"""Title, Plotly figure as a plain dictionary, and what it shows in words, a paragraph a line."""


def html_report(
    experiment: Experiment,
    runs: Sequence[RunSummary],
    figures: Sequence[Figure],
    *,
    stored: Sequence[Run] = (),
    envelope: Sequence[Opened] | None = None,
    opened: float | None = None,
    now: float,
) -> str:
    """The whole report.

    Args:
        experiment: that was asked for.
        runs: in numbers, whatever their state.
        figures: in the order in which they are shown. A layout's `height` in pixels is kept; colours of text, grid and
            background are set in the browser.
        stored: the same runs as they are stored, for what they were trained with and why one failed; none of a
            recorded experiment.
        envelope: its lines, once it is open.
        opened: when it was opened, in unix seconds.
        now: the time that the report is of, in unix seconds.
    """
    title = experiment.name or _("Untitled experiment")
    parts = [
        _head(experiment, title, runs, now),
        answer(experiment, runs),
        tag("section", *map(_draw, figures), aria_label=_("Charts")) if figures else None,
        tag(
            "section",
            tag("h2", _("Results")),
            result_table(experiment, runs),
            tag("p", _table_note(), " ", marks_note(experiment, runs), class_="note"),
        ),
        endings(experiment, runs, stored),
        opened_envelope(experiment, envelope, opened, stored) if envelope is not None and opened is not None else None,
        configuration(experiment),
        versions(stored, now),
    ]
    scripts = [read_plotly_js(), read_asset("page.js")] if figures else []
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(scripts)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} · {PROGRAM}"),
        tag("style", read_asset("page.css")),
    )
    body = tag("body", *parts, *map(script, scripts))
    return "<!doctype html>\n" + write(tag("html", head, body, lang=language())) + "\n"


def _head(experiment: Experiment, title: str, runs: Sequence[RunSummary], now: float) -> Element:
    variants = ngettext("{count} variant", "{count} variants", len(experiment.variants))
    seeds = ngettext("{count} seed", "{count} seeds", len(experiment.seeds))
    about = [_(experiment.dataset.label), _(experiment.architecture.label), f"{variants} × {seeds}", show_time(now)]
    head = tag(
        "header", tag("p", PROGRAM, class_="kicker"), tag("h1", title), tag("p", " · ".join(about), class_="meta")
    )
    if active := sum(run.status in ACTIVE_STATUSES for run in runs):
        told = ngettext(
            "{count} run had not ended when this was written.",
            "{count} runs had not ended when this was written.",
            active,
        )
        head.append(tag("p", told, class_="warning"))
    return head


def _draw(figure: Figure) -> Element:
    title, drawn, words = figure
    key = [
        tag("li", tag("svg", tag("path", **entry.sample), viewBox="0 0 26 10", aria_hidden="true"), entry.name)
        for entry in key_of(drawn)
    ]
    return tag(
        "figure",
        tag("figcaption", tag("h2", title), tag("ul", *key, class_="key") if key else None),
        tag(
            "div", class_="chart", role="img", tabindex="0", aria_label=title, data_height=str(HEIGHT), data_file=title
        ),
        data(drawn),
        tag("noscript", tag("p", _("The chart needs JavaScript. What it shows stands below in words."))),
        tag("details", tag("summary", _("In words")), *(tag("p", line) for line in words.splitlines())),
    )


def _table_note() -> str:
    return _(
        "Means over the finished seeds ± standard deviation between seeds. Loss is plain cross-entropy in evaluation "
        "mode, without penalties or dropout, so that variants can be compared; values without another name are of the "
        "model handed over. A difference is paired: within each seed, less the reference."
    )


def _policy(scripts: Sequence[str]) -> str:
    """What the page may load: nothing; what it may run: these scripts."""
    hashes = (base64.b64encode(hashlib.sha256(source.encode()).digest()).decode() for source in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes) or "'none'"
    return f"default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src {allowed}"


@cache
def read_asset(name: str) -> str:
    """A file beside the report's sections."""
    return (FOLDER / name).read_text(encoding="utf-8")
