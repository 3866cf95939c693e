"""The report as a file: nothing from elsewhere, every name to the letter, everything that it promises."""

import base64
import hashlib
import json
import re
from functools import cache
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.summary import RunSummary, summarize_run
from experiment.judging import judge_runs
from experiment.presets import presets, recorded_curves
from experiment.spec import Experiment, parse_experiment
from export.html.elements import TURNING, data, script, tag, write
from export.html.settings import show_seeds
from export.html_report import Figure, html_report
from tests.examples import examples
from tests.experiment.strategies import experiments
from tests.export.reports import (
    HOSTILE,
    MESSAGE,
    NOW,
    hostile_report,
    make_experiment,
    make_run,
    make_stored,
    other_rule,
)
from wording.claims import say_claim, say_details
from wording.verdict import say_answer, say_comparison

VOID = {"meta"}
LOADING = {"src", "href", "srcset", "action", "formaction", "poster", "data", "background", "cite", "manifest", "ping"}


class Page(HTMLParser):
    """A page as a browser reads it: elements, text of the body, and what is between script tags."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.parts: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.style = ""
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = attributes, text + data
        elif self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.parts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data[:80]}")

    @property
    def text(self) -> str:
        return "\n".join(self.parts)

    @property
    def running(self) -> list[str]:
        return [text for attributes, text in self.scripts if attributes.get("type") != "application/json"]

    def section(self, title: str) -> str:
        """The text from one heading to the next section's."""
        begin = self.parts.index(title)
        titles = {"Results", "How the runs ended", "Envelope: test figures", "Configuration", "Versions"} - {title}
        rest = self.parts[begin + 1 :]
        end = next((place for place, part in enumerate(rest) if part in titles), len(rest))
        return "\n".join(rest[:end])


@cache
def hostile() -> tuple[Experiment, list[Figure], Page]:
    experiment, figures, source = hostile_report()
    return experiment, figures, Page(source)


def small_report(experiment: Experiment, runs: list[RunSummary], **parts: object) -> Page:
    return Page(html_report(experiment, runs, [], now=NOW, **parts))  # type: ignore[arg-type]


def test_nothing_is_loaded_from_anywhere() -> None:
    _, _, page = hostile()
    for name, attributes in page.elements:
        assert name not in ("link", "img", "iframe", "object", "embed", "base", "audio", "video", "form", "a")
        assert not LOADING & attributes.keys() and not [key for key in attributes if key.startswith("on")]
    assert not re.search(r"url\(|@import|@font-face", page.style)
    assert "://" not in page.running[1]


def test_the_policy_lets_the_two_scripts_run_and_nothing_else_do_anything() -> None:
    _, _, page = hostile()
    policy = next(a["content"] for n, a in page.elements if n == "meta" and a.get("http-equiv")) or ""
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    digests = [base64.b64encode(hashlib.sha256(source.encode()).digest()).decode() for source in page.running]
    assert len(digests) == 2 and rules["script-src"] == " ".join(f"'sha256-{digest}'" for digest in digests)
    assert rules["default-src"] == "'none'" and rules["img-src"] == "data: blob:"
    assert page.elements.index(("meta", {"charset": "utf-8"})) < 3


def test_hostile_names_are_shown_to_the_letter_and_figures_come_back() -> None:
    experiment, figures, page = hostile()
    for name in (experiment.name, MESSAGE, *HOSTILE):
        assert TURNING.sub("", name) in page.text
    assert not TURNING.search(page.text), "a name turned the sentences that it stands in"
    known = (
        "html head meta title style body header section h1 h2 p span small ul li figure figcaption svg path div script "
        "noscript details summary table thead tbody tr th td dl dt dd pre code"
    )
    assert {name for name, _ in page.elements} <= set(known.split())
    drawn = [json.loads(text) for attributes, text in page.scripts if attributes.get("type") == "application/json"]
    assert drawn == json.loads(json.dumps([figure for _, figure, _ in figures]))


def test_the_verdict_is_told_with_what_a_claim_is_about() -> None:
    experiment = make_experiment(HOSTILE[:-1])
    runs = [make_run(experiment, *run) for run in experiment.runs()]
    page, verdict = small_report(experiment, runs), judge_runs(experiment, runs)
    assert {c.kind for c in verdict.comparisons} >= {"reference", "better"}
    assert say_answer(verdict) in page.text and say_claim() in page.text
    for comparison in verdict.comparisons[1:]:
        assert say_comparison(comparison, verdict) in page.text
        assert (details := say_details(comparison, verdict)) in page.text and "For new data" in details
    assert "against “baseline”. A difference matters from 1% of the reference's mean on." in page.text


def test_runs_that_did_not_finish_are_told_with_the_reason() -> None:
    _, _, page = hostile()
    told = page.section("How the runs ended")
    assert "48 runs: 45 finished, 2 failed and 1 cancelled." in told
    assert "2, 3" in told and "failed" in told and MESSAGE in told
    experiment = make_experiment(("baseline", "a"), seeds=1)
    queued = small_report(experiment, [make_run(experiment, "baseline", 0), make_run(experiment, "a", 0, "running", 3)])
    assert "1 run had not ended when this was written." in queued.text
    done = small_report(experiment, [make_run(experiment, name, 0) for name in ("baseline", "a")])
    assert "had not ended" not in done.text and done.section("How the runs ended") == "2 runs: 2 finished."


