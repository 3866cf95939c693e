"""The form of an experiment. It owns the draft in the session and gives back an experiment or what to fix."""

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import streamlit as st
from pydantic import ValidationError

from charts.palette import style
from datasets.registry import DATASETS
from experiment.changes import find_changes, find_variant_changes
from experiment.presets import FIRST_VISIT, presets
from experiment.spec import Experiment, ExperimentError, TrainingSettings, Variant, parse_experiment
from models.architectures import ARCHITECTURES
from models.parameters import parameters
from models.techniques import TECHNIQUES
from results.uploads import upload_name
from ui import state, text
from ui.components.network_view import draw_networks
from ui.components.plain import plain
from ui.lab.augmentation_view import draw_augmentation
from ui.lab.changes_in_words import say_before, show_value
from ui.lab.data_preview import draw_preview
from ui.lab.form_fields import (
    Draft,
    carry_over,
    draw_card_fields,
    draw_fields,
    draw_rare_fields,
    draw_text_input,
    draw_widget,
    join,
    split,
)
from ui.lab.naming import suggest_name
from ui.lab.own_data import choose_file
from ui.services import services
from wording.language import _

ICONS_ALONE = """
[class*="st-key-icons_alone"] button [data-testid="stMarkdownContainer"] {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
}
"""
"""Buttons whose labels are for screen readers alone."""

MOST_CHARACTERS = 60
"""Of a variant's name."""

CHOOSERS = {"upload": choose_file}
"""Entries with more than parameters: what draws the rest, and gives its values."""

TECHNIQUE_ICON, NETWORK_ICON = ":material/tune:", ":material/account_tree:"


def follow_seeds(before: Experiment, seeds: Sequence[int]) -> None:
    """Puts seeds that were added to what is shown into the form, where it held the same experiment."""
    draft: Draft | None = st.session_state.get(state.DRAFT)
    if draft is None or split(join(draft.values["seeds"])) != list(before.seeds):
        return
    draft.values["seeds"] = list(seeds)
    st.session_state[f"{draft.key}.seeds"] = join(seeds)


def load_draft(experiment: Experiment, *, notice: str | None = None) -> None:
    """Fills the form; what was in it can be brought back by Undo."""
    if previous := st.session_state.get(state.DRAFT):
        st.session_state[state.UNDO] = previous
    values = experiment.model_dump(mode="json")
    named = bool(experiment.name) and experiment not in presets().values() and experiment.name != _suggest(experiment)
    st.session_state[state.DRAFT] = Draft(
        values, [_new_id() for _ in values["variants"]], _new_id(), origin=experiment, named=named
    )
    st.session_state[state.FORM_NOTICE] = notice


def follow_shown(before: Experiment | None, shown: Experiment | None) -> None:
    """Puts what is shown now into the form, unless the form holds changes of what was shown before.

    Args:
        before: what was shown in the session's last run of the page; None in its first.
        shown: what is shown now; None where it was deleted.
    """
    draft: Draft | None = st.session_state.get(state.DRAFT)
    if draft is None:
        load_draft(shown or presets()[FIRST_VISIT])
        return
    held = _parse(draft.values)
    changed = before is None or isinstance(held, ExperimentError) or find_changes(before, held)
    if shown and not changed and find_changes(before or shown, shown):
        load_draft(shown)
        st.session_state.pop(state.UNDO, None)  # nothing of the person's own was replaced


def draw_presets() -> None:
    """Examples that fill the form, and the way back to what was in it before."""
    with st.container(horizontal=True, vertical_alignment="center", key="presets"):
        st.pills(
            text.PRESETS,
            list(presets()),
            format_func=_preset_name,
            key="preset",
            on_change=_load_preset,
            label_visibility="collapsed",
            wrap=False,
            width="stretch",
        )
        if state.UNDO in st.session_state:
            st.button(text.UNDO, icon=":material/undo:", type="tertiary", on_click=_undo, help=text.UNDO_HELP)


