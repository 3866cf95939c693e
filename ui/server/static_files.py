"""Scripts that browsers load once and keep, in the folder that Streamlit serves beside its main script."""

import os
import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path

from charts.plotly_bundle import plotly_js_name, plotly_js_path

STATIC_FOLDER = Path(__file__).parents[1] / "static"
DRAWING = Path(__file__).parents[1] / "components" / "chart_drawing.js"


@cache
def ensure_scripts(folder: Path) -> None:
    """Copy plotly.js from the installed package, and what draws with it, into `folder` unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    for source, name in ((plotly_js_path(), plotly_js_name()), (DRAWING, drawing_name())):
        if not (folder / name).exists():
            _copy(source, folder / name)


@cache
def drawing_name() -> str:
    """A file name that changes with the drawing script, so that browsers may keep the file."""
    return f"chart-drawing-{sha256(DRAWING.read_bytes()).hexdigest()[:12]}.js"


def _copy(source: Path, target: Path) -> None:
    """Several servers may start at once on one folder: the copy appears under its name only when it is whole."""
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=target.stem, suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(source.read_bytes())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)
