"""A small table as text to paste: CSV with all digits, LaTeX and Markdown as people read them.

Names are whatever people typed: each format has them to the letter, on one line.
"""

import csv
import re
import unicodedata
from collections.abc import Iterator, Sequence
from io import StringIO
from math import isnan
from typing import Final

from models.names import visible
from wording.numbers import format_number

Cell = str | float | None
"""Text, a number, or nothing; NaN is nothing, too."""
Row = Sequence[Cell]

FORMULA: Final = ("=", "+", "-", "@")
"""What a spreadsheet takes for the beginning of a formula, in any width, also behind what is not seen (OWASP, "CSV
Injection")."""
BREAKS: Final = ("\t", "\r", "\n")
NUMBER: Final = re.compile(r" *[+-]?\d[\d.,]*(e[+-]?\d+)? *", re.IGNORECASE | re.ASCII)
NUMERIC: Final = re.compile(r"[+−-]?\d[\d.,]*(e[+−-]?\d+)?( ?%)?( ± \d[\d.,]*(e[+−-]?\d+)?( ?%)?)?|–")
NOTHING: Final = "–"

LATEX: Final = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "$": r"\$",
        "&": r"\&",
        "#": r"\#",
        "_": r"\_",
        "%": r"\%",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "`": r"\textasciigrave{}",
        "[": "{[}",  # \\[ and \\* would be the end of the row before with its options
        "]": "{]}",
        "*": "{*}",
        # What pdflatex has not in its text fonts.
        "−": "$-$",
        "±": r"$\pm$",
        "×": r"$\times$",
        "·": r"$\cdot$",
        "→": r"$\rightarrow$",
        "≤": r"$\leq$",
        "≥": r"$\geq$",
        "∞": r"$\infty$",
    }
)
LATEX_LIGATURE: Final = re.compile(r"-(?=-)|'(?=')")
MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]<>|~$&!@:^]|(?<=www)\.)")
"""Marks of CommonMark and GitHub's tables, formulas and bare addresses, wherever they stand in a cell."""


def as_csv(header: Sequence[str], rows: Sequence[Row]) -> str:
    """The table as RFC 4180 has it, numbers with all their digits, nothing as an empty cell.

    Text that a spreadsheet would run as a formula gets an apostrophe in front. All text is in quotes: where a semicolon
    separates cells, as in many countries, one in a name would else begin another cell.

    >>> as_csv(["variant", "loss"], [["a; b", 0.5], ["c", None]]).splitlines()
    ['"variant","loss"', '"a; b",0.5', '"c",""']
    """
    table = StringIO()
    writer = csv.writer(table, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerows([[_csv_cell(cell) for cell in row] for row in _checked(header, rows)])
    return table.getvalue()


def as_latex(header: Sequence[str], rows: Sequence[Row]) -> str:
    """The table as a `tabular` with the rules of the package booktabs; columns of numbers at the right.

    >>> print(as_latex(["variant", "loss"], [["L2_a", 0.04119]]), end="")
    % needs \\usepackage{booktabs}
    \\begin{tabular}{lr}
    \\toprule
    variant & loss \\\\
    \\midrule
    L2\\_a & 0.0412 \\\\
    \\bottomrule
    \\end{tabular}
    """
    head, *body = ([_latex_text(_text(cell)) for cell in row] for row in _checked(header, rows))
    columns = "".join("r" if numeric else "l" for numeric in _numeric_columns(header, rows))
    first, *lines = (f"{' & '.join(cells)} \\\\" for cells in (head, *body))
    begin = ["% needs \\usepackage{booktabs}", f"\\begin{{tabular}}{{{columns}}}", "\\toprule", first, "\\midrule"]
    return "\n".join([*begin, *lines, "\\bottomrule", "\\end{tabular}", ""])


def as_markdown(header: Sequence[str], rows: Sequence[Row]) -> str:
    """The table as GitHub's Markdown has it, columns of numbers at the right, in columns also as plain text.

    >>> print(as_markdown(["variant", "loss"], [["a|b", 0.04119]]), end="")
    | variant |   loss |
    |:--------|-------:|
    | a\\|b    | 0.0412 |
    """
    texts = [[MARKDOWN.sub(r"\\\1", _text(cell)) for cell in row] for row in _checked(header, rows)]
    widths = [max(3, *map(len, column)) for column in zip(*texts, strict=True)]
    numeric = _numeric_columns(header, rows)
    padded = [[_pad(*cell) for cell in zip(row, widths, numeric, strict=True)] for row in texts]
    head, *body = map(" | ".join, padded)
    rules = (f"{'-' * (w + 1)}:" if right else f":{'-' * (w + 1)}" for right, w in zip(numeric, widths, strict=True))
    return "\n".join([f"| {head} |", f"|{'|'.join(rules)}|", *(f"| {line} |" for line in body), ""])


def _checked(header: Sequence[str], rows: Sequence[Row]) -> Iterator[Row]:
    """The header and the rows.

    Raises:
        ValueError: a row has more or fewer cells than the header.
    """
    for row in (header, *rows):
        if len(row) != len(header):
            raise ValueError(f"a row has {len(row)} cells; allowed: {len(header)}, as many as the header")
        yield row


def _numeric_columns(header: Sequence[str], rows: Sequence[Row]) -> list[bool]:
    """Whether each column holds numbers, as numbers or as text, and nothing else."""
    columns = [[row[place] for row in rows if not _is_nothing(row[place])] for place in range(len(header))]
    return [bool(cells) and all(not isinstance(c, str) or NUMERIC.fullmatch(c) for c in cells) for cells in columns]


def _pad(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)


def _is_nothing(cell: Cell) -> bool:
    return cell is None or (not isinstance(cell, str) and isnan(cell))


def disarm(text: str) -> str:
    """The text with an apostrophe in front where a spreadsheet would run it as a formula; numbers stay as they are.

    >>> [disarm(text) for text in ("=1+1", "-0.5", "-a", "L1 + L2")]
    ["'=1+1", '-0.5', "'-a", 'L1 + L2']
    """
    seen = unicodedata.normalize("NFKC", visible(text)).lstrip()
    runs = seen.startswith(FORMULA) or text.lstrip(" ").startswith(BREAKS)
    return f"'{text}" if runs and not NUMBER.fullmatch(text) else text


def _csv_cell(cell: Cell) -> str | float:
    if isinstance(cell, str):
        return disarm(cell)
    if cell is None or isnan(cell):
        return ""
    return cell if isinstance(cell, int) else float(cell)


def _text(cell: Cell) -> str:
    """A cell on one line, as people read it: counts whole, other numbers with 3 significant digits."""
    if isinstance(cell, str):
        return " ".join("".join(c if c.isprintable() else " " for c in cell).split())
    if cell is None or isnan(cell):
        return NOTHING
    return str(cell) if isinstance(cell, int) else format_number(cell)


def _latex_text(text: str) -> str:
    return LATEX_LIGATURE.sub(r"\g<0>{}", text.translate(LATEX))
