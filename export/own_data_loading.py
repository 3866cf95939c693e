"""How a script reads somebody's own file: the steps of `datasets.reading`, for what was understood of this file."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from datasets.reading.description import Column, Description, Format
from datasets.uploads import Upload
from export.keras_text import lay_out_list
from wording.language import _

IMPORTS: dict[Format, tuple[str, ...]] = {
    "text": ("import csv", "import pandas as pd"),
    "excel": ("import pandas as pd",),
    "parquet": ("import pandas as pd",),
    "npz": (),
    "images": ("import io", "import zipfile", "from PIL import Image"),
}
CONNECTED = "from scipy.sparse.csgraph import connected_components"
FALLBACK_NAMES: dict[Format, str] = {
    "text": "data.csv",
    "excel": "data.xlsx",
    "parquet": "data.parquet",
    "npz": "data.npz",
    "images": "data.zip",
}


@dataclass(frozen=True)
class Loading:
    """Lines that define the arrays `x` (rows, ...) and `y` (rows,), and the imports that they need.

    Attributes:
        missing: `x` has values that are not there, as NaN.
        indicators: the features from `first_text` on are 0 or 1 for a text, and are not scaled.
        groups: lines also define `groups` (rows,): rows of one number stay on one side of a split.
    """

    imports: tuple[str, ...]
    lines: tuple[str, ...]
    missing: bool = False
    indicators: bool = False
    groups: bool = False


def load_own_file(dataset: Upload, file_name: str | None) -> Loading:
    """The lines for a file of somebody's own, which is called `file_name`."""
    description, arrays = dataset.description, dataset.load()
    name = _quoted(file_name or FALLBACK_NAMES[description.format])
    imports = IMPORTS[description.format]
    if description.format == "images":
        lines = tuple(_images(dataset, name))
    elif description.format == "npz":
        lines = tuple(_npz(dataset, name))
    else:
        lines = (*_table(description, name), *_classes(description), *_features(description))
    if arrays.groups is not None:
        lines = (*lines, *_groups(description))
        if any(column.use == "group" for column in description.columns):
            imports = (*imports, "from scipy.sparse import coo_array", CONNECTED)
    missing = arrays.x.dtype != np.uint8 and bool(np.isnan(arrays.x).any())
    return Loading(imports, lines, missing, bool(arrays.indicators), arrays.groups is not None)


def _table(description: Description, file_name: str) -> Iterator[str]:
    """Lines that define `table`, a frame of texts under the names that columns have here."""
    if description.format == "parquet":
        yield f'table = pd.read_parquet({file_name}, dtype_backend="numpy_nullable").astype(object)'
        yield 'table = table.where(table.notna(), "").astype(str).apply(lambda column: column.str.strip())'
        return
    if description.format == "excel":
        yield f'rows = pd.read_excel({file_name}, header=None, dtype=str, engine="calamine").fillna("").values.tolist()'
        yield f"reader = iter(rows[{description.skipped}:])"
        yield from _rows(description, "    ", where='"a row"')
        return
    encoding = "utf-8-sig" if description.encoding == "utf-8" else description.encoding
    yield f'with open({file_name}, encoding="{encoding}", newline="") as file:'
    lines = f"file.readlines()[{description.skipped}:]" if description.skipped else "file"
    separator = json.dumps(description.separator)
    yield f"    reader = csv.reader({lines}, delimiter={separator}, skipinitialspace=True, strict=True)"
    yield from (f"    {line}" for line in _rows(description, "    ", where="reader.line_num"))
    yield "table = pd.DataFrame(rows, columns=names)"


def _rows(description: Description, indent: str, where: str) -> Iterator[str]:
    """Lines that take `names` and `rows` from `reader`, and refuse what they would lose."""
    columns = description.columns
    if _has_renamed(columns) or not description.header:
        yield from lay_out_list("names = [", [_quoted(column.name) for column in columns], "]")
        if description.header:
            yield "next(reader)  # " + _("the file's own names, which are not there once each")
    else:
        names = 'name.strip() or f"column {i + 1}" for i, name in enumerate(next(reader))'
        yield f"names = [{_quoted(columns[0].name)}, *({names})]" if description.row_names else f"names = [{names}]"
    yield "rows = []"
    yield "for record in reader:"
    yield f"{indent}row = [cell.strip() for cell in record]"
    yield f'{indent}if len(row) == 1 and row[0].startswith("#"):'
    yield f"{indent}    continue  # " + _("a comment")
    yield f"{indent}if any(row[len(names) :]):"
    yield f'{indent}    raise ValueError(f"line {{{where}}} has values under no name")'
    yield f"{indent}if any(row):"
    yield f'{indent}    rows.append((row + [""] * len(names))[: len(names)])'


def _has_renamed(columns: Sequence[Column]) -> bool:
    """Whether a name has a number because the file has it twice."""
    names = {column.name for column in columns}
    return any(name.rpartition(" (")[0] in names and name.endswith(")") for name in names)


def _classes(description: Description) -> Iterator[str]:
    target = _quoted(str(description.target))
    yield f'table = table[table[{target}] != ""]'
    yield from lay_out_list("classes = [", [_quoted(name) for name in description.classes], "]")
    yield f"y = table[{target}].map(classes.index).to_numpy()"


