"""What changed between two JSON values, so that a browser that has the old one needs that alone.

A patch is an object with one of these:

| key | value | means |
|---|---|---|
| `=` | a value | the new value |
| `+` | `[start, end, text]` | a text: so many characters of the old one's start and end, `text` between them |
| `~` | key -> patch, beside `-`: keys | an object: what changed in it, and what is gone |
| `#` | index -> patch, beside `n`: length | an array: what changed in it or is new, and how long it is now |
| `@` | places in the old array, beside `#` and `n` | in this order first; -1 for what was not there |

Objects with a `uid`, such as traces, are known again by it where others come and go before them.

`ui/components/live_road.js` applies it. Curves are base64 (charts/typed_arrays.py), so an epoch more is a few
characters behind a start that is kept.
"""

from collections.abc import Sequence
from typing import Any, Final

WORTH: Final = 24
"""Characters that a kept start or end must save."""
BEYOND_ONE_UNIT: Final = "\U00010000"
"""From here on a character is two for JavaScript."""

Patch = dict[str, Any]


def find_patch(old: Any, new: Any) -> Patch | None:
    """How `new` is made of `old`, both JSON values with texts as keys; None if they are equal."""
    if old is new or (type(old) is type(new) and old == new):
        return None
    if isinstance(old, dict) and isinstance(new, dict):
        return _patch_object(old, new)
    if isinstance(old, list) and isinstance(new, list):
        return _patch_array(old, new)
    if isinstance(old, str) and isinstance(new, str):
        return _patch_text(old, new)
    return {"=": new}


def _patch_object(old: dict[str, Any], new: dict[str, Any]) -> Patch:
    changed = {key: {"=": value} for key, value in new.items() if key not in old}
    changed |= {key: patch for key in old if key in new and (patch := find_patch(old[key], new[key])) is not None}
    gone = [key for key in old if key not in new]
    return {"~": changed, **({"-": gone} if gone else {})}


def _patch_array(old: Sequence[Any], new: Sequence[Any]) -> Patch:
    places = _known_places(old, new)
    moved = {} if places is None else {"@": places}
    before = old if places is None else [old[place] if place >= 0 else None for place in places]
    kept = min(len(before), len(new))
    changed = {str(i): patch for i in range(kept) if (patch := find_patch(before[i], new[i])) is not None}
    changed |= {str(i): {"=": new[i]} for i in range(kept, len(new))}
    return {**moved, "#": changed, "n": len(new)}


def _known_places(old: Sequence[Any], new: Sequence[Any]) -> list[int] | None:
    """Where each element of `new` was in `old`, by its `uid`; None where none has moved, or some have no `uid`."""
    if not all(isinstance(element, dict) and "uid" in element for element in (*old, *new)):
        return None
    place_of = {element["uid"]: place for place, element in enumerate(old)}
    places = [place_of.get(element["uid"], -1) for element in new]
    return None if places == list(range(len(old))) else places


def _patch_text(old: str, new: str) -> Patch:
    start = _count_shared(old, new)
    end = _count_shared(old[start:][::-1], new[start:][::-1])
    if start + end < WORTH or not (new.isascii() or max(old + new) < BEYOND_ONE_UNIT):
        return {"=": new}
    return {"+": [start, end, new[start : len(new) - end]]}


def _count_shared(one: str, other: str) -> int:
    """With how many equal characters two texts begin, found by halving: slices are compared fast, characters not."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
