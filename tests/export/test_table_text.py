"""Tables as text, read back by what reads them: the csv module, a Markdown parser; LaTeX by its own rules."""

import csv
import doctest
import re
from io import StringIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from export import table_text
from export.table_text import NUMBER, Cell, as_csv, as_latex, as_markdown, disarm

HOSTILE = r"""[a]*-- "x" ''`|`\|\\{}$&#_%~^<b>*i*</b>&lt; https://e.org www.e.org a@e.org"""
BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""OWASP, "CSV Injection"."""
hostile = st.text(st.sampled_from(sorted(set(HOSTILE + "=+−±é\n\t\r\x00\u2028"))), max_size=12)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | hostile
Table = tuple[list[str], list[list[Cell]]]
cells: st.SearchStrategy[Cell] = names | st.floats() | st.integers(-(10**6), 10**6) | st.none()


@st.composite
def tables(draw: st.DrawFn) -> Table:
    width = draw(st.integers(1, 4))
    rows = st.lists(st.lists(cells, min_size=width, max_size=width), max_size=4)
    return draw(st.lists(names, min_size=width, max_size=width)), draw(rows)


def all_rows(table: Table) -> list[list[Cell]]:
    header, rows = table
    return [list(header), *rows]


def one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def test_examples_give_what_they_say() -> None:
    found = doctest.testmod(table_text)
    assert found.attempted == 4 and found.failed == 0


@given(tables())
@example((["=cmd|' /C calc'!A0"], [["-1"], ["+1"], ["@x"], ["\tx"], ["\rx"], [-1.5], ["a\r\nb"], [float("nan")]]))
def test_csv_comes_back_with_all_digits_and_nothing_that_a_spreadsheet_would_run(table: Table) -> None:
    read = list(csv.reader(StringIO(as_csv(*table), newline="")))
    for row, found in zip(all_rows(table), read, strict=True):
        for cell, text in zip(row, found, strict=True):
            if isinstance(cell, str):
                assert text.removeprefix("'") == cell.removeprefix("'")
                assert not text.lstrip(" ").startswith(BEGINS) or NUMBER.fullmatch(text)
            elif cell is None or cell != cell:  # NaN differs from itself
                assert text == ""
            else:
                assert float(text) == cell


@given(tables())
@example(([HOSTILE], [[HOSTILE], ["a|b"], ["\\"], ["www.e.org"]]))
def test_markdown_shows_every_cell_to_the_letter(table: Table) -> None:
    header, rows = table
    text = as_markdown(header, rows)
    lines = text.split("\n")
    assert lines.pop() == "" and len(lines) == len(rows) + 2
    assert {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in lines} == {len(header) + 1}
    assert len({len(line) for line in lines}) == 1, "in columns also as plain text"
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    found = [token for token in parser.parse(text) if token.type == "inline"]
    for cell, token in zip([cell for row in all_rows(table) for cell in row], found, strict=True):
        shown = "".join(child.content for child in token.children or [])
        assert {child.type for child in token.children or []} <= {"text", "text_special"}
        if isinstance(cell, str):
            assert shown == one_line(cell)


def without_escaped(latex: str) -> str:
    return re.sub(r"\\[\\{}$&#_%]", "", latex)


@given(tables())
@example((["a_b"], [[HOSTILE], ["[x]"], ["*"], ["---"]]))
def test_latex_has_balanced_braces_and_a_cell_for_each_column(table: Table) -> None:
    header, rows = table
    comment, begin, top, *lines = as_latex(header, rows).splitlines()
    assert (comment, top) == ("% needs \\usepackage{booktabs}", "\\toprule")
    assert re.fullmatch(rf"\\begin\{{tabular\}}\{{[lr]{{{len(header)}}}\}}", begin)
    assert [lines[1], *lines[-2:]] == ["\\midrule", "\\bottomrule", "\\end{tabular}"]
    for line in (lines[0], *lines[2:-2]):
        body = without_escaped(line.removesuffix(" \\\\"))
        assert line.endswith(" \\\\") and "\\\\" not in line[:-3].replace("\\textbackslash", "")
        assert body.count("&") == len(header) - 1
        depth = 0
        for character in body:
            depth += {"{": 1, "}": -1}.get(character, 0)
            assert depth >= 0
        assert depth == 0 and body.count("$") % 2 == 0
        assert not re.search(r"[#%_~^<>|`]", body)
        assert not re.match(r"[\[*]", body), "\\\\ would take it for its option"


def test_latex_escapes_each_special_character() -> None:
    told = as_latex(["x"], [["\\{}$&#_%~^<>|[]*−±--"]]).splitlines()[5]
    assert told == (
        r"\textbackslash{}\{\}\$\&\#\_\%\textasciitilde{}\textasciicircum{}\textless{}\textgreater{}\textbar{}"
        r"{[}{]}{*}$-$$\pm$-{}- \\"
    )


@pytest.mark.parametrize(
    ("column", "right"),
    [
        ([0.5, None], True),
        ([3, float("nan")], True),
        (["0.152 ± 0.043", "–"], True),
        (["−2e-7", "94.1%"], True),
        (["L2", 0.5], False),
        (["1 of 3"], False),
        ([None], False),
    ],
)
def test_columns_of_numbers_stand_at_the_right(column: list[Cell], right: bool) -> None:
    rows = [[cell] for cell in column]
    assert as_latex(["x"], rows).splitlines()[1][-2] == ("r" if right else "l")
    assert as_markdown(["x"], rows).splitlines()[1].endswith(":|") == right


def test_a_row_of_another_length_is_refused() -> None:
    for write in (as_csv, as_latex, as_markdown):
        with pytest.raises(ValueError, match="a row has 1 cells; allowed: 2"):
            write(["a", "b"], [["x"]])


def test_counts_stay_whole_and_numbers_have_three_digits_where_people_read_them() -> None:
    assert as_markdown(["n", "x"], [[1234, 1234.5]]).splitlines()[2] == "| 1234 | 1230 |"
    assert as_csv(["n", "x"], [[1234, 1234.5]]).splitlines()[1] == "1234,1234.5"


@pytest.mark.parametrize(
    "text", ["=1+1", "+a", "-a", "@A1", "\tx", "\rx", "＝1", "＋1", "－1", "＠x", " =1+1", "\u00a0@x", "-1+1", "+1 x"]
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert disarm(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "-", "-0.5", "+1e-3", "-1,5", "L1 + L2", "a=1", "'=1", "−1", "–"])
def test_numbers_and_other_text_stay_as_they_are(text: str) -> None:
    assert disarm(text) == (text if text != "-" else "'-")


def test_a_semicolon_in_a_name_begins_no_cell() -> None:
    """Where semicolons separate cells, a spreadsheet splits what is not in quotes."""
    assert as_csv(["v", "x"], [["a;=1+1", 0.5]]).splitlines()[1] == '"a;=1+1",0.5'
