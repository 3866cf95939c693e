"""The widgets of a form's fields: what the registry says of a parameter decides which one, and a draft its value."""

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import floor, log10
from typing import Any

import streamlit as st
from pydantic import ValidationError

from experiment.spec import Experiment
from models.parameters import Entry, Parameter, parameters
from ui import text
from wording.language import _

LOG_REACH = 2000
"""How far below its highest value a logarithmic slider reaches."""


@dataclass
class Draft:
    """What the form holds: the experiment as JSON values, and an identifier for each variant's widgets.

    `key` changes when another experiment is loaded, so that all widgets start from the new values. `defaults` are
    those that widgets were drawn with: they must stay the same while a widget lives. `origin` is what was loaded, and
    `named` whether a person chose the name.
    """

    values: dict[str, Any]
    variant_ids: list[str]
    key: str
    defaults: dict[str, Any] = field(default_factory=dict)
    origin: Experiment | None = None
    named: bool = False


def carry_over(entry: type[Entry], name: str, values: dict[str, Any]) -> dict[str, Any]:
    """What was set for the choice before and this one allows too: 300 training rows are more than wine has."""
    kept: dict[str, Any] = {"name": name}
    for key, value in values.items():
        candidate = {**kept, key: value, "name": name}
        with suppress(ValidationError):
            entry.model_validate_json(json.dumps(candidate))
            kept = candidate
    return kept


def draw_fields(
    draft: Draft, path: str, entry: Any, values: dict[str, Any], *, leave_out: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """The widgets of an entry's parameters, two to a row; gives their values. Some may be left to their defaults."""
    result, columns = {}, st.columns(2, gap="small")
    shown = [parameter for parameter in parameters(entry) if parameter.key not in leave_out]
    for index, parameter in enumerate(shown):
        with columns[index % 2]:
            value = values.get(parameter.key, parameter.first_value)
            result[parameter.key] = _field(draft, f"{path}.{parameter.key}", parameter, value)
    return result


def draw_card_fields(draft: Draft, path: str, entry: Any, values: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The widgets of a technique's parameters that stand on its variant's card, one to a row; gives their values.

    Args:
        draft: whose widgets.
        path: of the technique in it.
        entry: the technique.
        values: its values so far.
        prefix: stands before each label, where a card has several techniques.
    """
    result = {}
    for parameter in parameters(entry):
        if not parameter.rare:
            shown = replace(parameter, label=f"{prefix}{_(parameter.label)}")
            value = values.get(parameter.key, parameter.first_value)
            result[parameter.key] = _field_with_slider(draft, f"{path}.{parameter.key}", shown, value)
    return result


def draw_rare_fields(draft: Draft, path: str, entry: Any, values: dict[str, Any]) -> dict[str, Any]:
    """The others."""
    rare = [parameter for parameter in parameters(entry) if parameter.rare]
    return {p.key: _field(draft, f"{path}.{p.key}", p, values.get(p.key, p.first_value)) for p in rare}


def _field_with_slider(draft: Draft, path: str, parameter: Parameter, value: Any) -> Any:
    """A number field with a slider beside it over the values in which something can be seen. The field holds the
    number; the slider follows it and writes into it."""
    if parameter.kind not in ("int", "float") or parameter.optional:
        return _field(draft, path, parameter, value)
    key = f"{draft.key}.{path}"
    current = st.session_state.get(key, value)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if isinstance(current, int | float):
            _draw_slider(parameter, key, current)
        short = replace(parameter, label=text.EXACTLY.format(label=_(parameter.label)))
        return _field(draft, path, short, value, exact=True, label_visibility="collapsed", width=124)


def _draw_slider(parameter: Parameter, key: str, current: float) -> None:
    slider = f"{key}.slider"
    options: dict[str, Any] = {"help": _(parameter.about), "key": slider, "on_change": _copy, "args": (slider, key)}
    st.session_state[slider] = current
    if parameter.scale == "log":
        st.select_slider(_(parameter.label), sorted({*log_steps(parameter), current}), **options)
        return
    low, high, step = parameter.slider
    low, high = min(low, current), max(high, current)
    if parameter.kind == "int":
        low, high, step = int(low), int(high), int(step)
    st.slider(_(parameter.label), low, high, step=step, **options)


def _copy(slider: str, key: str) -> None:
    st.session_state[key] = st.session_state[slider]


def log_steps(parameter: Parameter) -> list[float]:
    """What a slider of a logarithmic parameter stops at: 1, 2, 3, 5 and 7 of each decade.

    >>> from models.techniques import TECHNIQUES
    >>> log_steps(next(parameters(TECHNIQUES["max_norm"])))
    [0.5, 0.7, 1.0, 2.0, 3.0]
    """
    low, high, _step = parameter.telling or (parameter.low or 0.0, parameter.high or 1.0, 0)
    decades = range(-6, 4)
    steps = [float(f"{digit}e{decade}") for decade in decades for digit in (1, 2, 3, 5, 7)]
    return [step for step in steps if (low or high / LOG_REACH) <= step <= high]


def _has_own_slider(parameter: Parameter) -> bool:
    """Whether a slider alone reaches every value that matters."""
    return bool(parameter.step and parameter.scale == "linear" and parameter.high is not None and parameter.high <= 2)


def _field(draft: Draft, path: str, parameter: Parameter, value: Any, *, exact: bool = False, **look: Any) -> Any:
    """One parameter's widget; the registry's range and default decide which. `exact`: for a number, a field."""
    common: dict[str, Any] = {"label": _(parameter.label), "help": _(parameter.about), **look}
    match parameter.kind:
        case "choice":
            return draw_widget(st.selectbox, draft, path, value, options=list(parameter.choices), **common)
        case "bool":
            return draw_widget(st.toggle, draft, path, value, **common)
        case "ints":
            return split(draw_text_input(draft, path, _(parameter.label), join(value), help=text.WIDTHS_HELP))
    cast = int if parameter.kind == "int" else float
    limits = {
        key: None if limit is None else cast(limit)
        for key, limit in (("min_value", parameter.low), ("max_value", parameter.high))
    }
    value = None if value is None else cast(value)
    number_input = _optional_number if parameter.optional else st.number_input
    if parameter.kind == "int":
        return draw_widget(number_input, draft, path, value, **limits, **common, step=1, placeholder="–")
    if not exact and _has_own_slider(parameter):
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