def experiment_form(shown: Experiment | None) -> Experiment | ExperimentError:
    """Draws the form; gives the experiment, or the error that says what to fix first.

    Args:
        shown: what the results are of; where the form differs from it, the cards say what it had.
    """
    draft: Draft = st.session_state[state.DRAFT]
    values = draft.values
    name = st.container()
    variants, data, network, training = st.tabs([text.VARIANTS, text.DATA, text.NETWORK, text.TRAINING])
    with variants:
        _variants(draft, shown)
    with data:
        values["dataset"] = _entry(draft, "dataset", text.DATASET, DATASETS, values["dataset"])
        preview = st.container()
    with network:
        values["architecture"] = _entry(draft, "architecture", text.ARCHITECTURE, ARCHITECTURES, values["architecture"])
        picture = st.container()
    with training:
        _training(draft)
    experiment = _parse(values)
    with name:
        values["name"] = _name(draft, experiment)
    if isinstance(experiment, Experiment):
        experiment = experiment.model_copy(update={"name": values["name"]})
        with preview:
            draw_preview(experiment.dataset, experiment.seeds[0])
            draw_augmentation(experiment)
        with picture:
            draw_networks(experiment, key=f"{draft.key}_network")
    return experiment


def _name(draft: Draft, experiment: Experiment | ExperimentError) -> str:
    """The field of the name; until a person fills it, it says what is compared."""
    key = f"{draft.key}.name"
    if not draft.named and isinstance(experiment, Experiment):
        kept = draft.origin is not None and draft.origin.name and not find_changes(draft.origin, experiment)
        draft.values["name"] = draft.origin.name if draft.origin and kept else _suggest(experiment)
        if st.session_state.get(key) != draft.values["name"]:  # set again, it would undo what is being typed
            st.session_state[key] = draft.values["name"]

    def take() -> None:
        draft.named = bool(st.session_state[key].strip())

    return draw_text_input(draft, "name", text.EXPERIMENT_NAME, draft.values["name"], max_chars=120, on_change=take)


def _suggest(experiment: Experiment) -> str:
    files = (upload_name(services().store, sha256) for sha256 in experiment.dataset.uploads)
    return suggest_name(experiment, next(files, None))


def _training(draft: Draft) -> None:
    values = draft.values
    optimizer = st.session_state.get(f"{draft.key}.training.optimizer", values["training"]["optimizer"])
    of_others = frozenset() if optimizer == "sgd" else frozenset({"momentum"})
    values["training"] = draw_fields(draft, "training", TrainingSettings, values["training"], leave_out=of_others)
    seeds = draw_text_input(draft, "seeds", text.SEEDS, join(values["seeds"]), help=text.SEEDS_HELP)
    values["seeds"] = split(seeds)
    marked = ", ".join(f"{key} {value}" for key, value in values["early_stopping"].items())
    st.caption(text.MARKED_RULE.format(rule=marked), help=text.MARKED_RULE_HELP)


def _variants(draft: Draft, shown: Experiment | None) -> None:
    before = {variant.name: variant for variant in shown.variants} if shown else {}
    places = _places([variant["name"] for variant in draft.values["variants"]], list(before))
    st.html(_card_style(places))
    for index, (variant_id, variant) in enumerate(zip(draft.variant_ids, draft.values["variants"], strict=True)):
        with st.container(border=True, gap="small", key=f"variant_card_{places[index]}"):
            _variant(draft, variant_id, variant)
            if variant["name"] in before:
                _draw_changes(draft, index, before[variant["name"]])
    st.button(text.ADD_VARIANT, icon=":material/add:", on_click=_add_variant)


