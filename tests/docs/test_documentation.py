"""What README, CONTRIBUTING and docs/ say is there, is there; and what is there, they say."""

import ast
import builtins
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from datasets.registry import DATASETS
from experiment.limits import Limits
from experiment.presets import presets
from models.architectures import ARCHITECTURES
from models.techniques import TECHNIQUES
from training.__main__ import make_parser
from ui.layout import LAB_PAGE, LEARN_PAGE, RUNS_PAGE

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SOURCES = ("py", "js", "css", "sh", "toml", "yml", "sql")
NUMBER_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

ELSEWHERE = {
    "XDG_CACHE_HOME",  # read by platformdirs
    "PORT",  # of the Makefile
}
OURS_ALONE = {
    "REGULARIZER_LAB_PARENT",
    "REGULARIZER_LAB_WORKER_BYTES",
    "REGULARIZER_LAB_FOLDER",
    "SPACE_ID",
    "STREAMLIT_SERVER_XSRF_COOKIE_SAME_SITE",
    "PYTHONPATH",
    "TF_CPP_MIN_LOG_LEVEL",
}
"""Set and read between processes of ours, or set by a Space: nobody else may set them."""


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(document: str, title: str) -> str:
    """The text below a heading, up to the next heading of the same level."""
    level = re.search(rf"(?m)^(#+) {re.escape(title)}$", document)
    assert level, title
    return re.split(rf"(?m)^#{{1,{len(level[1])}}} ", document[level.end() :])[0]


def paragraph(document: str, begin: str) -> str:
    found = document[document.index(begin) :].split("\n\n")[0]
    return " ".join(found.split())


@cache
def tracked() -> frozenset[str]:
    """Files that are in the repository, or will be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return frozenset(name for name in listed if (ROOT / name).exists())


def folders() -> frozenset[str]:
    return frozenset(str(parent) for name in tracked() for parent in Path(name).parents)


def python_files() -> Iterator[Path]:
    return (ROOT / name for name in sorted(tracked()) if name.endswith(".py") and not name.startswith("tests/"))


# Words of the project against the registries


def test_the_readme_lists_every_technique_and_no_other() -> None:
    listed = paragraph(read("README.md"), "**Techniques.**").split("** ")[1].split(". ")[0]
    assert listed.split(", ") == [technique.label for technique in TECHNIQUES.values()]


def test_the_readme_lists_every_network_and_no_other() -> None:
    listed = paragraph(read("README.md"), "**Networks.**").split("** ")[1].split(". ")[0]
    assert listed.split(", ") == [architecture.label for architecture in ARCHITECTURES.values()]


def test_the_readme_lists_every_data_set() -> None:
    def plain(text: str) -> str:
        return re.sub(r"[^a-z0-9]", "", text.lower())

    table = plain(paragraph(read("README.md"), "| data | what happens |"))
    for name, dataset in DATASETS.items():
        assert plain("your own" if dataset.origin == "upload" else name) in table, name


@pytest.mark.parametrize(
    ("document", "sentence"), [("README.md", "`examples/` has {}."), ("CHANGELOG.md", "first visit, and {} presets.")]
)
def test_the_number_of_presets_is_said(document: str, sentence: str) -> None:
    assert sentence.format(NUMBER_WORDS[len(presets())]) in " ".join(read(document).split())


# The environment and the command line


def variables_read() -> set[str]:
    """Names of environment variables in the code: `os.environ.get("X")`, `os.environ["X"]`, and the limits'."""
    names = {f"LIMIT_{field.name.upper()}" for field in fields(Limits)}
    for file in python_files():
        if file.is_relative_to(ROOT / "benchmarks"):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(ast.Attribute(ast.Attribute(attr="environ")), [ast.Constant(value=name), *_]):
                    names.add(str(name))
                case ast.Subscript(ast.Attribute(attr="environ"), ast.Constant(value=name)):
                    names.add(str(name))
    return names


def first_column(text: str) -> set[str]:
    """The variables in the first cell of each row."""
    cells = re.findall(r"(?m)^\| (`[A-Z][A-Z_]+`[^|]*)\|", text)
    return {name for cell in cells for name in re.findall(r"`([A-Z][A-Z_]+)`", cell)}


def test_hosting_lists_every_environment_variable_that_is_read_and_no_other() -> None:
    documented = first_column(section(read("docs/hosting.md"), "Environment variables"))
    assert documented == (variables_read() - OURS_ALONE) | ELSEWHERE
    assert first_column(section(read("README.md"), "Environment")) <= documented


def test_the_command_lines_options_are_documented_and_no_other() -> None:
    options = {
        option for action in make_parser()._actions for option in action.option_strings if option.startswith("--")
    }
    told = set(re.findall(r"--[a-z]+", section(read("README.md"), "Command line")))
    assert told == options - {"--help"}
    assert all(action.help for action in make_parser()._actions)


