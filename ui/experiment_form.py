"""The form of an experiment. It owns the draft in the session and gives back an experiment or what to mend."""

import json
import re
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from math import floor, log10
from typing import Any, Literal
from uuid import uuid4

import streamlit as st
from pydantic import ValidationError

from datasets.registry import DATASETS
from models.architectures import ARCHITECTURES
from models.parameters import Entry, Parameter, parameters
from models.techniques import TECHNIQUES
from training.experiment import Experiment, ExperimentError, MarkedRule, TrainingSettings, parse_experiment
from training.recorded import FIRST_VISIT, presets, recorded_runs
from ui import state, text
from ui.augmentation_view import draw_augmentation
from ui.data_preview import draw_preview
from ui.network_view import draw_networks
from ui.own_data import choose_file

CHOOSERS = {"upload": choose_file}
"""Entries with more than parameters: what draws the rest, and gives its values."""

NETWORK_ICON = ":material/account_tree:"


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


def load_draft(experiment: Experiment, *, notice: str | None = None) -> None:
    """Fills the form; what was in it can be brought back by Undo."""
    if previous := st.session_state.get(state.DRAFT):
        st.session_state[state.UNDO] = previous
    values = experiment.model_dump(mode="json")
    st.session_state[state.DRAFT] = Draft(values, [_new_id() for _ in values["variants"]], _new_id())
    st.session_state[state.FORM_NOTICE] = notice


def draw_presets() -> None:
    """Examples that fill the form, and the way back to what was in it before."""
    if state.DRAFT not in st.session_state:
        load_draft(presets()[FIRST_VISIT])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.pills(
            text.PRESETS, list(presets()), format_func=_preset_name, key="preset", on_change=_load_preset, wrap=True
        )
        if state.UNDO in st.session_state:
            st.button(text.UNDO, icon=":material/undo:", type="tertiary", on_click=_undo, help=text.UNDO_HELP)


def experiment_form() -> Experiment | ExperimentError:
    """Draws the form; gives the experiment, or the error that says what must be mended first."""
    draft: Draft = st.session_state[state.DRAFT]
    values = draft.values
    values["name"] = _text_input(draft, "name", text.EXPERIMENT_NAME, values["name"], max_chars=120)
    variants, data, network, training = st.tabs([text.VARIANTS, text.DATA, text.NETWORK, text.TRAINING])
    with variants:
        _variants(draft)
    with data:
        values["dataset"] = _entry(draft, "dataset", text.DATASET, DATASETS, values["dataset"])
        preview = st.container()
    with network:
        values["architecture"] = _entry(draft, "architecture", text.ARCHITECTURE, ARCHITECTURES, values["architecture"])
        picture = st.container()
    with training:
        _training(draft)
    experiment = _parse(values)
    if isinstance(experiment, Experiment):
        with preview:
            draw_preview(experiment.dataset, experiment.seeds[0])
            draw_augmentation(experiment)
        with picture:
            draw_networks(experiment, key=f"{draft.key}_network")
    return experiment


def _training(draft: Draft) -> None:
    values = draft.values
    values["training"] = _fields(draft, "training", TrainingSettings, values["training"])
    seeds = _text_input(draft, "seeds", text.SEEDS, _join(values["seeds"]), help=text.SEEDS_HELP)
    values["seeds"] = _split(seeds)
    st.markdown(f"**{text.MARKED_RULE}**", help=text.MARKED_RULE_HELP)
    values["early_stopping"] = _fields(draft, "early_stopping", MarkedRule, values["early_stopping"])


def _variants(draft: Draft) -> None:
    for variant_id, variant in zip(draft.variant_ids, draft.values["variants"], strict=True):
        with st.container(border=True, gap="small"):
            _variant(draft, variant_id, variant)
    st.button(text.ADD_VARIANT, icon=":material/add:", on_click=_add_variant)


