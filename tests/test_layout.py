"""Who may import whom, read from the source; and what a started page has really loaded."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
CORE = {"experiment", "results", "results.findings", "analysis", "datasets", "models"}

# Each room (a folder, with what lies below it), and the rooms that it may import beside itself.
MAY_IMPORT: dict[str, set[str]] = {
    "app": {"pages", "ui"},
    "pages": {"ui", "charts", "wording", "wording.language", "export", "training.dispatch", *CORE},
    "ui": {"charts", "wording", "wording.language", "export", "training.dispatch", *CORE},
    "charts": {"analysis", "wording", "wording.language", "models"},
    "wording": {"analysis", "wording.language"},
    "wording.language": set(),
    "training": {"training.dispatch", "export", "wording", *CORE},
    "training.dispatch": {"training.worker", "wording.language", "experiment", "results", "datasets", "models"},
    "training.worker": CORE - {"analysis"} | {"wording.language"},
    "export": {"charts", "wording", "wording.language", *CORE} - {"results.findings"},
    "experiment": {"wording.language", "analysis", "results", "datasets", "models"},
    "analysis": set(),
    "results": {"wording.language"},
    "results.findings": set(),
    "datasets": {"wording.language", "models"},
    "models": {"wording.language"},
}

# Libraries that have one place.
ONLY_IN: dict[str, set[str]] = {
    "plotly": {"charts"},
    "streamlit": {"app", "pages", "ui"},
    "sqlalchemy": {"results"},
    "sqlite3": {"results"},
    "psycopg": {"results"},
    "dask": {"training.dispatch", "training.worker"},
    "distributed": {"training.dispatch", "training.worker"},
    "sklearn": {"datasets", "training.worker"},
    "tensorflow": {"training.worker"},
    "keras": {"training.worker"},
    "torch": set(),
}
UNPICKLERS = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
TENSORFLOW = {"tensorflow", "keras"}


class Import(NamedTuple):
    """`module` is imported; `nested`: inside a function, when that is called."""

    module: str
    nested: bool


def files() -> list[Path]:
    return [
        ROOT / "app.py",
        *(f for room in MAY_IMPORT if "." not in room and room != "app" for f in sorted((ROOT / room).rglob("*.py"))),
    ]


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def file_of(module: str) -> Path:
    file = ROOT / Path(*module.split("."))
    return file.with_suffix(".py") if file.with_suffix(".py").exists() else file / "__init__.py"


def top_of(module: str) -> str:
    return module.split(".")[0]


def room_of(module: str) -> str:
    """The innermost room that a module is in; of another's module the name of its package."""
    parts = module.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((name for name in names if name in MAY_IMPORT), parts[0])


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


@cache
def imports_of(file: Path) -> frozenset[Import]:
    """All imports of a file but those for type checkers alone."""
    return frozenset(_walk(tree_of(file), nested=False))


def _walk(node: ast.AST, *, nested: bool) -> Iterator[Import]:
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    if isinstance(node, ast.Import):
        yield from (Import(name.name, nested) for name in node.names)
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0 and node.module, "relative import"
        for name in node.names:  # `from models import build` imports training.worker.build
            inner = f"{node.module}.{name.name}"
            yield Import(inner if inner in known_modules() else node.module, nested)
    inside = nested or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, nested=inside)


@cache
def known_modules() -> frozenset[str]:
    return frozenset(map(module_of, files()))


def test_the_rooms_are_where_the_layout_says() -> None:
    assert {room_of(module) for module in known_modules()} == MAY_IMPORT.keys()
    assert not _in_circles({room: set(others) for room, others in MAY_IMPORT.items()})
    folders = {folder.parent.name for folder in ROOT.glob("*/__init__.py")} - {"benchmarks"}
    assert folders | {"app", "pages"} == {top_of(room) for room in MAY_IMPORT}


def test_imports_go_one_way() -> None:
    wrong = {
        f"{module_of(file)} imports {imported.module}"
        for file in files()
        for imported in imports_of(file)
        if (other := room_of(imported.module)) in MAY_IMPORT
        and other not in MAY_IMPORT[(own := room_of(module_of(file)))] | {own}
    }
    assert not wrong


def test_no_two_modules_import_each_other_in_a_circle() -> None:
    assert not _in_circles({module_of(f): {i.module for i in imports_of(f)} & known_modules() for f in files()})


def _in_circles(direct: dict[str, set[str]]) -> set[str]:
    """What is left when whoever needs nothing that is left is taken away, again and again."""
    left = dict(direct)
    while free := [name for name, needed in left.items() if not needed & left.keys() - {name}]:
        for name in free:
            del left[name]
    return set(left)


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_has_its_place(library: str) -> None:
    users = {module_of(file) for file in files() for imported in imports_of(file) if top_of(imported.module) == library}
    assert {room_of(user) for user in users} <= ONLY_IN[library], users


