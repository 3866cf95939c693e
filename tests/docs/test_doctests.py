"""Examples in docstrings of the rooms that need nothing but arrays and data."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = [
    ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for room in ("analysis", "models")
    for file in sorted((ROOT / room).rglob("*.py"))
    if ">>>" in file.read_text(encoding="utf-8")
]


def test_both_rooms_have_examples() -> None:
    assert {module.split(".")[0] for module in MODULES} == {"analysis", "models"}


@pytest.mark.parametrize("module", MODULES)
def test_examples_give_what_they_say(module: str) -> None:
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    found = doctest.testmod(importlib.import_module(module), optionflags=options)
    assert found.attempted > 0
    assert found.failed == 0
