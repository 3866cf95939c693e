"""The version of this program, which stands in one place: `pyproject.toml`."""

import tomllib
from pathlib import Path
from typing import Final

PROGRAM: Final = "Regularizer Lab"
VERSION: Final[str] = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]["version"]
PROGRAM_AND_VERSION: Final = f"{PROGRAM} {VERSION}"
