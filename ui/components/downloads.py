"""Buttons for what is exported of a stored experiment."""

import json
import time
from typing import Any, Final

import streamlit as st

from analysis.lines import View
from charts.curves import chart_height
from charts.views import ChartOptions, name_view
from experiment.judging import judging_of
from experiment.spec import Experiment
from export.epoch_table import epoch_csv
from export.file_names import experiment_stem
from export.html_report import html_report
from export.report import read_envelope, report_of_page
from results.envelope import opened_at
from ui import text
from ui.lab.chart_view import DIFFERENCE_OF
from ui.services import figure, services, stored_runs, summaries
from wording.in_words import describe
from wording.language import keep_language

REPORTED_VIEWS: Final[tuple[View, ...]] = ("loss", "accuracy", "gap")
MEMORIZED: Final[tuple[View, ...]] = ("memorization",)


def draw_downloads(experiment: Experiment, identifier: str, *, key: str) -> None:
    """A report to read, the experiment's JSON, its results and all its epochs; made when they are pressed."""
    service, stem = services(), experiment_stem(identifier)

    def results() -> str:
        return json.dumps(report_of_page(service.store, identifier, experiment), allow_nan=False)

    def epochs() -> str:
        return epoch_csv(service.curves.read(identifier))

    def report() -> str:
        return _report(experiment, identifier)

    with st.container(horizontal=True):
        for label, data, name, kind in (
            (text.DOWNLOAD_REPORT, keep_language(report), f"{stem}.html", "text/html"),
            (text.DOWNLOAD_EXPERIMENT, experiment.model_dump_json(indent=2), f"{stem}.json", "application/json"),
            (text.DOWNLOAD_RESULT, results, f"{stem}.result.json", "application/json"),
            (text.DOWNLOAD_EPOCHS, epochs, f"{stem}.csv", "text/csv"),
        ):
            st.download_button(label, data, name, kind, key=f"{key}.{identifier}.{name}", on_click="ignore")


def _report(experiment: Experiment, identifier: str) -> str:
    """A page that opens without a network and prints, with the charts as they are seen first."""
    service = services()
    records = service.curves.read(identifier)
    runs = stored_runs(experiment, records)
    words, height = describe(summaries(runs)), chart_height(len(experiment.variants))
    charts: list[tuple[str, dict[str, Any], str]] = []
    views: list[View] = [*REPORTED_VIEWS, *MEMORIZED[: bool(experiment.dataset.label_noise)]]
    if len(experiment.variants) > 1:
        views.insert(2, DIFFERENCE_OF[experiment.judging.what])
    for view in views:
        options = ChartOptions(judging_of(experiment).reference, experiment.training.epochs, view)
        drawn = figure(runs, options)
        sized = {**drawn, "layout": {**drawn["layout"], "height": height}}
        charts.append((name_view(view), sized, f"{name_view(view)}. {words}"))
    return html_report(
        experiment,
        runs,
        charts,
        stored=[record.run for record in records],
        envelope=read_envelope(service.store, identifier, experiment),
        opened=opened_at(service.store, identifier),
        now=time.time(),
    )
