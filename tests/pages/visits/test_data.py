"""The Data tab without workers: downloads under way, and files of one's own."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st

from datasets.downloads import DOWNLOADABLE, MNIST
from datasets.registry import DATASETS
from datasets.uploads import NOT_CHOSEN, NOT_HERE
from experiment.link import encode_link
from experiment.spec import Experiment, parse_experiment
from results.store import Store
from results.uploads import read_upload
from training.dispatch.downloads import DownloadState
from ui import text
from ui.services import services

OpenPage = Callable[..., Any]
Stored = Callable[..., Experiment]

CSV = b"size,colour,<b>kind</b>\n" + b"1.5,red,=1+1\n2.5,,b\n,blue,=1+1\n0.5,red,b\n" * 10
TOKEN = "1" * 64


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def upload(page: Any, name: str, content: bytes) -> None:
    page.app.file_uploader[0].upload(name, content, "application/octet-stream").run()
    page.check()


@pytest.fixture
def own_data(open_page: OpenPage) -> Any:
    """The Lab with "Your own data" chosen."""
    page = open_page()
    page.fill("selectbox", text.DATASET, "upload")
    return page


def set_state(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """What the workers, which these tests do without, would have told of MNIST's download."""
    monkeypatch.setattr(services().queue.downloads, "_states", {"mnist": DownloadState(**changes)})


def test_picking_a_data_set_that_is_not_here_asks_for_it_and_the_page_goes_on(
    open_page: OpenPage, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page()
    page.fill("selectbox", text.DATASET, "mnist")
    assert services().queue.downloads.start("mnist") == DownloadState()
    assert text.DOWNLOAD_WAITING.format(label=MNIST.label) in page.shown
    page.fill("number_input", "Training rows", 500)
    page.press(text.TRAIN)
    assert (stored().dataset.name, stored().dataset.training_rows) == ("mnist", 500)


def test_a_download_shows_bytes_so_far_then_its_images(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page()
    set_state(monkeypatch, bytes_so_far=2_000_000)
    monkeypatch.setattr(services().queue.dispatcher, "state", type(services().queue.state)(1, 1))
    page.fill("selectbox", text.DATASET, "mnist")
    assert [bar.proto.text for bar in page.app.get("progress")] == [
        text.DOWNLOADING.format(label=MNIST.label, done=2.0, total=11.49)
    ]
    set_state(monkeypatch, done=True)
    page.app.run()
    assert text.DOWNLOADED_ELSEWHERE.format(label=MNIST.label) in page.shown
    MNIST().keep(np.zeros((70_000, 28, 28, 1), np.uint8), (np.arange(70_000) % 10).astype(np.uint8))
    page.app.run()
    page.check()
    assert any(text.PREVIEW_ALT.format(name=MNIST.label) == chart["alt"] for chart in page.charts)


def test_a_download_that_failed_says_why_and_can_be_tried_again(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page()
    set_state(monkeypatch, error="no network; these need none: Wine")
    page.fill("selectbox", text.DATASET, "mnist")
    assert "these need none" in page.shown
    page.press(text.TRY_AGAIN)
    assert services().queue.downloads.start("mnist") == DownloadState()
    assert text.DOWNLOAD_WAITING.format(label=MNIST.label) in page.shown
    page.fill("selectbox", text.DATASET, "wine")
    assert page.mistakes == []


@pytest.mark.parametrize("rows", [None, 5000])
@pytest.mark.parametrize("name", DOWNLOADABLE)
def test_a_host_refuses_what_takes_too_long_with_a_large_data_set(
    open_page: OpenPage, store: Store, monkeypatch: pytest.MonkeyPatch, name: str, rows: int | None
) -> None:
    monkeypatch.setenv("HOSTED", "1")
    monkeypatch.setenv("LIMIT_EXPERIMENT_SECONDS", "100")
    page = open_page(token=TOKEN)
    page.fill("selectbox", text.DATASET, name)
    page.fill("number_input", "Training rows", rows)
    page.press(text.TRAIN)
    assert any("estimated seconds of all runs together" in code for code in page.codes)
    assert store.experiments() == []


def test_own_data_are_asked_for_checked_shown_and_trained_on(own_data: Any, stored: Stored, store: Store) -> None:
    page = own_data
    assert f"dataset: {NOT_CHOSEN}" in page.codes
    upload(page, "my *data*.csv", CSV)
    assert page.mistakes == []
    assert text.OWN_FILE_IN_USE.format(name=r"my \*data\*.csv") in [
        c.value.replace(r"\.", ".") for c in page.app.caption
    ]
    assert "missing numbers filled" in page.shown
    columns, balance, preview = (frame.value for frame in page.app.dataframe[:3])
    assert columns[text.COLUMN_KIND].tolist() == ["number", "text", "text"]
    assert columns[text.COLUMN_USE].tolist() == ["feature", "feature", "class"]
    assert balance[text.CLASS].tolist() == ["'=1+1", "b"], "a browser copies these cells to a spreadsheet"
    assert balance[text.CLASS_ROWS].tolist() == [20, 20]
    assert list(preview.columns) == [text.CLASS, "size", "colour = (missing)", "colour = blue", "colour = red"]
    page.fill("slider", "Label noise", 0.2)
    page.press(text.TRAIN)
    dataset = stored().dataset.model_dump()
    assert (dataset["target"], dataset["label_noise"]) == ("<b>kind</b>", 0.2)
    assert read_upload(store, dataset["sha256"]) == CSV
    (summary,) = store.experiments()
    store.delete_experiment(summary.id, visitor="local")
    assert read_upload(store, dataset["sha256"]) is None


def test_another_column_can_have_the_classes(own_data: Any, stored: Stored) -> None:
    upload(own_data, "a.csv", CSV.replace(b",,", b",green,"))
    own_data.fill("selectbox", text.TARGET, "colour")
    own_data.press(text.TRAIN)
    assert stored().dataset.model_dump()["target"] == "colour"
    assert stored().dataset.classes == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"one column\n1\n", "one column only"),
        (npz(x=np.zeros((40, 2)), y=np.array([{}] * 40, object)), "Python objects"),
        (b"PK\x03\x04nonsense", "is broken"),
    ],
)
def test_a_file_is_refused_with_the_reason_and_not_stored(
    own_data: Any, store: Store, content: bytes, message: str
) -> None:
    upload(own_data, "bad.csv", content)
    assert text.FILE_REFUSED in own_data.mistakes
    assert any(message in code for code in own_data.codes)
    with store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM uploads").scalar_one() == 0
    upload(own_data, "good.csv", CSV)
    assert own_data.mistakes == []


