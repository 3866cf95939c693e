"""Differences between the form and what is shown, in words."""

from collections.abc import Sequence
from typing import Any

from experiment.changes import Change
from wording.language import _, ngettext
from wording.numbers import count_seeds, format_number, join_names

CHANGES_NAMED = 3
WHOLE = ("variant", "technique", "architecture")
"""Parts that are there or not; all others have a value."""


def say_before(change: Change) -> str:
    """`Strength 0.003`; `without Dropout`: what the shown results had."""
    if change.before is None and change.part in WHOLE:
        return _("without {what}").format(what=change.label)
    if change.after is None and change.part in WHOLE:
        return _("with {what}").format(what=change.label)
    return f"{change.label} {show_value(change.before)}"


def say_changes(changes: Sequence[Change]) -> str:
    """`“L2”: Strength 0.003 → 0.01; Epochs 100 → 50`, the first few of them."""
    parts = [_say(change) for change in changes[:CHANGES_NAMED]]
    if len(changes) > CHANGES_NAMED:
        parts.append(ngettext("{count} more change", "{count} more changes", len(changes) - CHANGES_NAMED))
    return "; ".join(parts)


def _say(change: Change) -> str:
    if change.part == "name":
        return _("{before} is called {after}").format(
            before=join_names([change.before]), after=join_names([change.after])
        )
    if change.part == "seeds" and len(change.before) == len(change.after):
        return _("other seeds")
    if change.part == "seeds":
        return _("{before} → {after}").format(
            before=count_seeds(len(change.before)), after=count_seeds(len(change.after))
        )
    if change.before is None and change.part in WHOLE:
        said = f"+ {change.label}"
    elif change.after is None and change.part in WHOLE:
        said = f"− {change.label}"
    else:
        said = f"{change.label} {show_value(change.before)} → {show_value(change.after)}"
    if change.variant and change.part not in ("variant", "name"):
        return _("{variant}: {change}").format(variant=join_names([change.variant]), change=said)
    return said


def show_value(value: Any) -> str:
    """A setting as it is read."""
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if isinstance(value, int | float):
        return format_number(float(value), digits=6)
    if isinstance(value, list):
        return ", ".join(map(show_value, value))
    return _("none") if value is None else str(value)
