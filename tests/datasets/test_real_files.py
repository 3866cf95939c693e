"""Files as people really have them: nothing is lost, shifted or merged, and what was done is said."""

import math
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.reading.choices import ColumnChoice, Reading
from datasets.reading.description import Description
from datasets.reading.read import read_file
from datasets.table import Table, TableError
from datasets.uploads import MAX_FILE_BYTES

GENERATOR = np.random.default_rng(0)
NOISE = [f"{value:.3f}" for value in GENERATOR.normal(size=400)]


def read(content: bytes | str, target: str | None = None, **reading: object) -> Table:
    data = content.encode() if isinstance(content, str) else content
    return read_file(data, Reading.model_validate(reading), target, MAX_FILE_BYTES)


def describe(content: bytes | str, target: str | None = None, **reading: object) -> Description:
    description = read(content, target, **reading).description
    assert description.problem is None
    return description


def lines(header: str, rows: Iterable[str], end: str = "\n") -> str:
    return end.join([*([header] if header else []), *rows]) + end


def rows_of(template: str, count: int = 40) -> list[str]:
    """Rows in which `{i}` is the number, `{x}` and `{z}` are noise, `{c}` is a or b in turns, `{k}` one of four."""
    return [
        template.format(i=i, x=NOISE[i], z=NOISE[-1 - i], c="ab"[i % 2], k="pqrs"[i // 2 % 4]) for i in range(count)
    ]


def kinds(description: Description) -> dict[str, tuple[str, str]]:
    return {column.name: (column.kind, column.use) for column in description.columns}


def told(description: Description) -> str:
    return "\n".join(description.told()["notes"])


# 1. Rows and header


def test_one_value_more_in_each_row_is_rs_row_names() -> None:
    description = describe(lines("x,z,cls", rows_of("{i},{x},{z},{c}")))
    assert kinds(description)["row names"] == ("number", "ignore")
    assert description.classes == {"a": 20, "b": 20}
    assert description.features == ("x", "z")
    assert "row names" in told(description)


def test_row_names_that_are_texts_are_left_out_too() -> None:
    description = describe(lines("x,cls", rows_of('"Mazda {i}",{x},{c}')))
    assert description.features == ("x",)
    assert description.classes == {"a": 20, "b": 20}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (lines("a,b,cls", ["1,2,x,9", *["0,0,x", "1,1,y"] * 20]), 2),
        (lines("a,b,cls", [*["0,0,x", "1,1,y"] * 20, "1,2,x,9"]), 42),
        (lines("text,n,cls", [*["red,1,a", "blue,2,b"] * 20, "red, big,3,a"]), 42),
        (lines("a,b", ["1,2,x", "1,3,y", *["2,1,x"] * 20]), 2),  # all rows are longer, but the first values repeat
        (lines("a,b,cls", [*["1,2,x", "2,3,y"] * 20, "", "# note", "1,2,x,,9"]), 44),
    ],
)
def test_a_value_under_no_name_is_refused_with_its_line(content: str, line: int) -> None:
    with pytest.raises(TableError, match=f"line {line} has . values under . names"):
        read(content)


def test_separators_after_the_last_value_are_dropped_and_said() -> None:
    description = describe(lines("x;z;cls", rows_of("{x};{z};{c};")))
    assert description.target == "cls"
    assert "40 rows end with separators" in told(description)


def test_an_empty_last_column_is_left_out_and_the_last_filled_one_is_proposed() -> None:
    table = read(lines("id,cls,x,", rows_of("{i},{c},{x},")))
    assert table.description.target == "x"
    assert table.description.column("column 4").use == "ignore"
    assert "(empty)" in told(table.description)
    assert "at least 10 rows" in str(table.description.problem)
    assert read(lines("id,cls,x,", rows_of("{i},{c},{x},")), "cls").checked().class_names == ("a", "b")


def test_short_rows_lack_their_last_values() -> None:
    description = describe(lines("x,z,cls", [*rows_of("{x},{z},{c}"), "1", "2,3"]))
    assert (description.rows, sum(description.classes.values())) == (42, 40)
    assert [column.missing for column in description.columns] == [0, 1, 2]
    assert "2 rows have fewer than 3 values" in told(description)


