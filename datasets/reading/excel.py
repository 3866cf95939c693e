"""An Excel file (or one of LibreOffice) as records: its first sheet that has values."""

import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

import python_calamine as calamine

from datasets.reading.choices import MAX_COLUMNS, Reading
from datasets.reading.delimited import read_rows
from datasets.reading.records import Record
from datasets.reading.sheet import Sheet
from datasets.table import MAX_ROWS, TableError, shown
from wording.language import _

MAX_CELLS = 20_000_000
"""Of a sheet, empty ones among them, which take memory too."""


def read_excel(content: bytes, reading: Reading) -> Sheet:
    """The columns of a workbook's first sheet that has values.

    Raises:
        TableError: it is damaged, or too large.
    """
    try:
        workbook = calamine.load_workbook(io.BytesIO(content))
        sheets = (workbook.get_sheet_by_name(name) for name in workbook.sheet_names)
        sheet = next((sheet for sheet in sheets if sheet.width), None)
    except (calamine.CalamineError, ValueError, OSError, RuntimeError) as error:
        raise TableError(
            _("this is an Excel file, but it cannot be read ({error}): save it as CSV, UTF-8").format(error=error)
        ) from None
    if sheet is None:
        raise TableError(_("the Excel file has no values"))
    rows, columns = sheet.total_height, sheet.total_width
    if rows > 2 * MAX_ROWS or columns > MAX_COLUMNS or rows * columns > MAX_CELLS:
        raise TableError(
            _("the sheet has {rows:,} rows and {columns:,} columns; allowed: up to {max_rows:,} rows").format(
                rows=rows, columns=columns, max_rows=MAX_ROWS
            )
        )
    notes = [_("Read from the sheet {name} of an Excel file.").format(name=shown(sheet.name))]
    if len(workbook.sheet_names) > 1:
        notes.append(
            _("Other sheets were not read: {names}.").format(names=", ".join(map(shown, workbook.sheet_names[:9])))
        )
    return read_rows(partial(_records, sheet), reading, notes=tuple(notes))


def _records(sheet: Any) -> Iterator[Record]:
    """The rows that have values; lines are those of the sheet."""
    for line, row in enumerate(sheet.iter_rows(), start=sheet.start[0] + 1 if sheet.start else 1):
        cells = [_text(cell) for cell in row]
        if any(cells):
            yield Record(line, cells)


def _text(cell: Any) -> str:
    """What a cell shows: 5 for 5.0, True, a date in ISO's form."""
    match cell:
        case bool():
            return str(cell)
        case float():
            return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
        case datetime():
            return cell.isoformat(" ") if cell.time() != time() else cell.date().isoformat()
        case date() | time() | timedelta():
            return str(cell)
    return str(cell).strip()
