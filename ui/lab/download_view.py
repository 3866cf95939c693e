"""A data set that is not on this machine yet: picking it starts the download, and the page goes on."""

import streamlit as st

from datasets.downloads import Download
from training.dispatch.downloads import DownloadState
from ui import text
from ui.components.plain import plain
from ui.services import services
from wording.language import _

SECONDS_BETWEEN_REFRESHES = 1.0
MEGABYTE = 1e6


def draw_download(dataset: Download) -> None:
    """How far the download is, on a timer until it has ended."""
    active = _active(services().queue.downloads.start(dataset.name))
    st.fragment(_draw, run_every=SECONDS_BETWEEN_REFRESHES if active else None)(dataset, active)


def _draw(dataset: Download, was_active: bool) -> None:
    service = services()
    state = service.queue.downloads.start(dataset.name)
    if was_active and not _active(state):
        st.rerun()  # the whole page once more, with the preview and without the timer
    if state.error:
        st.warning(plain(state.error))
        again = service.queue.downloads.forget
        st.button(text.TRY_AGAIN, icon=":material/refresh:", on_click=again, args=(dataset.name,))
    elif state.done:
        st.info(text.DOWNLOADED_ELSEWHERE.format(label=_(dataset.label)))
    elif not service.queue.state.ready_workers:
        st.info(text.DOWNLOAD_WAITING.format(label=_(dataset.label)))
    else:
        total = dataset.bytes_to_download
        share = min(state.bytes_so_far / total, 1.0)
        label = text.DOWNLOADING.format(label=_(dataset.label), done=share * total / MEGABYTE, total=total / MEGABYTE)
        st.progress(share, label)


def _active(state: DownloadState) -> bool:
    return not (state.done or state.error)
