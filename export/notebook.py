"""A script as a Jupyter notebook, in the format nbformat 4.5."""

import json
from typing import Any

from export.script import Cell


def as_notebook(cells: tuple[Cell, ...]) -> str:
    """The script as an .ipynb file: each part a code cell under its heading."""
    parts: list[dict[str, Any]] = []
    for cell in cells:
        if cell.title:
            parts.append(_cell("markdown", f"## {cell.title}"))
        parts.append(_cell("code", "\n".join(cell.lines)) | {"execution_count": None, "outputs": []})
    numbered = [part | {"id": f"part-{number}"} for number, part in enumerate(parts, 1)]
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook = {"cells": numbered, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _cell(kind: str, text: str) -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True)}
