"""A file of one's own in the form: upload, check, choice of the column with the classes."""

import math
import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from datasets.table import TableError
from datasets.uploads import MAX_FILE_BYTES, check_file, read_file
from results.uploads import put_upload, upload_name
from ui import state, text
from ui.components.plain import plain
from ui.services import services

MEBIBYTE = 2**20
"""What Streamlit calls a megabyte."""


def choose_file(key: str, values: dict[str, Any], select: Callable[..., str]) -> dict[str, Any]:
    """Draws uploader and column choice; gives `sha256` and `target` of the data set.

    A file is checked and stored once, when it arrives; what the form holds is its SHA-256.

    Args:
        key: begins the keys of the widgets.
        values: the data set as the form has it.
        select: draws a selectbox that starts from the form's value.
    """
    limit = services().queue.limits.upload_bytes or MAX_FILE_BYTES
    file = st.file_uploader(
        text.OWN_FILE,
        type=["csv", "npz"],
        key=f"{key}.file",
        max_upload_size=math.ceil(limit / MEBIBYTE),
        help=text.OWN_FILE_HELP,
    )
    chosen = {"sha256": values.get("sha256", ""), "target": values.get("target")}
    if file is not None and st.session_state.get(state.OWN_FILE) != file.file_id:
        try:
            check_file(file.getvalue(), limit)
            read_file(file.getvalue())
        except TableError as error:
            st.error(text.FILE_REFUSED)
            st.code(str(error), language=None, wrap_lines=True)
            return {"sha256": "", "target": None}
        chosen = {"sha256": put_upload(services().store, file.name, file.getvalue(), time.time()), "target": None}
        st.session_state[state.OWN_FILE] = file.file_id
    return chosen | {"target": _choose_target(chosen, select)}


def _choose_target(chosen: dict[str, Any], select: Callable[..., str]) -> str | None:
    """The column with the classes, the last one to begin with; None for an NPZ file, or where there is no file."""
    sha256 = chosen["sha256"]
    name = upload_name(services().store, sha256) if sha256 else None
    if name is None:
        return None
    st.caption(text.OWN_FILE_IN_USE.format(name=plain(name)))
    names = services().uploads.columns(sha256)
    if not names:
        return None
    target = chosen["target"] if chosen["target"] in names else names[-1]
    return select(f"dataset.target.{sha256[:12]}", target, label=text.TARGET, options=list(names))