# 2. Classes are names


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        (("True", "False"), ("False", "True")),
        (("TRUE", "FALSE"), ("FALSE", "TRUE")),
        (("01", "1"), ("01", "1")),
        (("None", "Apnea"), ("Apnea", "None")),
        (("NA", "nan"), ("NA", "nan")),
        (("10", "9"), ("9", "10")),
        (("-1", "1.5"), ("-1", "1.5")),
        (("10", "b"), ("10", "b")),
        (("2024-01-02", "2023-01-02"), ("2023-01-02", "2024-01-02")),
        (("1.0", "2.0"), ("1.0", "2.0")),
    ],
)
def test_a_class_is_the_text_in_the_file(classes: tuple[str, str], names: tuple[str, ...]) -> None:
    rows = [f"{NOISE[i]},{classes[i % 2]}" for i in range(40)]
    arrays = read(lines("x,cls", [*rows, "1.5,"])).checked()
    assert arrays.class_names == names
    assert [arrays.class_names[y] for y in arrays.y] == [classes[i % 2] for i in range(40)]


def test_outer_spaces_go_and_capitals_stay() -> None:
    rows = [f"{NOISE[i]},{['male', 'male ', ' female'][i % 3]},{['yes', 'yes ', 'no', 'No'][i % 4]}" for i in range(80)]
    description = describe(lines("x,sex,status", rows))
    assert description.classes == {"No": 20, "no": 20, "yes": 40}
    assert description.features == ("x", "sex = female", "sex = male")
    assert 'The classes "No", "no" differ in capitals' in told(description)


def test_texts_among_the_features_stay_texts() -> None:
    rows = [f"{['True', 'False', 'None', ''][i % 4]},{NOISE[i]},{'ab'[i // 2 % 2]}" for i in range(40)]
    description = describe(lines("t,x,cls", rows))
    assert description.features == ("t = (missing)", "t = False", "t = None", "t = True", "x")


# 3. Numbers with foreign marks


@pytest.mark.parametrize(
    ("cells", "numbers", "note"),
    [
        (["1.5", "2.5", "?", ""], [1.5, 2.5, math.nan, math.nan], 'missing numbers: "v": "?"'),
        (["1", "NA", "n/a", "3"], [1, math.nan, math.nan, 3], '"NA", "n/a"'),
        (["1", "inf", "-Infinity", "3"], [1, math.nan, math.nan, 3], '"inf"'),
        (["1,5", "2,25", "3,125", "-4,0"], [1.5, 2.25, 3.125, -4], "decimal mark ,"),
        (["17,789", "951", "1,234,567", "2,000"], [17789, 951, 1234567, 2000], "thousands mark ','"),
        (["1,234.5", "951", "2.5", "10,000"], [1234.5, 951, 2.5, 10000], "thousands mark ','"),
        (["1.234,5", "951", "2,5", "10.000"], [1234.5, 951, 2.5, 10000], "thousands mark '.'"),
        (["1 234", "951", "12 500", "3 000"], [1234, 951, 12500, 3000], "thousands mark ' '"),
        (["1'234", "951", "12'500", "3'000"], [1234, 951, 12500, 3000], "thousands mark"),
        (["12 kg", "7 kg", "9.5 kg", "?"], [12, 7, 9.5, math.nan], "unit kg"),
        (["45%", "7%", "9.5%", "100%"], [45, 7, 9.5, 100], "unit %"),
        (["$12.50", "$7", "$1,200.00", "$3"], [12.5, 7, 1200, 3], "unit $"),
        (["1e3", "-2.5E-2", "+4", ".5"], [1000, -0.025, 4, 0.5], ""),
    ],
)  # fmt: skip
def test_one_consistent_notation_makes_numbers(cells: list[str], numbers: list[float], note: str) -> None:
    rows = [f'"{cells[i % 4]}";{"ab"[i // 4 % 2]}' for i in range(40)]
    table = read(lines("v;cls", rows))
    assert table.description.column("v").kind == "number"
    np.testing.assert_allclose(table.checked().x[:4, 0], numbers, rtol=1e-6)
    assert note in told(table.description)


