"""plotly.js with the traces of its cartesian bundle alone: a third of the whole, which is all that our figures use.

`charts/plotly/` holds the file of the npm package `plotly.js-cartesian-dist-min`, gzipped, in the version that the
Python package brings along, which the tests use. That one has the whole plotly.js only.
"""

import gzip
from functools import cache
from pathlib import Path
from typing import Final

VERSION: Final = "4.1.1"
SHA256: Final = "79542150855a52c567260e3137095dbe2b744e6d702a5cabe67da246942fba7a"
"""Of the file as npm has it, `package/plotly-cartesian.min.js`."""
PLOTLY_JS: Final = f"plotly-cartesian-{VERSION}.min.js"
"""A file name that changes with the version, so that browsers may keep the file."""


def read_gzipped_plotly_js() -> bytes:
    """The file as servers send it."""
    return (Path(__file__).parent / "plotly" / f"{PLOTLY_JS}.gz").read_bytes()


@cache
def read_plotly_js() -> str:
    """The file as a report holds it."""
    return gzip.decompress(read_gzipped_plotly_js()).decode()
