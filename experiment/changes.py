"""What differs between two experiments: what the form holds against what the curves were trained with."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from experiment.spec import Experiment, Variant
from models.techniques import TECHNIQUES
from wording.language import _, say_later

ENTRY_LABELS: Final = {"dataset": say_later("Data set"), "architecture": say_later("Network")}


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        variant: that it belongs to, by its name in the later experiment, where it has one there; empty: to all.
        part: the kind of thing: `dataset`, `architecture`, `training`, `early_stopping`, `judging`, `seeds`, `variant`,
            `name`, `technique` or `parameter`.
        label: what a person calls it.
        before: its value as JSON; None where there was none.
        after: likewise.
    """

    variant: str
    part: str
    label: str
    before: Any
    after: Any


def find_changes(before: Experiment, after: Experiment) -> tuple[Change, ...]:
    """All differences; none if both train and judge the same. Names, and what was tried before, are no difference."""
    return tuple(change for change in _changes(before, after) if change.part != "judging" or change.label != "tried")


def find_variant_changes(before: Variant, after: Variant) -> tuple[Change, ...]:
    """All differences of one variant."""
    return tuple(_variant_changes(before, after))


def _changes(before: Experiment, after: Experiment) -> Iterator[Change]:
    for part in ("dataset", "architecture"):
        yield from _entry_changes("", part, getattr(before, part), getattr(after, part))
    for part in ("training", "early_stopping", "judging"):
        yield from _field_changes("", part, getattr(before, part), getattr(after, part))
    if before.seeds != after.seeds:
        yield Change("", "seeds", _("Seeds"), list(before.seeds), list(after.seeds))
    pairs = _pair_variants(before, after)
    for old, new in pairs:
        if old and new:
            yield from _variant_changes(old, new)
        elif new:
            yield Change(new.name, "variant", new.name, None, new.name)
        elif old:
            yield Change(old.name, "variant", old.name, old.name, None)
    order = [(old.name, new.name) for old, new in pairs if old and new]
    if [name for name, _ in order] != [v.name for v in before.variants if any(v.name == old for old, _ in order)]:
        yield Change("", "variant", _("Order"), [v.name for v in before.variants], [v.name for v in after.variants])


def _pair_variants(before: Experiment, after: Experiment) -> list[tuple[Variant | None, Variant | None]]:
    """Variants that belong together: of one name, or renamed at their place with all else the same."""
    old, new = ({v.name: v for v in experiment.variants} for experiment in (before, after))
    renamed = {
        theirs.name: mine
        for mine, theirs in zip(before.variants, after.variants, strict=False)
        if mine.name not in new and theirs.name not in old and _content(mine) == _content(theirs)
    }
    pairs: list[tuple[Variant | None, Variant | None]] = [
        (old.get(v.name) or renamed.get(v.name), v) for v in after.variants
    ]
    gone = set(old) - set(new) - {v.name for v in renamed.values()}
    return pairs + [(v, None) for v in before.variants if v.name in gone]


def _content(variant: Variant) -> Any:
    return variant.architecture, variant.techniques


def _variant_changes(old: Variant, new: Variant) -> Iterator[Change]:
    if old.name != new.name:
        yield Change(new.name, "name", old.name, old.name, new.name)
    yield from _entry_changes(new.name, "architecture", old.architecture, new.architecture)
    had, has = ({t.name: t for t in variant.techniques} for variant in (old, new))
    for name in dict.fromkeys((*had, *has)):
        label = _(TECHNIQUES[name].label)
        if name not in has:
            yield Change(new.name, "technique", label, label, None)
        elif name not in had:
            yield Change(new.name, "technique", label, None, label)
        else:
            yield from _field_changes(new.name, "parameter", had[name], has[name], label)
    if had.keys() == has.keys() and list(had) != list(has):
        yield Change(new.name, "technique", _("Order"), list(had), list(has))


def _entry_changes(variant: str, part: str, old: Any, new: Any) -> Iterator[Change]:
    """Between two entries of a registry, or none."""
    if getattr(old, "name", None) != getattr(new, "name", None):
        yield Change(variant, part, _(ENTRY_LABELS[part]), old and _(old.label), new and _(new.label))
    elif old is not None:
        yield from _field_changes(variant, part, old, new)


def _field_changes(variant: str, part: str, old: BaseModel, new: BaseModel, owner: str = "") -> Iterator[Change]:
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    for key, info in type(new).model_fields.items():
        if before.get(key) != after.get(key):
            label = _(info.title) if info.title else key
            yield Change(variant, part, f"{owner}: {label}" if owner else label, before.get(key), after.get(key))
