"""Pages in Korean, with everything but names, code and terms that Korean texts leave in English; how a language is
chosen; and that no viewer gets another's."""

import re
from collections.abc import Callable, Iterator

import pytest

from experiment.presets import FIRST_VISIT, presets
from experiment.spec import parse_experiment
from tests.pages.conftest import Page
from ui import state, text
from ui.language import CHOICE
from ui.learn.families import FAMILIES, find_entries, name_entry
from ui.learn.path import STEPS
from ui.learn.questions import questions, sheet
from ui.learn.steps import luck
from wording.language import LANGUAGES, use

TERMS = re.compile(
    r"Adam|ADDRESS|Bishop|CIFAR|Conv2?D?|CSV|CutMix|Dense|ECE|English|Excel|Fashion|FOLDER|Guo|HTML|JSON|Keras|Lab|LaTeX|"
    r"Markdown|MLP|MNIST|NaN|NPZ|OpenML|Parquet|Patience|Prechelt|RandAugment|Regularizer|SGD|TensorBoard|TensorFlow|ZIP|"
    r"adam|elu|gelu|group|ipynb|keras|min_delta|monitor|overfitting|patience|relu|rmsprop|selu|sgd|sigmoid|"
    r"start_from_epoch|summary|swish|tanh|expected|calibration|error|(val|train)_\w+"
)
"""Products, formats, Keras's own words, names of people, and English in brackets."""
IN_BRACKETS = re.compile(r"(?<=[가-힣*])(\n?\(|, )[A-Za-z][A-Za-z -]*\)")
NAMES = {"baseline", "dropout", "stop", *(word for word in presets()[FIRST_VISIT].name.split())}
"""Of the experiment on the page: data, no texts."""
NAMES_IN_ENTRIES = {
    "rand_augment": "auto brightness contrast posterize sharpness shear shift solarize",
    "names": "activation loss metric optimizer regularizer",
    "networks": "batch laye layers norm plain residual",
}
"""What an explanation names as Keras or a recorded experiment does."""
KINDS = ("button", "selectbox", "toggle", "slider", "number_input", "multiselect", "segmented_control", "expander")


@pytest.fixture
def korean(open_page: Callable[..., Page]) -> Iterator[Callable[..., Page]]:
    """Opens a page in Korean. The test itself speaks it, too: AppTest names the options of a widget in its thread."""
    with use("ko"):
        yield lambda *page, **parameters: open_page(*page, lang="ko", **parameters)


def english_in(said: str) -> set[str]:
    """English words of a text, without code, addresses, icons, colours, and terms behind Korean ones in brackets."""
    said = IN_BRACKETS.sub(" ", said)
    plain = re.sub(r"`[^`]*`|:material/\w+:|:[\w-]+\[|https?://\S+|\]\([^)]*\)|<[^>]*>|%\{[^}]*\}", " ", said)
    return {word for word in re.findall(r"[A-Za-z]\w{2,}", plain, re.ASCII) if not TERMS.fullmatch(word)}


def said_by(page: Page) -> Iterator[str]:
    """All that a page says: running text, widgets with their help and choices, tables, and charts."""
    yield page.shown
    for kind in KINDS:
        for widget in getattr(page.app, kind):
            yield from filter(None, (widget.label, getattr(widget, "help", "")))
    for table in filter(None, page.tables):
        yield from table[0]
    for chart in page.charts:
        yield chart["alt"]
        layout = chart["figure"]["layout"]
        yield from (axis["title"]["text"] for key, axis in layout.items() if "axis" in key and "title" in axis)
        yield from (note["text"] for note in layout.get("annotations", ()))


def left_in(page: Page, *names: str) -> set[str]:
    """English words on a page that are neither terms nor names."""
    return {word for said in said_by(page) for word in english_in(said)} - NAMES - {*names}


@pytest.mark.parametrize("page", ["lab", "learn", "runs"])
def test_no_english_is_left_in_korean(korean: Callable[..., Page], page: str) -> None:
    assert left_in(korean(page)) == set()


@pytest.mark.parametrize("step", range(1, len(STEPS) + 1))
def test_no_english_is_left_in_a_korean_step(korean: Callable[..., Page], step: int) -> None:
    page = korean("learn", **{state.STEP_PARAMETER: str(step)})
    assert page.app.subheader[0].value == f"{step}. {STEPS[step - 1].name()}"
    assert left_in(page) == set()


