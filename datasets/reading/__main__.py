"""The process that reads a file: `python -m datasets.reading FOLDER`, for `datasets.reading.process` alone."""

import json
import resource
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

import numpy as np

from datasets.reading.choices import Reading
from datasets.reading.process import ANSWER, ARRAYS, CONTENT, REQUEST, TOO_MUCH
from datasets.reading.read import load_libraries, read_file
from datasets.table import Table, TableError
from wording.language import _, speak

BYTES_MORE = 100_000_000
"""Beyond what Python and its libraries have reserved when they are loaded, for a file of up to 5 MB."""

SMALL_FILE = 5_000_000
TIMES_LARGER = 16
"""What each further byte of a file may take."""


class WithoutPandas(MetaPathFinder):
    """Arrow loads pandas wherever it is there, to make a list into a column (26.0): 40 MB and 0.3 s for nothing."""

    def find_spec(self, name: str, *_: object) -> None:
        """Hides pandas from whoever imports it."""
        if name == "pandas":
            raise ModuleNotFoundError(name)


def main(folder: Path) -> None:
    """Reads what lies in the folder and writes there what became of it."""
    sys.meta_path.insert(0, WithoutPandas())
    content = (folder / CONTENT).read_bytes()
    request = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    load_libraries(content)
    _limit_memory(BYTES_MORE + TIMES_LARGER * max(0, len(content) - SMALL_FILE))
    speak(request["language"])
    try:
        reading = Reading.model_validate_json(json.dumps(request["reading"]))
        table = read_file(content, reading, request["target"], request["limit_bytes"])
        answer: dict[str, Any] = {"kind": table.kind, "description": table.description.packed()}
        answer |= _write(folder, table)
    except TableError as error:
        answer = {"refused": str(error)}
    except MemoryError:
        answer = {"refused": _(TOO_MUCH)}
    (folder / ANSWER).write_text(json.dumps(answer), encoding="utf-8")


def _write(folder: Path, table: Table) -> dict[str, Any]:
    """The arrays, if there are any, and their names."""
    if (arrays := table.arrays) is None:
        return {}
    groups = {} if arrays.groups is None else {"groups": arrays.groups}
    indicators = np.array(arrays.indicators, np.int64)
    with (folder / ARRAYS).open("wb") as file:
        np.savez(file, x=arrays.x, y=arrays.y, indicators=indicators, allow_pickle=False, **groups)
    return {"class_names": arrays.class_names, "feature_names": arrays.feature_names}


def _limit_memory(more: int) -> None:
    """Limits data (heap and private mappings) to what there is now and so much more. Linux alone counts it."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return
    now = int(status.split("VmData:")[1].split()[0]) * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (now + more, now + more))


main(Path(sys.argv[1]))
