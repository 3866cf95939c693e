"""People's own files: what they become, and what is refused with which words."""

import hashlib
import io
import re
import struct
import tracemalloc
import zipfile
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from datasets.reading.cells import Cells
from datasets.reading.choices import Reading
from datasets.reading.columns import MAX_CATEGORIES
from datasets.reading.read import read_file
from datasets.split import make_split, split_rows
from datasets.table import MIN_ROWS_PER_CLASS, Table, TableError, encode_classes
from datasets.uploads import MAX_FILE_BYTES, NOT_CHOSEN, NOT_HERE, UPLOADS, Upload, UploadedFiles

Add = Callable[..., Upload]


@pytest.fixture
def add() -> Add:
    """Puts a file where uploads are found, and gives the data set of it."""
    stored: dict[str, bytes] = {}
    files = UploadedFiles(stored.get)

    def add(content: bytes, target: str | None = None) -> Upload:
        sha256 = hashlib.sha256(content).hexdigest()
        stored[sha256] = content
        return Upload.model_validate({"sha256": sha256, "target": target}, context={UPLOADS: files})

    return add


def csv_of(rows: int = 20, **columns: str) -> bytes:
    """A CSV of `rows` rows; `{i}` in a column's text is the number of the row."""
    lines = [
        ",".join(columns),
        *(",".join(text.format(i=i, half=i % 2) for text in columns.values()) for i in range(rows)),
    ]
    return "\n".join(lines).encode()


