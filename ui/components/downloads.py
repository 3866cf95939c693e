"""Buttons for what is exported of a stored experiment."""

import json

import streamlit as st

from experiment.spec import Experiment
from export.epoch_table import epoch_table
from export.file_names import experiment_stem
from export.report import report_of_page
from ui import text
from ui.services import services


def draw_downloads(experiment: Experiment, identifier: str, *, key: str) -> None:
    """The experiment's JSON, its results and all its epochs; made when they are pressed."""
    service, stem = services(), experiment_stem(identifier)

    def results() -> str:
        return json.dumps(report_of_page(service.store, identifier, experiment), allow_nan=False)

    def epochs() -> str:
        return epoch_table(service.curves.read(identifier)).to_csv(index=False)

    with st.container(horizontal=True):
        for label, data, name, kind in (
            (text.DOWNLOAD_EXPERIMENT, experiment.model_dump_json(indent=2), f"{stem}.json", "application/json"),
            (text.DOWNLOAD_RESULT, results, f"{stem}.result.json", "application/json"),
            (text.DOWNLOAD_EPOCHS, epochs, f"{stem}.csv", "text/csv"),
        ):
            st.download_button(label, data, name, kind, key=f"{key}.{identifier}.{name}", on_click="ignore")
