"""Texts of pages: each is used, none stands twice."""

import ast
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = {"text": ROOT / "ui" / "text.py", "learn_text": ROOT / "ui" / "learn" / "learn_text.py"}


def constants(file: Path) -> dict[str, ast.expr]:
    """Name -> value of the module's texts."""
    found: dict[str, ast.expr] = {}
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]
            values = node.value.elts if isinstance(node.value, ast.Tuple) and len(names) > 1 else [node.value]
            found |= dict(zip(names, values, strict=True))
    return found


@cache
def attributes() -> frozenset[str]:
    """Everything that pages read as `module.NAME`."""
    files = [ROOT / "app.py", *(ROOT / "ui").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    return frozenset(
        f"{n.value.id}.{n.attr}" for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)
    )


@pytest.mark.parametrize("module", MODULES)
def test_every_text_is_used(module: str) -> None:
    unused = {name for name in constants(MODULES[module]) if f"{module}.{name}" not in attributes()}
    assert not unused


def test_no_sentence_stands_twice() -> None:
    sentences = Counter(
        ast.literal_eval(value)
        for file in MODULES.values()
        for value in constants(file).values()
        if isinstance(value, ast.Constant) and " " in str(value.value)
    )
    assert [sentence for sentence, count in sentences.items() if count > 1] == []