def npz_of(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


LABELS = np.arange(40) % 2


def read(content: bytes, target: str | None = None, reading: Reading = Reading()) -> Table:  # noqa: B008
    """A file that can be trained on, read in this process."""
    table = read_file(content, reading, target, MAX_FILE_BYTES)
    table.checked()
    return table


def test_a_csv_keeps_numbers_spreads_texts_and_names_its_classes() -> None:
    table = read(b"size,kind,sick\n" + b"1.5,a,yes\n2,b,no\n,a,yes\n4,,no\n" * 10, "sick")
    assert table.arrays.feature_names == ("size", "kind = (missing)", "kind = a", "kind = b")
    assert table.arrays.class_names == ("no", "yes")
    assert table.arrays.y[:4].tolist() == [1, 0, 1, 0]
    assert table.arrays.x[:4, 1:].tolist() == [[0, 1, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]]
    np.testing.assert_array_equal(table.arrays.x[:4, 0], [1.5, 2, np.nan, 4])
    assert table.kind == "table"
    assert table.class_counts.tolist() == [20, 20]
    assert table.description.notes == (
        "10 missing numbers filled with the median of the training rows.",
        "1 column of texts became one 0/1 column for each value; a missing text is a value of its own.",
    )


def test_missing_numbers_become_the_median_of_the_training_rows_alone(add: Add) -> None:
    generator = np.random.default_rng(0)
    values = generator.normal(size=(200, 3))
    values[generator.random(values.shape) < 0.2] = np.nan
    frame = pd.DataFrame(values).assign(y=np.arange(200) % 2)
    dataset = add(frame.to_csv(index=False).encode(), "y")
    arrays = dataset.load()
    split = make_split(dataset, arrays, seed=3)
    pool, validation, _ = split_rows(arrays.y, dataset.held_out, 3)
    train = arrays.x[pool]
    filled = np.where(np.isnan(train), np.nanmedian(train, axis=0), train)
    expected = np.nanmedian(train, axis=0) - filled.mean(axis=0)
    lost = np.isnan(arrays.x[validation])
    assert lost.any()
    where = np.broadcast_to(expected / filled.std(axis=0), lost.shape)
    np.testing.assert_allclose(split.x_validation[lost], where[lost], atol=1e-5)
    assert all(np.isfinite(x).all() for x in (split.x_train, split.x_validation, split.x_test))


def test_exactly_two_numbers_are_points_and_labels_of_numbers_sort_as_numbers() -> None:
    rows = b"0.5;1;10\n1;2;9\n0.5;3;9\n"
    table = read(b"u;v;group\n" + rows * 10)
    assert (table.kind, table.arrays.class_names) == ("points", ("9", "10"))
    assert table.arrays.y[:2].tolist() == [1, 0]
    assert read(b"u;v;group\n" + (rows + b";2;9\n") * 10).kind == "table"  # a point without a place


def test_a_byte_order_mark_and_quotes_are_read_and_formulas_stay_text() -> None:
    content = '\ufeffname,"a,b",y\n=SUM(A1),1,x\n<b>bold</b>,2,"=1+1"\n=SUM(A1),3,"=1+1"\n'.encode()
    header, *rows = content.split(b"\n")
    table = read(b"\n".join([header, *rows[:3] * 10]), "y")
    assert table.arrays.feature_names == ("name = <b>bold</b>", "name = =SUM(A1)", "a,b")
    assert table.arrays.class_names == ("=1+1", "x")


def test_columns_of_names_are_left_out_and_rows_without_a_class_too() -> None:
    rows = csv_of(60, id="person {i}", size="{i}.5", empty="", y="{half}") + b"\nperson 3,3,,"
    table = read(rows, "y")
    assert table.arrays.feature_names == ("size",)
    assert len(table.arrays.y) == 60
    columns, lost = table.description.notes
    assert lost == "1 rows without a class left out."
    assert '"id" (60 different texts' in columns and '"empty" (empty)' in columns


@pytest.mark.parametrize(
    ("content", "target", "message"),
    [
        (b"", None, "is empty"),
        (b"\xff\xfe\x00", None, "UTF-8"),
        (b"\x00\x01\x02", None, "is no text in an encoding that is known here"),
        (b"only one column\n1\n2", None, "one column only"),
        (b"a,b\n", None, "no rows"),
        (csv_of(a="1", y="{half}"), "z", 'no column "z"; columns: "a", "y"'),
        (csv_of(a="1", y="same"), None, '"y" has 1 different values; allowed: 2 to 100'),
        (csv_of(400, a="1", y="{i}"), None, '"y" has 400 different values'),
        (csv_of(19, a="1", y="{half}"), None, f'"1" of column "y" has 9 rows; allowed: at least {MIN_ROWS_PER_CLASS}'),
        (csv_of(a="1e300", y="{half}"), None, 'no column is left.*"?a"? \\(no finite number\\)'),
        (csv_of(60, a="person {i}", y="{half}") + b"\nperson 3,1", None, f"is left.*more than {MAX_CATEGORIES}"),
        (csv_of(60, a="person {i}", y="{half}"), None, "is left.*names the rows"),
        (b"a,y\n1,0\n1,2,3,4\n", None, 'line 3 has 4 values under 2 names: nothing says what "3" is'),
        (b'a,y\n1,0\n1,"2\n', None, "line 3 cannot be read as CSV: unexpected end of data"),
        ((",".join(f"c{i}" for i in range(5001)) + "\n").encode(), None, "line 1 has 5,001 values.* up to 5,000"),
        (b"a,y\n" + b"1,0\n" * 100_001, None, "more than 100,000 rows"),
    ],
)  # fmt: skip
def test_a_csv_is_refused_with_the_reason(content: bytes, target: str | None, message: str) -> None:
    with pytest.raises(TableError, match=message) as caught:
        read(content, target)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("x", "shape", "kind", "dtype"),
    [
        (np.zeros((40, 8, 8), np.uint8), (8, 8, 1), "image", "uint8"),
        (np.zeros((40, 8, 6, 3)), (8, 6, 3), "image", "float32"),
        (np.zeros((40, 5), np.int16), (5,), "table", "float32"),
        (np.zeros((40, 2), bool), (2,), "points", "float32"),
    ],
)
def test_an_npz_is_images_a_table_or_points(
    add: Add, x: np.ndarray, shape: tuple[int, ...], kind: str, dtype: str
) -> None:
    dataset = add(npz_of(x=x, y=LABELS[:, None]))
    assert (dataset.shape, dataset.kind, dataset.rows, dataset.classes) == (shape, kind, 40, 2)
    assert dataset.load().x.dtype == dtype
    assert dataset.uploads == (dataset.sha256,)
    assert len(dataset.load().feature_names) == (0 if kind == "image" else shape[0])
    split = make_split(dataset, dataset.load(), seed=0)
    assert split.x_train.shape == (24, *shape)


@pytest.mark.parametrize(
    ("y", "names"),
    [
        (np.array(["cat", "ant"] * 20), ("ant", "cat")),
        (np.array([b"cat", b"ant"] * 20), ("ant", "cat")),
        (np.array([10.0, 9.0] * 20), ("9", "10")),
        (np.array([True, False] * 20), ("False", "True")),
    ],
)
def test_classes_are_numbers_or_texts(y: np.ndarray, names: tuple[str, ...]) -> None:
    table = read(npz_of(x=np.zeros((40, 3)), y=y))
    assert table.arrays.class_names == names
    assert table.arrays.y[:2].tolist() == [1, 0]


