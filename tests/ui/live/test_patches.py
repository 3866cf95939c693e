"""What changed between two JSON values, applied as the browser does it."""

import json
import shutil
import subprocess
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts.typed_arrays import encode_values
from ui.live.patches import Patch, find_patch
from ui.server.static_files import ROAD

texts = st.text(st.characters(codec="utf-8"), max_size=80)
# No 0 and 1: Python takes False and True for equal to them.
values = st.recursive(
    st.none() | st.booleans() | st.integers(2, 9) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcd=~#+-n"), inner, max_size=4),
    max_leaves=12,
)

traces = st.lists(st.builds(lambda uid, value: {"uid": uid, "y": value}, st.sampled_from("abc"), values), max_size=5)


def patched(old: Any, patch: Patch) -> Any:
    """The same as `patched` of live_road.js."""
    if "=" in patch:
        return patch["="]
    if "+" in patch:
        start, end, text = patch["+"]
        return old[:start] + text + old[len(old) - end :]
    if "#" in patch:
        moved = [old[place] if place >= 0 else None for place in patch.get("@", range(len(old)))]
        array = [*moved[: patch["n"]], *[None] * (patch["n"] - len(moved))]
        for index, change in patch["#"].items():
            array[int(index)] = patched(array[int(index)], change)
        return array
    kept = {key: value for key, value in old.items() if key not in patch.get("-", [])}
    return kept | {key: patched(old.get(key), change) for key, change in patch["~"].items()}


@given(values, values)
def test_a_patch_makes_the_new_value_of_the_old_one(old: Any, new: Any) -> None:
    patch = find_patch(old, new)
    assert (old if patch is None else patched(old, json.loads(json.dumps(patch)))) == new


@given(texts, texts, texts, texts)
def test_texts_with_the_same_start_and_end(start: str, one: str, other: str, end: str) -> None:
    old, new = start + one + end, start + other + end
    patch = find_patch(old, new)
    assert (old if patch is None else patched(old, patch)) == new


@given(
    *[st.lists(st.builds(lambda uid, value: {"uid": uid, "y": value}, st.sampled_from("abc"), values), max_size=5)] * 2
)
def test_arrays_of_what_has_a_uid(old: list[Any], new: list[Any]) -> None:
    """Also where one occurs twice."""
    patch = find_patch(old, new)
    assert (old if patch is None else patched(old, patch)) == new


def test_what_has_a_uid_is_known_again_behind_something_new() -> None:
    band, mean = {"uid": "band", "y": "b" * 99}, {"uid": "mean", "y": "m" * 99}
    assert find_patch([mean], [band, mean]) == {"@": [-1, 0], "#": {"0": {"=": band}}, "n": 2}


def test_equal_values_have_no_patch() -> None:
    assert find_patch({"a": [1, "x"]}, {"a": [1, "x"]}) is None


def test_an_epoch_more_is_a_few_characters() -> None:
    curve = np.random.default_rng(0).random(1000)
    old, new = {"y": encode_values(curve[:900])}, {"y": encode_values(curve[:901])}
    patch = find_patch(old, new)
    assert len(json.dumps(patch)) < 80 < len(json.dumps(new))
    assert patch and patched(old, patch) == new


@pytest.mark.skipif(shutil.which("node") is None, reason="no node on this machine; the browser tests use the same file")
def test_the_browsers_script_applies_patches_alike() -> None:
    """Characters beyond one unit of JavaScript among them."""
    cases: list[tuple[Any, Any]] = [
        ({"t": "a" * 40 + "😀" + "b" * 40}, {"t": "a" * 40 + "😀x" + "b" * 40}),
        ({"t": "±" * 40}, {"t": "±" * 20 + "x" + "±" * 20}),
        ([1, 2, {"a": 1}], [1, {"b": None}]),
        ([], [[], {}, "new", 0]),
        ([{"uid": "a", "y": 1}, {"uid": "b"}], [{"uid": "c"}, {"uid": "b"}, {"uid": "a", "y": 2}]),
        ({"~": 1, "=": {"+": 2}}, {"=": {"+": 3}, "#": False}),
    ]
    given = json.dumps([[old, find_patch(old, new)] for old, new in cases])
    source = ROAD.read_text(encoding="utf-8").replace("import.meta.url", '"http://x/"')
    script = source + f"\nconsole.log(JSON.stringify({given}.map(([old, patch]) => patched(old, patch))));"
    command = ["node", "--input-type=module", "--eval", script]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout) == [new for _, new in cases]