def _variant(draft: Draft, variant_id: str, variant: dict[str, Any]) -> None:
    judging, before_name = draft.values.get("judging", {}), variant["name"]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"icons_alone_{variant_id}"):
        variant["name"] = draw_text_input(
            draft,
            f"{variant_id}.name",
            text.VARIANT_NAME,
            variant["name"],
            max_chars=MOST_CHARACTERS,
            label_visibility="collapsed",
            placeholder=text.VARIANT_NAME,
        )
        for label, icon, action in (
            (text.COPY_VARIANT, ":material/content_copy:", _copy_variant),
            (text.REMOVE_VARIANT, ":material/delete:", _remove_variant),
        ):
            st.button(
                label,
                icon=icon,
                help=label,
                key=f"{draft.key}.{variant_id}.{label}",
                on_click=action,
                args=(variant_id,),
            )
    if judging.get("reference") == before_name:
        judging["reference"] = variant["name"]
    before = {t["name"]: t for t in variant["techniques"]}
    chosen = draw_widget(
        st.multiselect,
        draft,
        f"{variant_id}.techniques",
        list(before),
        label=text.TECHNIQUES,
        options=list(TECHNIQUES),
        format_func=lambda name: _(TECHNIQUES[name].label),
        placeholder=text.NO_TECHNIQUES,
        label_visibility="collapsed",
    )
    variant["techniques"] = []
    for name in chosen:
        prefix = f"{_(TECHNIQUES[name].label)}: " if len(chosen) > 1 else ""
        values = before.get(name) or {"name": name}
        fields = draw_card_fields(draft, f"{variant_id}.{name}", TECHNIQUES[name], values, prefix)
        variant["techniques"].append({"name": name, **fields})
    with st.container(horizontal=True, gap="small"):
        for entry in variant["techniques"]:
            technique = TECHNIQUES[entry["name"]]
            label = text.MORE.format(technique=_(technique.label))
            with st.popover(label, icon=TECHNIQUE_ICON, type="tertiary", help=text.MORE_HELP):
                st.caption(_(technique.summary))
                st.latex(technique.formula)
                st.caption(f"{text.ACTS.format(where=_(technique.acts))} [{text.SOURCE}]({technique.source})")
                values = before.get(entry["name"]) or {}
                entry |= draw_rare_fields(draft, f"{variant_id}.{entry['name']}", technique, values)
        _own_network(draft, variant_id, variant)
    if rare := [words for entry in variant["techniques"] for words in _rare_settings(entry)]:
        st.caption(plain(" · ".join(rare)))


def _rare_settings(entry: dict[str, Any]) -> Iterator[str]:
    """What differs from a technique's usual settings, and stands behind its button."""
    for parameter in parameters(TECHNIQUES[entry["name"]]):
        value = entry.get(parameter.key, parameter.first_value)
        if parameter.rare and value != parameter.first_value:
            yield f"{_(parameter.label)}: {show_value(value)}"


def _draw_changes(draft: Draft, index: int, before: Variant) -> None:
    """What the shown results had instead, and the way back to it."""
    values = draft.values["variants"][index]
    try:
        after = Variant.model_validate_json(json.dumps(values))
    except ValidationError:  # the form says what is wrong
        return
    changes = find_variant_changes(before, after)
    if not changes:
        return
    row = f"icons_alone_back_{draft.variant_ids[index]}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=row):
        st.caption(f":orange[{plain(text.WAS.format(values='; '.join(map(say_before, changes))))}]", width="stretch")
        st.button(
            text.BACK_TO_SHOWN,
            icon=":material/undo:",
            type="tertiary",
            help=text.BACK_TO_SHOWN,
            key=f"{draft.key}.{draft.variant_ids[index]}.back",
            on_click=_restore_variant,
            args=(index, before),
        )


def _restore_variant(index: int, before: Variant) -> None:
    draft = _remember()
    draft.values["variants"][index] = before.model_dump(mode="json")
    draft.variant_ids[index] = _new_id()


def _places(names: list[str], shown: list[str]) -> list[int]:
    """The place that each variant of the form has among those shown, which gives it its colour; the others come after
    them all. Of two that are called alike for now the first has the place."""
    places: list[int] = []
    for name in names:
        place = shown.index(name) if name in shown else len(shown)
        while place in places:
            place = max(len(shown), place + 1)
        places.append(place)
    return places


