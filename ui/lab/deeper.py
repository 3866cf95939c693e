"""What lies deeper in an experiment: one row of choices, of which only the chosen one is read and drawn."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from analysis.summary import RunSummary
from experiment.link import encode_link
from experiment.spec import Experiment
from experiment.used import epochs_trained, is_beginning, is_used, trained_at
from results.curves import RunRecord
from results.records import Run, StoredExperiment
from ui import state, text
from ui.components.downloads import draw_downloads
from ui.components.network_view import draw_networks
from ui.components.plain import plain
from ui.findings.calibration_view import draw_calibration
from ui.findings.inside_view import draw_weights
from ui.findings.mistakes_view import draw_mistakes
from ui.findings.sections import draw_finding
from ui.lab.take_home import draw_take_home
from ui.services import services, summaries
from ui.visitor import visitor
from wording.in_words import describe
from wording.language import _
from wording.numbers import write_date

FRAME_HEIGHT = 1000
"""Of the code for other pages, in pixels: answer, a row of cards and the chart."""

Panels = dict[str, Callable[[], Any]]


def draw_recorded_panels(experiment: Experiment, runs: tuple[RunSummary, ...]) -> None:
    """Those of a recorded example."""
    _draw_chosen(
        {
            text.NETWORKS: partial(draw_networks, experiment, key="shown_network"),
            text.TAKE_HOME: partial(draw_take_home, experiment),
            text.IN_WORDS: lambda: _draw_words(runs),
        }
    )


def draw_panels(
    experiment: Experiment, stored: StoredExperiment, *, read_runs: Callable[[], Any], owned: bool, every: float | None
) -> None:
    """Those of a stored experiment; what grows with its runs is drawn anew every so many seconds, while they train."""
    service, identifier = services(), stored.id

    def records() -> tuple[RunRecord, ...]:
        return service.curves.read(identifier)

    growing: Panels = {
        text.INSIDE: lambda: draw_finding(draw_weights, service.store, experiment, records(), key="inside"),
        text.MISTAKES: lambda: draw_finding(draw_mistakes, service.store, experiment, records(), key="mistakes"),
        text.CALIBRATION: lambda: draw_calibration(service.store, experiment, records()),
        text.RUN_PROGRESS: lambda: _draw_runs(experiment, identifier, records(), owned),
        text.IN_WORDS: lambda: _draw_words(read_runs()),
    }
    settled: Panels = {
        text.NETWORKS: partial(draw_networks, experiment, key="shown_network"),
        text.TAKE_HOME: lambda: draw_take_home(experiment, records()),
        text.SHARE: lambda: _draw_share(experiment, identifier),
    }
    _draw_chosen({**{title: st.fragment(draw, run_every=every) for title, draw in growing.items()}, **settled})


def _draw_chosen(panels: Panels) -> None:
    with st.container(key="deeper", gap="small"):
        chosen = st.segmented_control(
            text.DEEPER,
            list(panels),
            key="deeper_panel",
            wrap=True,
            label_visibility="collapsed",
            selection_mode="single",
        )
        if chosen in panels:
            panels[chosen]()
        else:
            st.caption(text.DEEPER_HELP)


def _draw_words(runs: tuple[RunSummary, ...]) -> None:
    st.markdown(plain(describe(summaries(runs))))


def cancel(identifier: str, run_id: int | None = None) -> None:
    """Ends an experiment's runs, or one of them, if it is of whoever presses."""
    if who := visitor():
        services().queue.cancel(identifier, run_id, visitor=who)
        services().curves.read(identifier)  # so that the next refresh shows it


def _draw_runs(experiment: Experiment, identifier: str, records: Sequence[RunRecord], owned: bool) -> None:
    """A line for each run, with its own Cancel while it is active."""
    for record in records:
        run = record.run
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(text.STATUS_NAMES[run.status], color=text.STATUS_COLOURS[run.status])
            share = 1.0 if not run.active else record.last_epoch / experiment.training.epochs
            words = [
                plain(run.variant),
                _("seed {seed}").format(seed=run.seed),
                _("epoch {epoch}").format(epoch=record.last_epoch),
            ]
            if is_used(run):
                words.append(_say_used(run, experiment))
            st.progress(share, " · ".join(words))
            if run.active and owned:
                st.button(
                    text.CANCEL, key=f"cancel_{run.id}", type="tertiary", on_click=cancel, args=(identifier, run.id)
                )


def _say_used(run: Run, experiment: Experiment) -> str:
    date = write_date(datetime.fromtimestamp(trained_at(run) or 0.0, UTC))
    template = text.USED_BEGINNING if is_beginning(run, experiment) else text.USED_RUN
    return template.format(date=date, epochs=epochs_trained(run))


def _draw_share(experiment: Experiment, identifier: str) -> None:
    st.caption(text.SHARE_RUN)
    st.code(page_url({state.EXPERIMENT_PARAMETER: identifier}), language=None)
    st.caption(text.SHARE_EMBEDDED, help=text.SHARE_EMBEDDED_HELP)
    st.code(frame_code(experiment, identifier), language="html", wrap_lines=True)
    st.caption(text.SHARE_CONFIGURATION)
    packed = encode_link(experiment)
    if packed is None:
        st.caption(text.TOO_LONG_FOR_LINK)
    else:
        st.code(page_url({state.CONFIGURATION_PARAMETER: packed}), language=None, wrap_lines=True)
    draw_downloads(experiment, identifier, key="share")


def page_url(parameters: dict[str, str]) -> str:
    """A link to the Lab of this server with these parameters, in the language that was chosen."""
    parts = urlsplit(st.context.url or "")
    if chosen := st.session_state.get(state.LANGUAGE):
        parameters = {**parameters, state.LANGUAGE_PARAMETER: chosen}
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(parameters), ""))


def frame_code(experiment: Experiment, identifier: str) -> str:
    """HTML that shows an experiment's result in a page of another site."""
    address = page_url({"embed": "true", state.EXPERIMENT_PARAMETER: identifier})
    title = f"{experiment.name or text.UNTITLED} · {text.APP}"
    size = f'width="100%" height="{FRAME_HEIGHT}" style="border: 0"'
    return f'<iframe src="{escape(address)}" title="{escape(title)}" {size} loading="lazy"></iframe>'