def _variant(draft: Draft, variant_id: str, variant: dict[str, Any]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        variant["name"] = _text_input(
            draft,
            f"{variant_id}.name",
            text.VARIANT_NAME,
            variant["name"],
            max_chars=60,
            label_visibility="collapsed",
            placeholder=text.VARIANT_NAME,
        )
        for label, icon, action in (
            (text.COPY_VARIANT, ":material/content_copy:", _copy_variant),
            (text.REMOVE_VARIANT, ":material/delete:", _remove_variant),
        ):
            st.button(
                "", icon=icon, help=label, key=f"{draft.key}.{variant_id}.{label}", on_click=action, args=(variant_id,)
            )
    before = {t["name"]: t for t in variant["techniques"]}
    chosen = _widget(
        st.multiselect,
        draft,
        f"{variant_id}.techniques",
        list(before),
        label=text.TECHNIQUES,
        options=list(TECHNIQUES),
        format_func=lambda name: TECHNIQUES[name].label,
        placeholder=text.NO_TECHNIQUES,
        label_visibility="collapsed",
    )
    variant["techniques"] = []
    with st.container(horizontal=True, gap="small"):
        for name in chosen:
            technique = TECHNIQUES[name]
            values = before.get(name) or {"name": name}
            with st.popover(_popover_label(draft, f"{variant_id}.{name}", technique, values), icon=":material/tune:"):
                st.caption(technique.summary)
                st.latex(technique.formula)
                st.caption(f"{text.ACTS.format(where=technique.acts)} [{text.SOURCE}]({technique.source})")
                fields = _fields(draft, f"{variant_id}.{name}", technique, values)
            variant["techniques"].append({"name": name, **fields})
        _own_network(draft, variant_id, variant)


def _own_network(draft: Draft, variant_id: str, variant: dict[str, Any]) -> None:
    """A network of the variant's own instead of the experiment's, where one is chosen."""
    path, before = f"{variant_id}.architecture", variant.pop("architecture", None)
    chosen = st.session_state.get(f"{draft.key}.{path}.name", before["name"] if before else None)
    label = ARCHITECTURES[chosen].label if chosen else text.CHANGE_NETWORK
    look: Literal["secondary", "tertiary"] = "secondary" if chosen else "tertiary"
    with st.popover(label, icon=NETWORK_ICON, type=look, help=text.OWN_NETWORK_HELP):
        name = _widget(
            st.selectbox,
            draft,
            f"{path}.name",
            before["name"] if before else None,
            label=text.OWN_NETWORK,
            options=[None, *ARCHITECTURES],
            format_func=lambda n: ARCHITECTURES[n].label if n else text.SAME_NETWORK,
            on_change=_remember,
        )
        if name is None:
            return
        values = before or {"name": name}
        if name != values["name"]:
            values = _carry_over(ARCHITECTURES[name], name, values)
        st.caption(ARCHITECTURES[name].summary)
        variant["architecture"] = {"name": name, **_fields(draft, f"{path}.{name}", ARCHITECTURES[name], values)}


def _popover_label(draft: Draft, path: str, technique: type[Entry], values: dict[str, Any]) -> str:
    """The technique and its first number, as its widget has it: that is drawn later and already knows better."""
    shown = (
        st.session_state.get(f"{draft.key}.{path}.{p.key}", values.get(p.key, p.default))
        for p in parameters(technique)
        if p.kind in ("int", "float")
    )
    number = next((value for value in shown if value is not None), None)
    return technique.label if number is None else f"{technique.label} · {number:g}"


def _entry(draft: Draft, path: str, label: str, registry: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """A choice from a registry, and the parameters of what was chosen."""
    name = _widget(
        st.selectbox,
        draft,
        f"{path}.name",
        values["name"],
        label=label,
        options=list(registry),
        format_func=lambda n: registry[n].label,
    )
    entry = registry[name]
    if name != values["name"]:
        values = _carry_over(entry, name, values)
    st.caption(entry.summary)
    identifiers = CHOOSERS[name](draft.key, values, partial(_widget, st.selectbox, draft)) if name in CHOOSERS else {}
    return {"name": name, **identifiers, **_fields(draft, f"{path}.{name}", entry, values)}


def _carry_over(entry: type[Entry], name: str, values: dict[str, Any]) -> dict[str, Any]:
    """What was set for the choice before and this one allows too: 300 training rows are more than wine has."""
    kept: dict[str, Any] = {"name": name}
    for key, value in values.items():
        candidate = {**kept, key: value, "name": name}
        with suppress(ValidationError):
            entry.model_validate_json(json.dumps(candidate))
            kept = candidate
    return kept


def _fields(draft: Draft, path: str, entry: Any, values: dict[str, Any]) -> dict[str, Any]:
    """The widgets of an entry's parameters, two to a row; gives their values."""
    result, columns = {}, st.columns(2, gap="small")
    for index, parameter in enumerate(parameters(entry)):
        with columns[index % 2]:
            value = values.get(parameter.key, parameter.default)
            result[parameter.key] = _field(draft, f"{path}.{parameter.key}", parameter, value)
    return result


def _field(draft: Draft, path: str, parameter: Parameter, value: Any) -> Any:
    """One parameter's widget; the registry's range and default decide which."""
    common: dict[str, Any] = {"label": parameter.label, "help": parameter.about}
    match parameter.kind:
        case "choice":
            return _widget(st.selectbox, draft, path, value, options=list(parameter.choices), **common)
        case "bool":
            return _widget(st.toggle, draft, path, value, **common)
        case "ints":
            return _split(_text_input(draft, path, parameter.label, _join(value), help=text.WIDTHS_HELP))
    cast = int if parameter.kind == "int" else float
    limits = {
        key: None if limit is None else cast(limit)
        for key, limit in (("min_value", parameter.low), ("max_value", parameter.high))
    }
    value = None if value is None else cast(value)
    number_input = _optional_number if parameter.optional else st.number_input
    if parameter.kind == "int":
        return _widget(number_input, draft, path, value, **limits, **common, step=1, placeholder="–")
    if parameter.step and parameter.scale == "linear" and parameter.high is not None and parameter.high <= 2:
        return _widget(st.slider, draft, path, value, **limits, **common, step=parameter.step)
    return _widget(
        number_input, draft, path, value, **limits, **common, format="%g", step=_step(parameter), placeholder="–"
    )


def _step(parameter: Parameter) -> float | None:
    """What + and - change a number by: the decade of its default, 0.001 for 0.003. None leaves it to Streamlit."""
    return parameter.step or (10.0 ** floor(log10(parameter.default)) if parameter.default else None)


def _text_input(draft: Draft, path: str, label: str, value: str, **options: Any) -> str:
    return str(_widget(st.text_input, draft, path, value, label=label, **options))


def _widget(widget: Any, draft: Draft, path: str, value: Any, **options: Any) -> Any:
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


def _join(values: Any) -> str:
    return values if isinstance(values, str) else ", ".join(map(str, values))


def _split(typed: str) -> list[int | str]:
    """Whole numbers from a comma-separated text; what is none stays text, for the message that refuses it."""
    parts = [part for part in re.split(r"[,;\s]+", typed.strip()) if part]
    return [int(part) if re.fullmatch(r"[+-]?\d{1,12}", part) else part for part in parts]


def _parse(values: dict[str, Any]) -> Experiment | ExperimentError:
    try:
        return parse_experiment(json.dumps(values))
    except ExperimentError as error:
        return error


def _preset_name(name: str) -> str:
    return presets()[name].name


def _load_preset() -> None:
    if name := st.session_state.get("preset"):
        load_draft(presets()[name])
        if recorded_runs(name):
            st.session_state[state.RECORDING] = name
            state.show_experiment(None)


def _undo() -> None:
    st.session_state[state.DRAFT] = st.session_state.pop(state.UNDO)


def _remember() -> Draft:
    """Keeps the draft for Undo and returns one to change."""
    draft: Draft = st.session_state[state.DRAFT]
    st.session_state[state.UNDO] = Draft(deepcopy(draft.values), list(draft.variant_ids), _new_id())
    return draft


def _add_variant() -> None:
    draft = _remember()
    _insert(draft, len(draft.variant_ids), {"name": "variant", "techniques": []})


def _copy_variant(variant_id: str) -> None:
    draft = _remember()
    index = draft.variant_ids.index(variant_id)
    _insert(draft, index + 1, deepcopy(draft.values["variants"][index]))


def _insert(draft: Draft, index: int, variant: dict[str, Any]) -> None:
    """A variant under a name that none has yet."""
    taken = {v["name"] for v in draft.values["variants"]}
    stem, number = variant["name"], 2
    while variant["name"] in taken:
        variant["name"], number = f"{stem} {number}", number + 1
    draft.values["variants"].insert(index, variant)
    draft.variant_ids.insert(index, _new_id())


def _remove_variant(variant_id: str) -> None:
    draft = _remember()
    index = draft.variant_ids.index(variant_id)
    del draft.values["variants"][index], draft.variant_ids[index]


def _new_id() -> str:
    return uuid4().hex[:8]