@pytest.mark.parametrize("odd", ["abc", "1.2.3", "12 kg", "1,2,3,4x"])
def test_one_odd_cell_is_named_and_changes_nothing_silently(odd: str) -> None:
    cells = [*NOISE[:39], odd]
    rows = [f"{cells[i]};{NOISE[-i - 1]};{'ab'[i % 2]}" for i in range(40)]
    table = read(lines("v;x;cls", rows))
    assert table.description.column("v").kind == "text"
    assert f'"{odd}" (line 41)' in told(table.description)
    as_number = read(lines("v;x;cls", rows), columns=(ColumnChoice(name="v", kind="number"),))
    assert as_number.description.column("v").missing == 1
    assert f'"{odd}"' in told(as_number.description)


def test_codes_are_no_numbers_with_a_unit() -> None:
    rows = [f"{i % 9:04d}-AAAA,A{i % 7},{NOISE[i]},{'ab'[i % 2]}" for i in range(40)]
    description = describe(lines("customer,bin,x,cls", rows))
    assert kinds(description)["customer"][0] == kinds(description)["bin"][0] == "text"


def test_dates_become_numbers_only_if_a_person_says_so() -> None:
    rows = [f"{1 + i % 28:02d}.03.2024,{NOISE[i]},{'ab'[i % 2]}" for i in range(40)]
    description = describe(lines("day,x,cls", rows))
    assert kinds(description)["day"] == ("date", "ignore")
    choice = {"columns": (ColumnChoice(name="day", use="feature"),)}
    table = read(lines("day,x,cls", rows), **choice)
    assert table.checked().x[:2, 0].tolist() == [19783, 19784]  # days from 1970-01-01 to 2024-03-01
    assert "days since 1970-01-01 (day before month)" in told(table.description)


# 4. Dialect and encoding


@pytest.mark.parametrize(
    ("content", "encoding", "separator", "header"),
    [
        (lines("Größe;x;Art", rows_of("{x};{z};{c}")).encode("utf-8-sig"), "utf-8", ";", 1),
        (lines("Größe;x;Art", rows_of("{x};{z};{c}")).encode("cp1252"), "cp1252", ";", 1),
        (lines("Größe\tx\tArt", rows_of("{x}\t{z}\t{c}"), "\r\n").encode("utf-16"), "utf-16", "\t", 1),
        (lines("Größe\tx\tArt", rows_of("{x}\t{z}\t{c}")).encode("utf-16-be"), "utf-16-be", "\t", 1),
        (lines("이름,몸무게,등급", rows_of("{x},{z},가{c}")).encode("cp949"), "cp949", ",", 1),
        (lines("имя,вес,класс", rows_of("{x},{z},да{c}")).encode("cp1251"), "cp1251", ",", 1),
        (lines("T °C,x,cls", rows_of("{x},{z},{c}")).encode("cp1252"), "cp1252", ",", 1),
        (lines("x|z|cls", rows_of("{x}|{z}|{c}")), "utf-8", "|", 1),
        (lines("x, z, cls", rows_of('{x}, {z}, "{c}, d"')), "utf-8", ",", 1),
        (lines('"Größe, cm";"Gewicht, kg";Klasse', rows_of("{x};{z};{c}")), "utf-8", ";", 1),
        (lines("sep=;", ["x;z;cls", *rows_of("{x};{z};{c}")], "\r\n"), "utf-8", ";", 2),
        (lines("# made by a logger, v2", ["# unit: cm", "x,z,cls", *rows_of("{x},{z},{c}")]), "utf-8", ",", 3),
        (lines("Report of May", ["", "x,z,cls", *rows_of("{x},{z},{c}")]), "utf-8", ",", 3),
        (lines("Report of May", ["by me, and you", "x,z,y,cls", *rows_of("{x},{z},1.5,{c}")]), "utf-8", ",", 3),
        (lines("# x,z,cls", rows_of("{x},{z},{c}")), "utf-8", ",", 1),
        (lines("text\tx\tcls", rows_of("Hello, world, it,is {k}\t{x}\t{c}")), "utf-8", "\t", 1),
        (lines('"a\nb",z,cls', rows_of("{x},{z},{c}")), "utf-8", ",", 1),
    ],
)
def test_encoding_separator_and_header_are_found(
    content: str | bytes, encoding: str, separator: str, header: int
) -> None:
    description = describe(content)
    assert (description.encoding, description.separator, description.header) == (encoding, separator, header)
    assert len(description.columns) in (3, 4)
    assert description.columns[1].kind == "number"
    assert (description.rows, set(description.classes.values())) == (40, {20})
    assert encoding == "utf-8" or encoding == "utf-16" or f"read as {encoding}" in told(description)
    assert header == 1 or "Skipped before the header" in told(description)