def test_a_file_over_the_hosts_limit_is_refused(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTED", "1")
    monkeypatch.setenv("LIMIT_UPLOAD_BYTES", "100")
    page = open_page(token=TOKEN)
    page.fill("selectbox", text.DATASET, "upload")
    upload(page, "a.csv", CSV)
    assert any("bytes; allowed: up to 100" in code for code in page.codes)


def columns_of(page: Any) -> dict[str, tuple[str, str]]:
    """Kind and use of each column, as the table of columns has them."""
    frame = page.app.dataframe[0].value
    rows = zip(*(frame[name] for name in (text.COLUMN_NAME, text.COLUMN_KIND, text.COLUMN_USE)), strict=True)
    return {name: (kind, use) for name, kind, use in rows}


def test_a_doubtful_column_is_left_out_until_a_person_keeps_it(own_data: Any, stored: Stored) -> None:
    rows = "".join(f"{i},{i % 7},{'ab'[i % 2]}\n" for i in range(60))
    upload(own_data, "a.csv", f",x,kind\n{rows}".encode())
    assert columns_of(own_data)["column 1"] == ("number", "ignore")
    own_data.press(text.KEEP)
    assert columns_of(own_data)["column 1"] == ("number", "feature")
    own_data.press(text.LEAVE_OUT)
    own_data.press(text.TRAIN)
    dataset = stored().dataset.model_dump(mode="json")
    assert dataset["reading"] == {"columns": [{"name": "column 1", "use": "ignore"}]}
    assert stored().dataset.load().feature_names == ("x",)


def test_what_was_found_can_be_overruled_and_changed_back(own_data: Any, stored: Stored) -> None:
    upload(own_data, "a.csv", b"a;b;kind\n" + b"1,5;2,25;x\n3,5;4,75;y\n5,5;4,5;x\n7,5;4,5;y\n" * 10)
    assert any("semicolon" in expander.label for expander in own_data.app.expander)
    own_data.fill("selectbox", text.SEPARATOR, "\t")
    assert any("one column only" in code for code in own_data.codes)
    own_data.fill("selectbox", text.SEPARATOR, None)
    own_data.fill("selectbox", text.DECIMAL, ".")
    assert own_data.mistakes == []
    own_data.press(text.TRAIN)
    assert stored().dataset.model_dump(mode="json")["reading"] == {"decimal": "."}


def test_a_refused_text_can_be_read_otherwise(own_data: Any, stored: Stored) -> None:
    lines = "".join(f"{i * i % 7},{i % 5},{'ab'[i % 2]}\n" for i in range(60))
    upload(own_data, "a.csv", f"x,note\nx,z,kind\n{lines}".encode())
    assert any("line 2 has 3 values under 2 names" in code for code in own_data.codes)
    own_data.fill("selectbox", text.HEADER, 2)
    assert own_data.mistakes == []
    own_data.press(text.TRAIN)
    assert stored().dataset.load().feature_names == ("x", "z")


def test_a_table_of_openml_is_kept_like_a_file(own_data: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.lab.own_data.fetch_openml", lambda number: (f"openml-{number}.csv", CSV))
    own_data.fill("number_input", text.OPENML_NUMBER, 61)
    own_data.press(text.OPENML_FETCH)
    assert "openml" in own_data.shown
    assert own_data.mistakes == []


def test_a_host_offers_no_openml(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTED", "1")
    page = open_page(token=TOKEN)
    page.fill("selectbox", text.DATASET, "upload")
    assert text.OPENML_NUMBER not in page.labels("number_input")


def test_a_second_file_that_is_refused_leaves_the_first_in_use(own_data: Any) -> None:
    upload(own_data, "good.csv", CSV)
    upload(own_data, "bad.csv", b"nothing")
    assert text.FILE_REFUSED in own_data.mistakes
    assert text.FILE_KEPT in own_data.shown
    assert "good" in own_data.shown


def test_images_of_an_npz_are_shown(own_data: Any, stored: Stored) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    upload(own_data, "a.npz", npz(x=pixels, y=np.array(["cat", "dog"] * 20)))
    assert own_data.mistakes == []
    assert any(chart["alt"].endswith("Your own data.") for chart in own_data.charts)
    own_data.press(text.TRAIN)
    assert stored().dataset.model_dump()["target"] is None


def test_undo_and_another_page_keep_the_file(own_data: Any, stored: Stored) -> None:
    upload(own_data, "a.csv", CSV)
    own_data.app.pills[0].set_value("too_big_a_net").run()
    own_data.check()
    own_data.press(text.UNDO)
    own_data.go("runs")
    own_data.go("lab")
    assert own_data.mistakes == []
    own_data.press(text.TRAIN)
    assert stored().dataset.model_dump()["name"] == "upload"


def test_a_link_to_a_configuration_says_where_its_data_must_go(
    own_data: Any, open_page: OpenPage, stored: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(own_data, "a.csv", CSV)
    own_data.press(text.TRAIN)
    link = encode_link(stored())
    again = open_page(configuration=link)
    assert again.mistakes == []
    services().store.close()
    st.cache_resource.clear()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'another_host.db'}")
    other = open_page(configuration=link)
    assert f"dataset: {NOT_HERE}" in other.codes
    assert text.RECORDED in other.shown


def test_every_data_set_says_where_it_comes_from() -> None:
    assert {dataset.origin for dataset in DATASETS.values()} == {"embedded", "download", "upload"}
    for dataset in DATASETS.values():
        assert dataset.source.startswith("https://")
        assert dataset.summary


def test_data_that_were_deleted_meanwhile_are_asked_for_again(own_data: Any, store: Store) -> None:
    upload(own_data, "a.csv", CSV)
    with store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM uploads")
    own_data.press(text.TRAIN)
    assert f"dataset: {NOT_HERE}" in own_data.codes
    assert store.experiments() == []
    assert parse_experiment("{}").dataset.uploads == ()


def test_on_a_fresh_server_the_preview_comes_later(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = False
    monkeypatch.setattr("ui.lab.data_preview.is_loaded", lambda: loaded)
    page = open_page()
    assert text.PREVIEW_LATER in page.shown
    before = len(page.charts)
    loaded = True
    page.app.run()
    page.check()
    assert text.PREVIEW_LATER not in page.shown
    assert len(page.charts) == before + 1