def test_make_has_every_target_that_is_named_and_every_one_of_its_own_is_explained() -> None:
    makefile = read("Makefile")
    phony = set(re.search(r"(?m)^\.PHONY: (.*)$", makefile)[1].split())  # type: ignore[index]
    named = {name for document in DOCUMENTS for name in re.findall(r"\bmake ([a-z][a-z-]*)\b", code_of(document))}
    assert named <= phony
    assert phony - {"lint", "clean"} <= set(re.findall(r"make ([a-z-]+)", read("CONTRIBUTING.md")))


def code_of(document: Path) -> str:
    """Code spans and blocks of a document: in running text "make" is also a verb."""
    text = document.read_text(encoding="utf-8")
    return "\n".join([*re.findall(r"```.*?```", text, re.DOTALL), *re.findall(r"`[^`\n]+`", text)])


# Links, files and names


def anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_within_the_repository_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://")):
            continue
        path, _, heading = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        assert file.exists(), target
        if heading:
            titles = re.findall(r"(?m)^#+ (.+)$", file.read_text(encoding="utf-8"))
            assert heading in map(anchor, titles), target


def spans(document: Path) -> Iterable[str]:
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.findall(r"`([^`\n]+)`", text)


FILE = re.compile(rf"[\w./-]+\.({'|'.join(SOURCES)}|md|txt|json)|[\w.-]+/[\w./-]*")
NOT_IN_THE_REPOSITORY = re.compile(r"^(_stcore/|/|regularizer-lab/)")
"""Addresses of a server, and files of a user."""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_are_named_exist(document: Path) -> None:
    """Whole paths, or the last part alone where the text before says which folder is meant."""
    whole = tracked() | folders()
    last_parts = {Path(name).name for name in whole}
    named = [span.rstrip("/") for span in spans(document) if FILE.fullmatch(span)]
    missing = [name for name in named if name not in (whole if "/" in name else last_parts)]
    assert [name for name in missing if not NOT_IN_THE_REPOSITORY.match(f"{name}/")] == []


OTHERS = {"vectorized_map", "graphviz_chart", "plot_model", "STREAMLIT_SERVER_XSRF_COOKIE_SAME_SITE"}
"""What other programs have, and ours does not use."""


@cache
def words_of_the_code() -> frozenset[str]:
    names = [n for n in tracked() if (n.endswith(SOURCES) or "." not in n) and not n.startswith("tests/docs/")]
    text = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in names)
    return frozenset(re.findall(r"\w+", text)) | variables_read() | OTHERS | set(dir(builtins))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_functions_and_classes_that_are_named_are_in_the_code(document: Path) -> None:
    """Of a dotted name its last part; what other libraries offer counts where the code uses it."""
    missing = []
    for span in spans(document):
        name = re.fullmatch(r"([A-Za-z_][\w.]*?)(\(.*\))?", span)
        if not name or FILE.fullmatch(span):
            continue
        last = name[1].rsplit(".", 1)[-1]
        looks_like_code = "_" in last or "." in name[1] or re.search(r"[a-z][A-Z]", last) or name[2]
        if looks_like_code and last not in words_of_the_code():
            missing.append(span)
    assert not missing


# Decisions, and how to add things


def test_decisions_are_numbered_without_a_gap_and_titled_by_their_number() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for file in files:
        assert re.fullmatch(rf"# {int(file.name[:4])}\. \S.*", file.read_text(encoding="utf-8").splitlines()[0]), (
            file.name
        )


ADDED = {
    "A technique": (r"\bSpatialDropout\b|spatial_dropout", ()),
    "An architecture": (r"\bResNetMLP\b|\bresnet_mlp\b", ("benchmarks/",)),
    "A data set": (r"\bMoons\b", ()),
    "A finding": (r"\bMISTAKES\b", ()),
}
"""What an example of each kind is called wherever the code knows it, and folders that do not count."""


@pytest.mark.parametrize("kind", ADDED)
def test_the_files_to_touch_are_those_that_know_an_example(kind: str) -> None:
    pattern, left_out = ADDED[kind]
    listed = re.findall(r"(?m)^- `([\w./]+\.py)`", section(read("CONTRIBUTING.md"), kind))
    knowing = {
        str(file.relative_to(ROOT)) for file in python_files() if re.search(pattern, file.read_text(encoding="utf-8"))
    }
    assert set(listed) == {name for name in knowing if not name.startswith(left_out or ("-",))}


def test_every_page_is_in_the_navigation() -> None:
    pages = {str(file.relative_to(ROOT)) for file in (ROOT / "pages").glob("*.py")}
    named = {f"pages/{page.name}" for page in (LAB_PAGE, LEARN_PAGE, RUNS_PAGE)}
    assert pages == named
    assert all(f"st.Page({name}_PAGE" in read("ui/home.py") for name in ("LAB", "LEARN", "RUNS"))
