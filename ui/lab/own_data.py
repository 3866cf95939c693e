"""A file of one's own in the form: upload, check, what was understood of it, and how it is read instead."""

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from typing import Any, get_args

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from datasets.openml import fetch_openml
from datasets.reading.choices import Decimal, Encoding, Reading, Separator
from datasets.reading.description import Column, Description
from datasets.reading.read import is_text
from datasets.table import TableError
from datasets.uploads import MAX_FILE_BYTES
from experiment.limits import is_hosted
from experiment.spec import ExperimentError
from export.table_text import disarm
from models.names import shorten, visible
from results.uploads import upload_name
from ui import state, text
from ui.client_address import client_address
from ui.components.plain import plain
from ui.services import services
from ui.visitor import visitor

MEBIBYTE = 2**20
"""What Streamlit calls a megabyte."""

FORMATS = ["csv", "tsv", "txt", "xlsx", "xls", "ods", "parquet", "zip", "npz"]
HEADER_LINES = 20
"""The header can be chosen among the first ones."""

TABLE_HEIGHT = 320
LONGEST_NAME = 255
"""Of a file, as systems have it."""

MAX_OPENML = 10_000_000
IDENTIFIERS = ("sha256", "target", "reading")

Select = Callable[..., Any]


def choose_file(key: str, values: dict[str, Any], select: Select) -> dict[str, Any]:
    """Draws uploader, table of columns and choices of reading; gives `sha256`, `target` and `reading` of the data set.

    A file is checked and stored once, when it arrives; what the form holds is its SHA-256.

    Args:
        key: begins the keys of the widgets.
        values: the data set as the form has it.
        select: draws a selectbox that starts from the form's value.
    """
    limit = services().queue.limits.upload_bytes or MAX_FILE_BYTES
    file = st.file_uploader(
        text.OWN_FILE,
        type=FORMATS,
        key=f"{key}.file",
        max_upload_size=math.ceil(limit / MEBIBYTE),
        help=text.OWN_FILE_HELP,
    )
    chosen = {"sha256": "", "target": None, "reading": {}} | {k: values[k] for k in IDENTIFIERS if k in values}
    if not chosen["sha256"]:  # another data set was looked at in between
        chosen |= st.session_state.get(state.KEPT_FILE, {})
    if file is not None and st.session_state.get(state.OWN_FILE) != file.file_id:
        chosen = _take(file, chosen, select)
    if not is_hosted():
        chosen = _offer_openml(key, chosen)
    name = upload_name(services().store, chosen["sha256"]) if chosen["sha256"] else None
    if name is None:
        return chosen
    st.caption(text.OWN_FILE_IN_USE.format(name=plain(name)))
    st.session_state[state.KEPT_FILE] = chosen = _draw_reading(key, chosen, select)
    return chosen


def _offer_openml(key: str, before: dict[str, Any]) -> dict[str, Any]:
    """A table of OpenML by its number, as if it had been uploaded; on one's own machine only."""
    with st.expander(text.OPENML, icon=":material/cloud_download:"):
        number = st.number_input(
            text.OPENML_NUMBER, 1, MAX_OPENML, value=None, key=f"{key}.openml", help=text.OPENML_HELP
        )
        if number is None or not st.button(text.OPENML_FETCH, key=f"{key}.openml_fetch"):
            return before
        try:
            with st.spinner(text.OPENML_FETCHING):
                name, content = fetch_openml(number)
                services().uploads.check(content, Reading())
        except TableError as error:
            st.error(plain(str(error)))
            return before
    sha256 = _keep(name, content)
    return {"sha256": sha256, "target": None, "reading": {}} if sha256 else before


def _keep(name: str, content: bytes) -> str | None:
    """Stores a file; None, with the reason on the page, where the host has no room for it."""
    try:
        return services().queue.keep_upload(
            shorten(visible(name), LONGEST_NAME), content, visitor() or "", client_address()
        )
    except ExperimentError as error:
        st.error(str(error))
        return None


