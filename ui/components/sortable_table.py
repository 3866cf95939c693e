"""A table of HTML cells that a press on a column's head sorts; on a narrow screen each row becomes a few lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import streamlit as st

from models.names import visible


@dataclass(frozen=True)
class Cell:
    """A cell.

    Attributes:
        html: its content.
        order: by which its column is sorted; None comes last.
        label: what stands before it on a narrow screen.
        wide: whether it has a line of its own there.
    """

    html: str
    order: float | str | None = None
    label: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Row:
    """A row of a variant: `index` is its place in the experiment, by which pointing at it fades the others."""

    index: int
    name: str
    colour: str
    cells: Sequence[Cell]
    reference: bool = False


def sortable_table(heads: Sequence[str], rows: Sequence[Row], *, key: str) -> None:
    """Shows rows in the order given until a head is pressed; the live road knows the table by its key."""
    _component(key=key, data={"html": write_table(heads, rows), "live": key})


def write_table(heads: Sequence[str], rows: Sequence[Row]) -> str:
    """HTML of head and body; `heads` are texts, the first that of the names."""
    head = "".join(f'<th scope="col"><button type="button">{escape(text)}</button></th>' for text in heads)
    return f"<thead><tr>{head}</tr></thead><tbody>{''.join(map(_row, rows))}</tbody>"


def _row(row: Row) -> str:
    reference = " data-lab-reference" if row.reference else ""
    shown = escape(visible(row.name))
    name = f'<th scope="row" data-sort="{shown}"><i style="background:{row.colour}"></i>{shown}</th>'
    return f'<tr data-lab-variant="{row.index}"{reference} tabindex="0">{name}{"".join(map(_cell, row.cells))}</tr>'


def _cell(cell: Cell) -> str:
    order = "" if cell.order is None else f' data-sort="{escape(str(cell.order))}"'
    label = f' data-label="{escape(cell.label)}"' if cell.label else ""
    look = ' class="wide left"' if cell.wide else ""
    return f"<td{order}{label}{look}>{cell.html}</td>"


_FOLDER = Path(__file__)
_component = st.components.v2.component(
    "regularizer_lab_sortable_table",
    html='<div class="sortable-table-frame"><table class="sortable-table"></table></div>',
    css=_FOLDER.with_suffix(".css").read_text(encoding="utf-8"),
    js=_FOLDER.with_suffix(".js").read_text(encoding="utf-8"),
    isolate_styles=False,  # pointing at a row is seen by the whole page
)
