"""Where the plotly.js of the installed plotly package lies: the only part of it that the app uses itself."""

from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path


def plotly_js_path() -> Path:
    """Return the path of the minified plotly.js inside the installed package."""
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("The package plotly is not installed.")
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"


@cache  # reading a package's metadata takes a millisecond
def plotly_js_name() -> str:
    """Return a file name that changes with the package's version, so that browsers may keep the file."""
    return f"plotly-{version('plotly')}.min.js"