def _take(file: UploadedFile, before: dict[str, Any], select: Select) -> dict[str, Any]:
    """A file that has just arrived, checked and stored; the one before it where it is refused.

    How a refused text is read can be overruled, which may mend it.
    """
    content = file.getvalue()
    sha256 = hashlib.sha256(content).hexdigest()
    refused = st.session_state.get(state.REFUSED_FILE)
    reading: dict[str, Any] = {}
    box = st.container()
    if refused is not None and refused[0] == file.file_id and is_text(content):
        with st.expander(text.HOW_READ.format(found=text.FILE_REFUSED), expanded=True):
            drawn = _draw_dialect(f"{_path(sha256)}.refused", {}, None, select)
        reading = {key: value for key, value in drawn.items() if value is not None}
    if refused is None or refused[:2] != (file.file_id, reading):
        try:
            services().uploads.check(content, Reading.model_validate_json(json.dumps(reading)))
        except TableError as error:
            st.session_state[state.REFUSED_FILE] = (file.file_id, reading, str(error))
            st.rerun()  # with the choices that may mend it
        else:
            st.session_state[state.OWN_FILE] = file.file_id
            _release(file)
            kept = _keep(file.name, content)
            return {"sha256": kept, "target": None, "reading": reading} if kept else before
    with box:
        st.error(text.FILE_REFUSED)
        st.code(refused[2], language=None, wrap_lines=True)
        if before["sha256"]:
            st.caption(text.FILE_KEPT)
    return before


def _release(file: UploadedFile) -> None:
    """Gives back the memory of a file that is stored; the browser goes on showing which one is chosen.

    Streamlit has the same bytes twice, in its upload manager and as the widget's value (1.67).
    """
    context = get_script_run_ctx()
    assert context is not None
    manager = context.uploaded_file_mgr
    assert isinstance(manager, MemoryUploadedFileManager)
    manager.remove_file(context.session_id, file.file_id)
    file.truncate(0)


def _draw_reading(key: str, chosen: dict[str, Any], select: Select) -> dict[str, Any]:
    """How the file is read, and its columns; a reading that is refused can be changed back."""
    path = _path(chosen["sha256"])
    reading = dict(chosen["reading"])
    description = _describe(chosen)
    if description is None or description.format in ("text", "excel"):
        found = _found(description) if description else text.FILE_REFUSED
        with st.expander(text.HOW_READ.format(found=found), expanded=description is None):
            reading |= _draw_dialect(path, reading, description, select)
    chosen = chosen | {"reading": {k: v for k, v in reading.items() if v is not None}}
    description = _describe(chosen)
    if description is not None and description.target is not None:
        chosen["target"] = _choose_target(path, chosen, description, select)
        description = _describe(chosen)
    if description is not None and description.columns and description.target is not None:
        _draw_columns(key, chosen, description)
    return chosen


def _path(sha256: str) -> str:
    return f"dataset.reading.{sha256[:12]}"


def _target_key(key: str, sha256: str) -> str:
    """Key of the widget for the column with the classes."""
    return f"{key}.{_path(sha256)}.target"


def _describe(chosen: Mapping[str, Any]) -> Description | None:
    """What is understood of the file; None where it is refused as it is read now: the form says why."""
    try:
        reading = Reading.model_validate_json(json.dumps(chosen["reading"]))
        return services().uploads.table(chosen["sha256"], chosen["target"], reading).description
    except TableError:
        return None


def _found(description: Description) -> str:
    """Encoding, separator, decimal mark and header in a few words."""
    parts = [description.encoding, text.SEPARATORS.get(description.separator or "", description.separator)]
    header = text.HEADER_LINE.format(line=description.header) if description.header else text.NO_HEADER
    parts += [f"{text.DECIMAL} {description.decimal}", f"{text.HEADER} {header}"]
    return plain(" · ".join(part for part in parts if part))