def test_a_file_without_names_says_so_and_a_person_decides() -> None:
    rows = rows_of("{x},{z},1") + rows_of("{z},{x},0")
    description = describe(lines("", rows))
    assert (description.header, description.rows) == (0, 80)
    assert "Line 1 looks like data" in told(description)
    assert describe(lines("", rows), header=1).rows == 79
    iris = [f"{NOISE[i]},{NOISE[-i]},Iris-{'ab'[i % 2]}" for i in range(40)]
    assert describe(lines("", iris)).classes == {"Iris-a": 20, "Iris-b": 20}
    assert describe(lines("x,z,kind", iris)).header == 1
    assert describe(lines("0,1,2", iris)).header == 1  # how pandas names columns that have no names
    assert read(lines("x,z,kind", iris), header=0).description.rows == 41


def test_a_byte_that_is_no_utf_8_in_a_text_that_is_names_its_line() -> None:
    content = lines("größe,x,cls", rows_of("{x},ä{k},{c}")).encode() + b"1,\xff,a\n"
    with pytest.raises(TableError, match=r"in UTF-8 but for line 42 \(byte "):
        read(content)
    assert describe(content, encoding="latin-1").rows == 41


def test_each_finding_can_be_overruled() -> None:
    content = lines("Größe;x;Art", rows_of("{x};{z};{c}")).encode("cp1252")
    assert describe(content, encoding="latin-1").columns[0].name == "Größe"
    assert describe(content, encoding="cp1251").columns[0].name != "Größe"
    with pytest.raises(TableError, match="no text in utf-8"):
        read(content, encoding="utf-8")
    with pytest.raises(TableError, match="one column only"):
        read(content, separator="|")
    thousands = [f"{i},{i:03d};{i * i % 7};{'ab'[i % 2]}" for i in range(1, 41)]
    assert read(lines("v;x;cls", thousands)).checked().x[1, 0] == pytest.approx(2.002)
    assert "Thousands or decimals?" in told(describe(lines("v;x;cls", thousands)))
    assert read(lines("v;x;cls", thousands), decimal=".").checked().x[1, 0] == 2002
    points = [row.replace(";", f";{NOISE[0]};") for row in thousands]  # another column says what the comma is
    assert read(lines("v;p;x;q;cls", points)).checked().x[1, 0] == 2002


# 5. Limits


def test_limits_count_what_they_say() -> None:
    def wide(features: int) -> str:
        header = ",".join(f"c{i}" for i in range(features)) + ",cls"
        return lines(
            header, [",".join([f"{i * i % 7}", *[str(i % 3)] * (features - 1)]) + f",{i % 2}" for i in range(20)]
        )

    assert read(wide(2000)).checked().x.shape == (20, 2000)
    assert "2,001 features; allowed: up to 2,000" in str(read(wide(2001)).description.problem)
    assert read("x,cls\n" + "1,0\n2,1\n3,1\n1,1\n" * 25_000).description.rows == 100_000
    with pytest.raises(TableError, match="more than 100,000 rows"):
        read("x,cls\n" + "1,0\n" * 100_001)


# 6. Precision