def with_header(shape: tuple[int, ...], descr: str = "<f8") -> bytes:
    """An NPZ whose x claims this shape and type, with no bytes behind it."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}".encode().ljust(117) + b"\n"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
        with archive.open("y.npy", "w") as y:
            np.lib.format.write_array(y, LABELS)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (npz_of(x=np.zeros((40, 2))), "has no array y"),
        (npz_of(a=np.zeros((40, 2)), y=LABELS), "has no array x"),
        (npz_of(x=np.zeros(40), y=LABELS), r"x is \(40,\)"),
        (npz_of(x=np.zeros((39, 2)), y=LABELS), r"x is \(39, 2\) and y is \(40,\)"),
        (npz_of(x=np.zeros((40, 2)), y=np.eye(40)), r"y is \(40, 40\)"),
        (npz_of(x=np.zeros((40, 8, 8, 2)), y=LABELS), "grey or with 3 colours"),
        (npz_of(x=np.zeros((40, 65, 8)), y=LABELS), "2 to 64 pixels a side"),
        (npz_of(x=np.zeros((40, 2001)), y=LABELS), "up to 2,000 features"),
        (npz_of(x=np.zeros((40, 2), complex), y=LABELS), "x is of type complex128"),
        (npz_of(x=np.full((40, 2), np.nan), y=LABELS), "allowed: finite numbers"),
        (npz_of(x=np.full((40, 2), 1e300), y=LABELS), "allowed: finite numbers"),
        (npz_of(x=np.zeros((40, 2)), y=np.linspace(0, 1, 40)), "y has values that are no whole numbers"),
        (npz_of(x=np.zeros((40, 2)), y=np.zeros(40)), "y has 1 different values"),
        (with_header((40, 2), "|O"), "x holds Python objects, which are never read"),
        (with_header((10**9, 10**9)), r"claims to be .* more than the file has"),
        (with_header((40, 2), "nonsense"), "is broken"),
        (npz_of(x=np.zeros((40, 2)), y=LABELS)[:-40], "is broken"),
        (b"PK\x03\x04 and no more", "is broken"),
    ],
)
def test_an_npz_is_refused_with_the_reason(content: bytes, message: str) -> None:
    with pytest.raises(TableError, match=message) as caught:
        read(content)
    assert "\n" not in str(caught.value)


def test_size_is_checked_before_anything_is_unpacked() -> None:
    content = csv_of(60, a="{i}.5", y="{half}")
    assert read_file(content, Reading(), None, len(content)).arrays is not None
    with pytest.raises(TableError, match=f"{len(content)} bytes; allowed: up to {len(content) - 1}"):
        read_file(content, Reading(), None, len(content) - 1)
    bomb = npz_of(x=np.zeros((2_000_000,)), y=LABELS)
    assert len(bomb) < 50_000
    tracemalloc.start()
    with pytest.raises(TableError, match=r"unpacks to 16,.* allowed: up to 500,000"):
        read_file(bomb, Reading(), None, 50_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_without_its_file_an_upload_says_what_to_do(add: Add) -> None:
    with pytest.raises(ValidationError, match=NOT_CHOSEN):
        Upload()
    with pytest.raises(ValidationError, match=re.escape(NOT_HERE)):
        Upload(sha256="0" * 64)
    with pytest.raises(ValidationError, match="64 hexadecimal digits"):
        Upload(sha256="../../etc/passwd")
    with pytest.raises(ValidationError, match="train_size is 25; allowed for upload: 4 to 24"):
        own = add(npz_of(x=np.zeros((40, 2)), y=LABELS))
        Upload.model_validate({"sha256": own.sha256, "train_size": 25}, context={UPLOADS: own.files})


def test_a_file_is_read_once_for_all_who_use_it() -> None:
    content, asked = csv_of(a="{i}", b="1", y="{half}"), []
    files = UploadedFiles(lambda sha256: asked.append(sha256) or content)
    first, second = (Upload.model_validate({"sha256": "0" * 64}, context={UPLOADS: files}) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert first.load() is second.whole.load() is first.model_copy(update={"train_size": 8}).load()
    assert asked == ["0" * 64]


def test_the_columns_of_a_csv_are_known_before_one_is_chosen(add: Add) -> None:
    csv, npz = add(csv_of(a="{i}", b="1", y="{half}")), add(npz_of(x=np.zeros((40, 2)), y=LABELS))
    assert [column.name for column in csv.description.columns] == ["a", "b", "y"]
    assert [column.name for column in npz.description.columns] == ["feature 1", "feature 2"]


@given(counts=st.lists(st.integers(MIN_ROWS_PER_CLASS, 60), min_size=2, max_size=12), seed=st.integers(0, 9))
def test_accepted_classes_are_in_every_part_of_the_split(counts: list[int], seed: int) -> None:
    codes = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    y, names = encode_classes(Cells([f"class {i}" for i in range(len(counts))], codes), "y")
    for rows in split_rows(y, round(0.2 * len(y)), seed):
        assert set(y[rows]) == set(range(len(names)))


@given(content=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_file_is_read_or_refused(content: bytes) -> None:
    for beginning in (b"", b"PK\x03\x04", b"PAR1", b"a,b,class\n"):
        try:
            table = read_file(beginning + content, Reading(), None, MAX_FILE_BYTES)
            assert table.arrays is not None or table.description.problem
        except TableError as error:
            assert str(error)