def _draw_dialect(
    path: str, reading: Mapping[str, Any], description: Description | None, select: Select
) -> dict[str, Any]:
    """A choice for each thing that was found; None leaves it to the file."""

    def header(line: int | None) -> str:
        if line is None:
            return text.AS_FOUND
        return text.HEADER_LINE.format(line=line) if line else text.NO_HEADER

    text_file = description is None or description.format == "text"
    choices: dict[str, tuple[str, list[Any], Callable[[Any], str]]] = {}
    if text_file:
        choices["encoding"] = (text.ENCODING, list(get_args(Encoding)), lambda name: name or text.AS_FOUND)
        choices["separator"] = (
            text.SEPARATOR, list(get_args(Separator)), lambda mark: text.SEPARATORS.get(mark, text.AS_FOUND),
        )  # fmt: skip
    choices["decimal"] = (text.DECIMAL, list(get_args(Decimal)), lambda mark: mark or text.AS_FOUND)
    choices["header"] = (text.HEADER, list(range(HEADER_LINES + 1)), header)
    columns = st.columns(2, gap="small")
    result = {}
    for place, (name, (label, options, shown)) in enumerate(choices.items()):
        value = reading.get(name)
        with columns[place % 2]:
            result[name] = select(
                f"{path}.{name}",
                value,
                label=label,
                options=[None, *options] if value in (None, *options) else [None, *options, value],
                format_func=shown,
            )
    return result


def _choose_target(path: str, chosen: Mapping[str, Any], description: Description, select: Select) -> str:
    """The column with the classes."""
    names = [column.name for column in description.columns]
    target = description.target if chosen["target"] is None else chosen["target"]
    return str(select(f"{path}.target", target, label=text.TARGET, options=names, format_func=visible))


def _draw_columns(key: str, chosen: Mapping[str, Any], description: Description) -> None:
    """The table of columns; a change goes into the form before the page is drawn again."""
    import pandas as pd  # a quarter of a second that no first page should wait for

    frame = pd.DataFrame(
        {
            text.COLUMN_NAME: [_for_cell(column.name) for column in description.columns],
            text.COLUMN_KIND: [column.kind for column in description.columns],
            text.COLUMN_USE: [column.use for column in description.columns],
            text.COLUMN_MISSING: [column.missing for column in description.columns],
            text.COLUMN_EXAMPLES: [", ".join(map(_for_cell, column.examples)) for column in description.columns],
        }
    )
    kinds, uses = ["number", "text", "date"], ["feature", "ignore", "class", "group"]
    if "empty" in set(frame[text.COLUMN_KIND]):
        kinds.append("empty")
    editor = f"{key}.columns.{hash(tuple((column.kind, column.use) for column in description.columns))}"
    st.caption(text.COLUMNS, help=text.COLUMNS_HELP)
    st.data_editor(
        frame,
        key=editor,
        hide_index=True,
        height="content" if len(frame) < 9 else TABLE_HEIGHT,
        disabled=[text.COLUMN_NAME, text.COLUMN_MISSING, text.COLUMN_EXAMPLES],
        column_config={
            text.COLUMN_KIND: st.column_config.SelectboxColumn(options=kinds, required=True, width="small"),
            text.COLUMN_USE: st.column_config.SelectboxColumn(options=uses, required=True, width="small"),
            text.COLUMN_MISSING: st.column_config.NumberColumn(width="small"),
        },
        on_change=_edit,
        args=(editor, description.columns),
    )


def _for_cell(words: str) -> str:
    """Text of the file for a table, which browsers copy to spreadsheets."""
    return disarm(visible(words))


def _edit(editor: str, columns: tuple[Column, ...]) -> None:
    """Takes what was changed in the table into the form's draft."""
    edits = st.session_state[editor]["edited_rows"]
    for place, changed in edits.items():
        change_column(columns[int(place)].name, kind=changed.get(text.COLUMN_KIND), use=changed.get(text.COLUMN_USE))


def change_column(name: str, *, kind: str | None = None, use: str | None = None) -> None:
    """Changes how a column of the form's own data is read, or what it is used for."""
    draft = st.session_state[state.DRAFT]
    dataset = draft.values["dataset"]
    reading = dataset.setdefault("reading", {})
    if use == "class":
        dataset["target"] = st.session_state[_target_key(draft.key, dataset["sha256"])] = name
        use = None
    columns = {column["name"]: dict(column) for column in reading.get("columns") or ()}
    column = columns.setdefault(name, {"name": name})
    column |= {k: v for k, v in (("kind", kind), ("use", use)) if v is not None and v != "empty"}
    reading["columns"] = [column for column in columns.values() if len(column) > 1]