def test_analysis_needs_nothing_but_arrays() -> None:
    allowed = sys.stdlib_module_names | {"numpy", "scipy", "analysis"}
    used = {top_of(i.module) for f in (ROOT / "analysis").rglob("*.py") for i in imports_of(f)}
    assert used <= allowed
    assert not used & {"socket", "sqlite3", "subprocess", "urllib", "pathlib", "os"}  # no input or output


def test_no_chain_of_imports_leads_from_elsewhere_to_tensorflow() -> None:
    """A task for a worker is named in the page server, too: what it needs is imported when it is called."""
    direct = {module_of(f): {i.module for i in imports_of(f) if not i.nested} for f in files()}
    loading = {module for module, used in direct.items() if {top_of(u) for u in used} & TENSORFLOW}
    assert loading
    while more := {m for m, used in direct.items() if m not in loading and used & loading}:
        loading |= more
    assert {room_of(module) for module in loading} == {"training.worker"}


def test_a_worker_knows_nothing_of_pages_charts_and_analysis() -> None:
    needed, reached = {m for m in known_modules() if room_of(m) == "training.worker"}, set[str]()
    while needed:
        module = needed.pop()
        reached.add(module)
        needed |= ({i.module for i in imports_of(file_of(module))} & known_modules()) - reached
    assert {room_of(m) for m in reached} <= MAY_IMPORT["training.worker"] | {"training.worker"}


def test_nothing_is_unpickled() -> None:
    everywhere = [*files(), *(ROOT / "benchmarks").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    for file in everywhere:
        assert not {top_of(i.module) for i in imports_of(file)} & UNPICKLERS, file
        keywords = {ast.unparse(node) for node in ast.walk(tree_of(file)) if isinstance(node, ast.keyword)}
        assert not {word for word in keywords if word.startswith("allow_pickle")} - {"allow_pickle=False"}, file


def words_of(file: Path) -> set[str]:
    """Names, attributes, arguments and strings of a file, docstrings aside."""
    tree = tree_of(file)
    documented = (node for node in ast.walk(tree) if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)))
    statements = (node.body[0] for node in documented if node.body)
    docstrings = {id(statement.value) for statement in statements if isinstance(statement, ast.Expr)}
    words: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=word) | ast.Attribute(attr=word) | ast.arg(arg=word) | ast.alias(name=word):
                words.add(word)
            case ast.keyword(arg=str(word)):
                words.add(word)
            case ast.Constant(value=str(word)) if id(node) not in docstrings:
                words.add(word)
            case ast.ImportFrom(module=str(word)):
                words.add(word)
    return words


def test_only_the_report_reads_test_metrics() -> None:
    readers = {
        module_of(file) for file in files() for i in imports_of(file) if i.module.startswith("results.test_metrics")
    }
    assert readers == {"export.report"}
    named = re.compile(r"test_(loss|accuracy|metrics)")
    for part in ("analysis", "charts", "wording", "ui", "pages"):
        for file in (ROOT / part).rglob("*.py"):
            assert not [word for word in words_of(file) if named.search(word)], file


def test_the_table_of_test_metrics_is_written_in_one_place_and_read_in_another() -> None:
    def uses(file: Path) -> set[str]:
        nodes = [n for n in ast.walk(tree_of(file)) if isinstance(n, ast.ImportFrom)]
        return {name.name for n in nodes if n.module == "results.schema" for name in n.names}

    users = {module_of(f) for f in (ROOT / "results").rglob("*.py") if "test_metrics" in uses(f)}
    assert users == {"results.run_states", "results.test_metrics"}
    states = ast.unparse(tree_of(ROOT / "results" / "run_states.py"))
    assert "insert(test_metrics)" in states
    assert not re.search(r"test_metrics\.c\b|select\(test_metrics|join\(test_metrics", states)
    whole = {f.name for f in files() if "schema.test_metrics" in ast.unparse(tree_of(f))}
    assert not whole


STARTED_PAGE = """
import json, sys
from streamlit.testing.v1 import AppTest

page = AppTest.from_file("ui/home.py", default_timeout=60).run()
loaded = [name for name in ("tensorflow", "keras") if name in sys.modules]
errors = [e.message for e in page.exception] + [e.value for e in page.error]
from ui.services import close_services
close_services()
answer = {"loaded": loaded, "errors": errors, "queue": "training.dispatch.queue" in sys.modules}
json.dump(answer, open(sys.argv[1], "w"))
"""


@pytest.mark.workers
def test_a_started_page_has_not_loaded_tensorflow(tmp_path: Path) -> None:
    answer = tmp_path / "answer.json"
    environment = {key: value for key, value in os.environ.items() if key not in ("HOSTED", "DASK_SCHEDULER_ADDRESS")}
    own = {"WORKERS": "1", "DATABASE_URL": f"sqlite:///{tmp_path}/results.db", "PYTHONPATH": str(ROOT)}
    process = subprocess.run(
        [sys.executable, "-c", STARTED_PAGE, str(answer)],
        cwd=ROOT,
        env=environment | own | {"XDG_STATE_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert json.loads(answer.read_text()) == {"loaded": [], "errors": [], "queue": True}
