"""Files that are no text: Excel, Parquet, image folders, and what is refused of them."""

import io
import zipfile
from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from datasets.reading.choices import Reading
from datasets.reading.read import read_file
from datasets.table import Table, TableError

LIMIT = 5_000_000
SHEET = "xl/worksheets/sheet1.xml"
GENERATOR = np.random.default_rng(0)


def read(content: bytes, target: str | None = None) -> Table:
    return read_file(content, Reading(), target, LIMIT)


def zip_of(files: Mapping[str, bytes | str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def excel_of(rows: Iterable[Iterable[object]], last: str = "") -> bytes:
    """A workbook of one sheet, as small as Excel still opens it. `last`: more rows, as they are written in it."""

    def cell(value: object, place: str) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
        if isinstance(value, (int, float)):
            return f'<c r="{place}"><v>{value}</v></c>'
        return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'

    def row(values: Iterable[object], number: int) -> str:
        cells = "".join(cell(value, f"{chr(65 + i)}{number}") for i, value in enumerate(values))
        return f'<row r="{number}">{cells}</row>'

    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    document = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    data = "".join(row(values, number) for number, values in enumerate(rows, start=1)) + last
    return zip_of(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{document}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{document}"><sheets><sheet name="Data" sheetId="1" '
            'r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" '
            f'Type="{document}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
            SHEET: f'<worksheet xmlns="{main}"><sheetData>{data}</sheetData></worksheet>',
        }
    )


def picture(side: int = 20, mode: str = "RGB", form: str = "PNG", height: int | None = None) -> bytes:
    file = io.BytesIO()
    pixels = GENERATOR.integers(0, 256, (height or side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(file, form)
    return file.getvalue()


def folders(count: int = 12, **options: object) -> dict[str, bytes | str]:
    return {f"pets/{name}/{i}.png": picture(**options) for name in ("cat", "dog") for i in range(count)}


# Excel


def test_an_excel_file_is_read_whatever_it_is_called() -> None:
    rows = [["Report"], [], ["size", "windy", "kind"], *([i * 0.5, i % 3 == 0, "ab"[i % 2]] for i in range(40))]
    table = read(excel_of(rows))
    description = table.description
    assert (description.target, description.header, description.classes) == ("kind", 3, {"a": 20, "b": 20})
    assert description.features == ("size", "windy = False", "windy = True")
    assert table.checked().x[:3, 0].tolist() == [0, 0.5, 1]
    assert 'sheet "Data" of an Excel file' in description.notes[0]


def test_whole_numbers_of_excel_have_no_point() -> None:
    table = read(excel_of([["x", "kind"], *([i * i, i % 2] for i in range(40))]))
    assert table.checked().class_names == ("0", "1")


def test_a_damaged_excel_file_says_what_it_is() -> None:
    with pytest.raises(TableError, match=r"this is an Excel file.*save it as CSV"):
        read(zip_of({"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook/>"}))


# Parquet


def parquet_of(**columns: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def test_parquet_keeps_kinds_and_says_what_is_missing() -> None:
    size = [None if i % 10 == 0 else i * 0.5 for i in range(40)]
    table = read(parquet_of(size=size, ok=[i % 3 == 0 for i in range(40)], kind=["ab"[i % 2] for i in range(40)]))
    assert table.description.column("size").missing == 4
    assert table.checked().feature_names == ("size", "ok = False", "ok = True")
    assert table.checked().class_names == ("a", "b")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (parquet_of(x=[[1, 2]] * 40, y=[0, 1] * 20), 'column "x" is of type list'),
        (parquet_of(x=[b"1"] * 40, y=[0, 1] * 20), 'column "x" is of type binary'),
        (parquet_of(x=list(range(100_001)), y=[0] * 100_001), "100,001 rows; allowed: up to 100,000"),
        (parquet_of(x=[1.5] * 40), "1 columns; allowed: 2 to 5,000"),
        (b"PAR1 and no more", "cannot be read"),
    ],
)
def test_parquet_is_refused_with_the_reason(content: bytes, message: str) -> None:
    with pytest.raises(TableError, match=message):
        read(content)


# Image folders


@pytest.mark.parametrize(
    ("files", "shape", "note"),
    [
        (folders(), (24, 20, 20, 3), "24 images in the folders of 2 classes"),
        (folders(mode="L"), (24, 20, 20, 1), ""),
        (folders() | {"pets/cat/big.png": picture(60)}, (25, 20, 20, 3), "1 images of other sizes were scaled"),
        (folders(side=128, height=100), (24, 50, 64, 3), "scaled to 64 × 50"),
        (folders(side=4), (24, 8, 8, 3), "scaled to 8 × 8"),
        (folders() | {"pets/README.txt": "x", "__MACOSX/pets/cat/._1.png": "x"}, (24, 20, 20, 3), "README.txt"),
        (
            {f"a/{i}.jpg": picture(form="JPEG") for i in range(10)}
            | {f"b/{i}.BMP": picture(form="BMP") for i in range(10)},
            (20, 20, 20, 3),
            "",
        ),
    ],
)
def test_folders_of_images_are_classes(files: dict[str, bytes | str], shape: tuple[int, ...], note: str) -> None:
    table = read(zip_of(files))
    arrays = table.checked()
    assert (table.kind, arrays.x.shape, str(arrays.x.dtype)) == ("image", shape, "uint8")
    assert len(arrays.class_names) == 2
    assert note in "\n".join(table.description.notes)


def test_pixels_are_those_of_the_file() -> None:
    files = folders()
    arrays = read(zip_of(files)).checked()
    first = np.asarray(Image.open(io.BytesIO(files["pets/cat/0.png"])))
    assert any((image == first).all() for image in arrays.x[arrays.y == 0])


def link() -> bytes:
    entry = zipfile.ZipInfo("cat/1.png")
    entry.external_attr = 0o120777 << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (zip_of({"../cat/1.png": picture()}), "path that leads elsewhere"),
        (zip_of({"/cat/1.png": picture()}), "path that leads elsewhere"),
        (zip_of({"C:\\cat\\1.png": picture()}), "path that leads elsewhere"),
        (link(), "holds a link"),
        (zip_of({"cat/1.svg": "<svg/>"}), "no image that is read here"),
        (zip_of({"cat/1.zip": zip_of({"cat/1.png": picture()})}), "no image that is read here"),
        (zip_of({"cat/1.png": "no image"}), "cannot be read as an image"),
        (zip_of({"cat/1.png": picture()[:200]}), "cannot be read as an image"),
        (zip_of({"1.png": picture()}), "is in no folder"),
        (zip_of({"cat/1.png": b"\0" * 60_000_000}), "unpacks to 60,000,000 bytes"),
        (zip_of(folders() | {"pets/cow/1.png": picture()}), 'class "cow" of the folders has 1 rows'),
        (zip_of({"notes.txt": "x"}), "has no images, and no array x"),
    ],
)
def test_image_folders_are_refused_with_the_reason(content: bytes, message: str) -> None:
    with pytest.raises(TableError, match=message):
        read(content)


def test_an_image_of_too_many_pixels_is_refused_before_it_is_unpacked() -> None:
    file = io.BytesIO()
    Image.new("L", (4000, 4000)).save(file, "PNG")
    with pytest.raises(TableError, match="4,000 × 4,000 pixels; allowed: 10,000,000"):
        read(zip_of({"cat/1.png": file.getvalue()}))
