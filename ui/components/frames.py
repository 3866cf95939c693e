"""Tables for Streamlit's grid, from which browsers copy cells and save a CSV file without asking us."""

from typing import TYPE_CHECKING

from export.table_text import disarm
from models.names import visible

if TYPE_CHECKING:
    import pandas as pd


def disarm_frame(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The same table, with an apostrophe before each text and name that a spreadsheet would run as a formula, and
    without characters that are not seen."""
    disarmed = frame.copy(deep=False)
    for name in frame.select_dtypes(exclude="number"):
        disarmed[name] = [disarm(visible(cell)) if isinstance(cell, str) else cell for cell in frame[name]]
    names: list[str] = []
    for name in map(disarm, map(visible, frame.columns)):
        while name in names:
            name = f"'{name}"
        names.append(name)
    disarmed.columns = names
    return disarmed
