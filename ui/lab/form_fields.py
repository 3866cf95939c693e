"""The widgets of a form's fields: what the registry says of a parameter decides which one, and a draft its value."""

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from math import floor, log10
from typing import Any

import streamlit as st
from pydantic import ValidationError

from models.parameters import Entry, Parameter, parameters
from ui import text


@dataclass
class Draft:
    """What the form holds: the experiment as JSON values, and an identifier for each variant's widgets.

    `key` changes when another experiment is loaded, so that all widgets start from the new values. `defaults` are
    those that widgets were drawn with: they must stay the same while a widget lives.
    """

    values: dict[str, Any]
    variant_ids: list[str]
    key: str
    defaults: dict[str, Any] = field(default_factory=dict)


def carry_over(entry: type[Entry], name: str, values: dict[str, Any]) -> dict[str, Any]:
    """What was set for the choice before and this one allows too: 300 training rows are more than wine has."""
    kept: dict[str, Any] = {"name": name}
    for key, value in values.items():
        candidate = {**kept, key: value, "name": name}
        with suppress(ValidationError):
            entry.model_validate_json(json.dumps(candidate))
            kept = candidate
    return kept


def draw_fields(draft: Draft, path: str, entry: Any, values: dict[str, Any]) -> dict[str, Any]:
    """The widgets of an entry's parameters, two to a row; gives their values."""
    result, columns = {}, st.columns(2, gap="small")
    for index, parameter in enumerate(parameters(entry)):
        with columns[index % 2]:
            value = values.get(parameter.key, parameter.first_value)
            result[parameter.key] = _field(draft, f"{path}.{parameter.key}", parameter, value)
    return result


def _field(draft: Draft, path: str, parameter: Parameter, value: Any) -> Any:
    """One parameter's widget; the registry's range and default decide which."""
    common: dict[str, Any] = {"label": parameter.label, "help": parameter.about}
    match parameter.kind:
        case "choice":
            return draw_widget(st.selectbox, draft, path, value, options=list(parameter.choices), **common)
        case "bool":
            return draw_widget(st.toggle, draft, path, value, **common)
        case "ints":
            return split(draw_text_input(draft, path, parameter.label, join(value), help=text.WIDTHS_HELP))
    cast = int if parameter.kind == "int" else float
    limits = {
        key: None if limit is None else cast(limit)
        for key, limit in (("min_value", parameter.low), ("max_value", parameter.high))
    }
    value = None if value is None else cast(value)
    number_input = _optional_number if parameter.optional else st.number_input
    if parameter.kind == "int":
        return draw_widget(number_input, draft, path, value, **limits, **common, step=1, placeholder="–")
    if parameter.step and parameter.scale == "linear" and parameter.high is not None and parameter.high <= 2:
        return draw_widget(st.slider, draft, path, value, **limits, **common, step=parameter.step)
    return draw_widget(
        number_input, draft, path, value, **limits, **common, format="%g", step=_step(parameter), placeholder="–"
    )


def _step(parameter: Parameter) -> float | None:
    """What + and - change a number by: the decade of its first value, 0.001 for 0.003. None leaves it to Streamlit."""
    return parameter.step or (10.0 ** floor(log10(parameter.first_value)) if parameter.first_value else None)


def draw_text_input(draft: Draft, path: str, label: str, value: str, **options: Any) -> str:
    """A line of text."""
    return str(draw_widget(st.text_input, draft, path, value, label=label, **options))


def draw_widget(widget: Any, draft: Draft, path: str, value: Any, **options: Any) -> Any:
    """A widget under the draft's key. It starts from the draft: Streamlit forgets widgets of a page that was left."""
    key = f"{draft.key}.{path}"
    if key not in st.session_state or key not in draft.defaults:
        draft.defaults[key] = value
    default = draft.defaults[key]
    if options.get("step", 0) is None:
        del options["step"]
    if widget is st.selectbox:
        return widget(key=key, index=options["options"].index(default), **options)
    return widget(key=key, **{"default" if widget is st.multiselect else "value": default}, **options)


def _optional_number(key: str, value: float | None, **options: Any) -> Any:
    """A number that may be left empty: with another default than None, an emptied field jumps to the lowest number."""
    if key not in st.session_state:
        st.session_state[key] = value
    return st.number_input(key=key, value=None, **options)


def join(values: Any) -> str:
    return values if isinstance(values, str) else ", ".join(map(str, values))


def split(typed: str) -> list[int | str]:
    """Whole numbers from a comma-separated text; what is none stays text, for the message that refuses it."""
    parts = [part for part in re.split(r"[,;\s]+", typed.strip()) if part]
    return [int(part) if re.fullmatch(r"[+-]?\d{1,12}", part) else part for part in parts]