@pytest.mark.parametrize("entry", [entry for family in FAMILIES for entry in family.entries])
def test_no_english_is_left_in_a_korean_explanation(korean: Callable[..., Page], entry: str) -> None:
    page = korean("learn")
    page.press(name_entry(entry))
    assert left_in(page, *NAMES_IN_ENTRIES.get(entry, "").split()) == set()


def test_questions_and_their_sheet_are_in_korean() -> None:
    with use("ko"):
        said = [one for question in questions() for one in (question.asked, question.answer())]
        page = sheet()
    named = re.compile("“[^”]*”")
    assert {word for one in said for word in english_in(named.sub("", one))} == {luck.TECHNIQUE.capitalize()}
    assert '<html lang="ko">' in page


def test_an_entry_is_found_in_korean_and_by_its_english_name() -> None:
    with use("ko"):
        assert "dropout" in find_entries("드롭아웃")
        assert "early_stopping" in find_entries("Early stopping")


def test_an_address_says_the_language_and_keeps_it_on_other_pages(korean: Callable[..., Page]) -> None:
    page = korean()
    assert page.labels("button").count("학습 시작") == 1
    page.go("runs")
    assert "여기서 학습한 모든 실험입니다." in page.shown
    assert page.app.query_params[state.LANGUAGE_PARAMETER] == "ko"


def test_a_person_chooses_the_language(open_page: Callable[..., Page]) -> None:
    page = open_page()
    assert text.TRAIN in page.labels("button")
    page.app.segmented_control(key=CHOICE).set_value("ko").run()
    page.check()
    assert "학습 시작" in page.labels("button")
    assert page.app.query_params[state.LANGUAGE_PARAMETER] == "ko"


def test_unknown_languages_are_english(open_page: Callable[..., Page]) -> None:
    assert text.TRAIN in open_page(lang="xx").labels("button")


def test_two_viewers_of_one_process_have_their_own_language(open_page: Callable[..., Page]) -> None:
    english, others = open_page(), open_page(lang="ko")
    assert english.curves["figure"]["layout"]["yaxis"]["title"]["text"] == "Cross-entropy (clean)"
    assert others.curves["figure"]["layout"]["yaxis"]["title"]["text"] == "교차 엔트로피(규제 제외)"
    english.app.run()
    assert text.TRAIN in english.labels("button")


def test_a_refusal_is_in_korean(korean: Callable[..., Page]) -> None:
    page = korean(configuration="broken")
    assert any("링크가 손상되었습니다" in code for code in page.codes)


def test_each_language_names_itself() -> None:
    assert LANGUAGES == {"en": "English", "ko": "한국어"}


def test_what_is_stored_does_not_change_with_the_language() -> None:
    with use("ko"):
        spec = parse_experiment('{"version": 1}').stored_json()
    assert spec == parse_experiment('{"version": 1}').stored_json()


def test_a_file_of_ones_own_is_told_in_korean(korean: Callable[..., Page]) -> None:
    page = korean()
    page.fill("selectbox", text.DATASET, "upload")
    file = b"number,size,colour,kind\n" + b"".join(b"%d,1.5,red,good\n%d,,blue,bad\n" % (i, 90 + i) for i in range(40))
    page.app.file_uploader[0].upload("wood.csv", file, "text/csv").run()
    page.check()
    assert "훈련 샘플" in page.shown
    assert (
        left_in(
            page,
            "number",
            "size",
            "colour",
            "kind",
            "red",
            "blue",
            "good",
            "bad",
            "wood",
            "csv",
            "utf",
            "openml",
            "org",
        )
        == set()
    )


def test_what_lies_deeper_is_in_korean(korean: Callable[..., Page], add_experiment: Callable[..., str]) -> None:
    variants = [{"name": "baseline"}, {"name": "stop", "techniques": [{"name": "early_stopping"}]}]
    page = korean(experiment=add_experiment(variants=variants))
    deeper = page.widget("segmented_control", text.DEEPER)
    for panel in deeper.options:
        page.look_deeper(panel)
        assert left_in(page, "iframe", "http", "Untitled") == set(), panel


def test_hints_and_refusals_of_the_form_are_in_korean(korean: Callable[..., Page]) -> None:
    page = korean()
    page.fill("text_input", text.SEEDS, "1, 1")
    assert page.mistakes == [text.FIX_FIRST]
    assert page.codes[0] == "seeds: 1: 두 번 있음; 허용: 시드마다 한 번"


def test_the_language_can_be_changed_while_something_is_chosen(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.look_deeper(text.IN_WORDS)
    page.fill("selectbox", text.DATASET, "wine")
    page.app.segmented_control(key=CHOICE).set_value("ko").run()
    page.check()
    assert "와인" in page.shown