def _card_style(places: list[int]) -> str:
    """Each card has its variant's colour, as the lines have."""
    rules = (
        f".st-key-variant_card_{place} {{ border-left: 4px solid {style(place).colour} !important; }}"
        for place in places
    )
    return f"<style>{' '.join(rules)} {ICONS_ALONE}</style>"


def _own_network(draft: Draft, variant_id: str, variant: dict[str, Any]) -> None:
    """A network of the variant's own instead of the experiment's, where one is chosen."""
    path, before = f"{variant_id}.architecture", variant.pop("architecture", None)
    chosen = st.session_state.get(f"{draft.key}.{path}.name", before["name"] if before else None)
    label = _(ARCHITECTURES[chosen].label) if chosen else text.CHANGE_NETWORK
    with st.popover(label, icon=NETWORK_ICON, type="secondary" if chosen else "tertiary", help=text.OWN_NETWORK_HELP):
        name = draw_widget(
            st.selectbox,
            draft,
            f"{path}.name",
            before["name"] if before else None,
            label=text.OWN_NETWORK,
            options=[None, *ARCHITECTURES],
            format_func=lambda n: _(ARCHITECTURES[n].label) if n else text.SAME_NETWORK,
            on_change=_remember,
        )
        if name is None:
            return
        values = before or {"name": name}
        if name != values["name"]:
            values = carry_over(ARCHITECTURES[name], name, values)
        st.caption(_(ARCHITECTURES[name].summary))
        variant["architecture"] = {"name": name, **draw_fields(draft, f"{path}.{name}", ARCHITECTURES[name], values)}


def _entry(draft: Draft, path: str, label: str, registry: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """A choice from a registry, and the parameters of what was chosen."""
    name = draw_widget(
        st.selectbox,
        draft,
        f"{path}.name",
        values["name"],
        label=label,
        options=list(registry),
        format_func=lambda n: _(registry[n].label),
    )
    entry = registry[name]
    if name != values["name"]:
        values = carry_over(entry, name, values)
    st.caption(_(entry.summary))
    identifiers = (
        CHOOSERS[name](draft.key, values, partial(draw_widget, st.selectbox, draft)) if name in CHOOSERS else {}
    )
    return {"name": name, **identifiers, **draw_fields(draft, f"{path}.{name}", entry, values)}


def _parse(values: dict[str, Any]) -> Experiment | ExperimentError:
    try:
        return parse_experiment(json.dumps(values), services().uploads)
    except ExperimentError as error:
        return error


def _preset_name(name: str) -> str:
    return _(presets()[name].name)


def _load_preset() -> None:
    if name := st.session_state.get("preset"):
        load_draft(presets()[name])
        st.session_state[state.RECORDING] = name
        state.show_experiment(None)


def _undo() -> None:
    st.session_state[state.DRAFT] = st.session_state.pop(state.UNDO)


def _remember() -> Draft:
    """Keeps the draft for Undo and returns one to change."""
    draft: Draft = st.session_state[state.DRAFT]
    st.session_state[state.UNDO] = replace(
        draft, values=deepcopy(draft.values), variant_ids=list(draft.variant_ids), key=_new_id(), defaults={}
    )
    return draft


def _add_variant() -> None:
    draft = _remember()
    _insert(draft, len(draft.variant_ids), {"name": "variant", "techniques": []})


def keep_variant(variant: Variant, change: str) -> None:
    """Adds a variant of an earlier step to the form, named after what was changed there."""
    draft = _remember()
    values = variant.model_dump(mode="json")
    _insert(draft, len(draft.variant_ids), {**values, "name": f"{variant.name}, {change}"[:MOST_CHARACTERS]})


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
    judging = draft.values.get("judging", {})
    if judging.get("reference") == draft.values["variants"][index]["name"]:
        judging["reference"] = None
    del draft.values["variants"][index], draft.variant_ids[index]


def _new_id() -> str:
    return uuid4().hex[:8]