def _features(description: Description) -> Iterator[str]:
    """Numbers first, then one 0/1 column for each text, which the script does not scale."""
    used = [column for column in description.columns if column.use == "feature"]
    numbers, dates, texts = ([c for c in used if c.kind == kind] for kind in ("number", "date", "text"))
    yield from lay_out_list("numbers = table[[", [_quoted(column.name) for column in [*numbers, *dates]], "]].copy()")
    for change in dict.fromkeys(_changes(column.notation) for column in numbers):
        names = [column.name for column in numbers if _changes(column.notation) == change]
        if change and names == [column.name for column in numbers] and not dates:
            yield f"numbers = numbers.apply(lambda column: column{change})"
        elif change:
            yield from lay_out_list("for name in [", [_quoted(name) for name in names], "]:")
            yield f"    numbers[name] = numbers[name]{change}"
    for column in dates:
        arguments = f'dayfirst={column.day_first}, format="mixed", utc=True, errors="coerce"'
        yield f"dates = pd.to_datetime(numbers[{_quoted(column.name)}], {arguments})"
        yield f'numbers[{_quoted(column.name)}] = (dates - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)'
    yield 'numbers = numbers.apply(pd.to_numeric, errors="coerce").replace([np.inf, -np.inf], np.nan)'
    if not texts:
        yield "x = numbers.to_numpy(float)"
        return
    yield "# " + _("Texts become one 0/1 column for each value")
    yield from lay_out_list("texts = pd.get_dummies(table[[", [_quoted(column.name) for column in texts], "]])")
    yield "first_text = numbers.shape[1]"
    yield "x = np.concatenate([numbers.to_numpy(float), texts.to_numpy(float)], axis=1)"


def _changes(notation: tuple[str, str, str, str]) -> str:
    """What makes plain numbers of texts in a notation, as calls on a column."""
    decimal, thousands, before, after = notation
    steps = [f".str.removeprefix({_quoted(before)}).str.strip()"] if before else []
    steps += [f".str.removesuffix({_quoted(after)}).str.strip()"] if after else []
    steps += [f'.str.replace({_quoted(thousands)}, "", regex=False)'] if thousands else []
    steps += [f'.str.replace({_quoted(decimal)}, ".", regex=False)'] if decimal != "." else []
    return "".join(steps)


def _groups(description: Description) -> Iterator[str]:
    """Lines that define `groups`: equal rows, and those of the column that has the groups."""
    yield "# " + _("Equal rows stay on one side of the split")
    yield "equal = np.unique(x.reshape(len(x), -1), axis=0, return_inverse=True)[1].ravel()"
    column = next((column for column in description.columns if column.use == "group"), None)
    if column is None:
        yield "groups = equal"
        return
    yield "# " + _("... and so do those of one group: parts of the graph that has an edge for each row")
    yield f"own = table[{_quoted(column.name)}].reset_index(drop=True)"
    yield 'own = own.where(own != "", "row " + own.index.astype(str)).factorize()[0]'
    yield "size = own.max() + 1 + equal.max() + 1"
    yield "edges = coo_array((np.ones(len(x)), (own, own.max() + 1 + equal)), shape=(size, size))"
    yield "groups = connected_components(edges, directed=False)[1][own]"


def _npz(dataset: Upload, file_name: str) -> Iterator[str]:
    yield f"with np.load({file_name}, allow_pickle=False) as content:"
    yield '    x, labels = content["x"], content["y"].ravel().tolist()'
    yield 'labels = [f"{label:g}" if isinstance(label, float) else str(label).strip() for label in labels]'
    yield from lay_out_list("classes = [", [_quoted(name) for name in dataset.load().class_names], "]")
    if dataset.description.rows > dataset.rows:
        yield 'x, labels = x[[label != "" for label in labels]], [label for label in labels if label]'
    yield "y = np.array([classes.index(label) for label in labels])"
    if dataset.kind == "image":
        yield f"x = x.reshape(-1, {', '.join(map(str, dataset.shape))})"


def _images(dataset: Upload, file_name: str) -> Iterator[str]:
    height, width, channels = dataset.shape
    mode = "L" if channels == 1 else "RGB"
    yield 'endings = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")'
    yield f"with zipfile.ZipFile({file_name}) as archive:"
    yield "    paths = sorted(path for path in archive.namelist() if path.lower().endswith(endings))"
    yield '    paths = [path for path in paths if "__MACOSX" not in path and not path.split("/")[-1].startswith(".")]'
    yield f'    images = [Image.open(io.BytesIO(archive.read(path))).convert("{mode}") for path in paths]'
    yield f"x = np.stack([image.resize(({width}, {height}), Image.Resampling.BILINEAR) for image in images])"
    yield f"x = x.reshape(-1, {height}, {width}, {channels})"
    yield from lay_out_list("classes = [", [_quoted(name) for name in dataset.load().class_names], "]")
    yield 'y = np.array([classes.index(path.split("/")[-2]) for path in paths])'


def _quoted(text: str) -> str:
    """A text as Python reads it, with escapes for what an editor would not show or would take for a direction."""
    written = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in written)