def test_milliseconds_since_1970_stay_apart() -> None:
    rows = [f"{1_700_000_000_000 + 37 * i * i},{NOISE[i]},{'ab'[i % 2]}" for i in range(40)]
    arrays = read(lines("ms,x,cls", rows)).checked()
    assert arrays.x.dtype == np.float64
    assert len(np.unique(arrays.x[:, 0])) == 40
    assert read(lines("x,z,cls", rows_of("{x},{z},{c}"))).checked().x.dtype == np.float32


# Before training


def test_an_index_and_a_numbering_are_left_out_until_a_person_keeps_them() -> None:
    for name in ("", "Id"):
        content = lines(f"{name},x,cls", rows_of("{i},{x},{c}"))
        description = describe(content)
        assert description.features == ("x",)
        (doubt,) = (doubt for doubt in description.doubts if doubt.column)
        assert doubt.left_out and "numbers or names the rows" in doubt.text
        column = name or "column 1"
        kept = describe(content, columns=(ColumnChoice(name=column, use="feature"),))
        assert kept.features == (column, "x")
        assert not next(doubt for doubt in kept.doubts if doubt.column == column).left_out
    shuffled = [f"{(i * 7) % 40 + 100},{NOISE[i]},{'ab'[i % 2]}" for i in range(40)]
    assert describe(lines("PassengerId,x,cls", shuffled)).features == ("x",)
    assert describe(lines("price,x,cls", shuffled)).features == ("price", "x")


def test_a_second_class_column_is_left_out() -> None:
    description = describe(lines("x,label,z,label", rows_of("{x},{c},{z},{c}")))
    assert (description.target, description.features) == ("label (2)", ("x", "z"))
    assert 'the same as the class "label (2)"' in told(description)
    renamed = describe(lines("code,x,cls", [f"{7 + i % 2},{NOISE[i]},{'ab'[i % 2]}" for i in range(40)]))
    assert renamed.features == ("x",)


def test_a_feature_that_tells_the_class_is_said() -> None:
    rows = [f"{'pqr'[i % 3]},{NOISE[i]},{'aab'[i % 3]}" for i in range(60)]
    assert '"code" alone tells the class' in told(describe(lines("code,x,cls", rows)))
    threshold = [f"{i * 1.5},{NOISE[i]},{'ab'[i > 25]}" for i in range(60)]
    assert '"v" alone tells the class' in told(describe(lines("v,x,cls", threshold)))
    assert "alone" not in told(describe(lines("x,z,cls", rows_of("{x},{z},{c}"))))


def test_equal_rows_the_majority_and_constants_are_said() -> None:
    rows = rows_of("{x},{z},5,{c}", 20)
    description = describe(lines("x,z,k,cls", [*rows * 3, *rows_of("{z},{x},5,a", 60)]))
    assert "50% of the rows are there more than once (60 rows)" in told(description)
    assert '75.0% of the rows are of class "a"' in told(description)
    assert '"k" is the same in every row' in told(description)


# Whatever the file

CELL = st.text(st.characters(exclude_characters='\r\n"\0\ufeff', exclude_categories=("Cs",)), max_size=6).map(
    lambda text: " ".join(text.split())
)


@given(rows=st.lists(st.tuples(CELL, CELL, st.sampled_from("ab")), min_size=1, max_size=30))
def test_no_cell_is_lost_shifted_or_merged(rows: list[tuple[str, str, str]]) -> None:
    """Every text that was written is found again under its column, in its row."""
    padded = [*rows, *(("left", "right", label) for label in "ab" * 10)]
    quoted = lines("p,q,cls", [",".join(f'"{cell}"' for cell in row) for row in padded])
    choice = tuple(ColumnChoice(name=name, kind="text", use="feature") for name in "pq")
    arrays = read(quoted, "cls", separator=",", header=1, columns=choice).checked()
    assert [arrays.class_names[y] for y in arrays.y] == [row[2] for row in padded]
    for place, name in enumerate("pq"):
        for feature, there in zip(arrays.feature_names, arrays.x.T, strict=True):
            if feature.startswith(f"{name} = "):
                text = feature.removeprefix(f"{name} = ").replace("(missing)", "")
                assert there.tolist() == [float(row[place].strip() == text) for row in padded]