def test_test_figures_are_in_it_only_once_the_envelope_is_open() -> None:
    experiment, _, page = hostile()
    told = page.section("Envelope: test figures")
    assert "Opened on 2026-09-21 14:12 UTC: the test rows are spent." in told
    assert "Trained after opening: seeds 5." in told
    assert told.count("0.5 ±") == 2 * len(experiment.variants)
    assert "“baseline” at its last epoch chose nothing by validation" in told
    closed = small_report(experiment, [make_run(experiment, *run) for run in experiment.runs()])
    assert not [part for part in closed.parts if re.search("test loss|envelope|test accuracy", part, re.IGNORECASE)]


def test_what_the_runs_were_trained_with_is_told_as_far_as_it_is_known() -> None:
    _, _, page = hostile()
    told = page.section("Versions")
    assert "Some CPU (40 runs); Other CPU (8 runs)" in told and "keras\n3.15.1" in told and "XLA\nno" in told
    assert "is not recorded" not in told
    experiment = make_experiment(("baseline",), seeds=1)
    recorded = small_report(experiment, [make_run(experiment, "baseline", 0)])
    assert "is not recorded" in recorded.section("Versions")


@given(experiments)
@examples(25)
def test_any_experiment_has_a_report_with_its_json_before_a_run_has_begun(experiment: Experiment) -> None:
    page = small_report(experiment, [])
    source = page.parts[page.parts.index("Experiment as JSON, for the form or the command line") + 1]
    assert parse_experiment(source) == experiment
    for variant in experiment.variants:
        assert TURNING.sub("", variant.name) in page.text


def test_a_report_without_charts_is_small_and_runs_no_script() -> None:
    experiment = make_experiment(("baseline",), seeds=1, name="")
    source = html_report(experiment, [], [], now=NOW)
    page = Page(source)
    assert len(source) < 30_000 and page.scripts == [] and "script-src 'none'" in source
    assert ("html", {"lang": "en"}) in page.elements
    assert "Untitled experiment" in page.text and "There is only one variant" in page.text
    assert say_claim() not in page.text


def test_every_row_of_a_table_has_a_cell_for_each_column_that_says_which() -> None:
    source = hostile_report()[2]
    tables = re.findall(r"<table.*?</table>", source[source.rindex("</figure>") :], re.DOTALL)
    assert len(tables) == 4
    for table in tables:
        head, *rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
        titles = re.findall(r"<th[^>]*>(.*?)</th>", head)
        for row in rows:
            assert re.findall(r'<td[^>]*data-title="([^"]*)"', row) == titles[1:]


def test_marks_by_another_rule_are_said_to_be() -> None:
    experiment = make_experiment(("baseline", "a"), seeds=2)
    runs = [make_run(experiment, *run) for run in experiment.runs()]
    own, other = small_report(experiment, runs).text, small_report(experiment, [other_rule(run) for run in runs]).text
    assert "marked by the rule of the experiment" in own and "another rule" not in own
    assert "marked by another rule, which was tried afterwards" in other


def test_an_ensemble_has_rows_for_its_members() -> None:
    experiment = presets()["ensemble"]
    runs = [summarize_run(run) for run in recorded_curves("ensemble")]
    told = small_report(experiment, runs).section("Results")
    assert "· member mean" in told and "· best member" in told


def test_seeds_that_agree_differ_by_nothing() -> None:
    _, _, page = hostile()
    told = page.section("Envelope: test figures")
    assert told.count("80% ±\u00a00\n") == 2 * len(HOSTILE), "0.8 in all seeds, whose mean is rounded"


@pytest.mark.parametrize("what", ["handed_over", "best_epoch", "accuracy", "balanced_accuracy"])
def test_the_table_begins_with_what_is_judged(what: str) -> None:
    experiment = make_experiment(("baseline", "a"), judging={"what": what})
    told = small_report(experiment, [make_run(experiment, *run) for run in experiment.runs()]).section("Results")
    columns = told.split("\nbaseline")[0].splitlines()
    first = {"handed_over": "Val. loss", "best_epoch": "Lowest val. loss", "accuracy": "Val. accuracy"}
    assert columns[2] == first.get(what, "Balanced val. accuracy")
    assert {"Val. loss", "Val. accuracy", "Training loss"} <= set(columns) and len(set(columns)) == len(columns)


def test_runs_stopped_early_are_counted() -> None:
    experiment = make_experiment(("baseline",), seeds=1)
    run = make_run(experiment, "baseline", 0)
    told = small_report(experiment, [run], stored=[make_stored(run, 0, ended_by="early_stopping")])
    assert "1 run: 1 finished. 1 was stopped early." in told.text


@given(st.lists(st.integers(0, 40), unique=True, max_size=30).map(sorted))
def test_seeds_are_told_whole(seeds: list[int]) -> None:
    told: list[int] = []
    for part in filter(None, show_seeds(seeds).split(", ")):
        first, _, last = part.partition(" to ")
        told += range(int(first), int(last or first) + 1)
    assert told == seeds


def test_text_is_escaped_wherever_it_stands() -> None:
    found = write(tag("p", "<b>&", tag("i", '"x"'), "</p>", None, title='"<>&'))
    assert found == '<p title="&quot;<&gt;&amp;">&lt;b&gt;&amp;<i>"x"</i>&lt;/p&gt;</p>'
    assert "<" not in write(data({"x": "</script><!--"})).removeprefix("<script").removesuffix("</script>")


@pytest.mark.parametrize("source", ["</script>", "a = '</SCRIPT >'", "<!-- x", "<script>"])
def test_a_script_that_would_end_its_element_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="inside a script"):
        script(source)
