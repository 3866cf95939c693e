"""Catalogues: complete, compiled from what stands in them, with the placeholders of the English texts."""

import io
from pathlib import Path
from threading import Thread

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from locales.make import FOLDERS, collect, file_of, find_mistakes, read
from wording.language import ENGLISH, LANGUAGES, OFFERED, keep_language, language, ngettext, use
from wording.numbers import count_seeds, write_date

ROOT = Path(__file__).parents[2]
OTHERS = [code for code in LANGUAGES if code != ENGLISH]


@pytest.fixture(scope="module")
def texts() -> Catalog:
    return collect()


@pytest.mark.parametrize("code", [code for code in OFFERED if code != ENGLISH])
def test_a_language_that_is_offered_is_complete(texts: Catalog, code: str) -> None:
    assert find_mistakes(read(code), texts) == []


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_has_no_text_that_is_gone(texts: Catalog, code: str) -> None:
    assert [message.id for message in read(code) if message.id and message.id not in texts] == []


@pytest.mark.parametrize("code", OTHERS)
def test_the_compiled_catalogue_is_of_this_one(code: str) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, read(code))
    assert compiled.getvalue() == file_of(code).with_suffix(".mo").read_bytes()


def test_mistakes_are_found() -> None:
    texts, catalogue = Catalog(), Catalog(locale="ko")
    for text in ("{count} left", "Stop", "Start", "Go on"):
        texts.add(text)
    catalogue.add("{count} left", "{number} 남음")
    catalogue.add("Stop", "멈춤", flags=["fuzzy"])
    catalogue.add("Start", "시작")
    assert find_mistakes(catalogue, texts) == [
        "other placeholders: '{count} left': '{number} 남음'",
        "fuzzy: 'Stop'",
        "missing: 'Go on'",
    ]


def test_korean_sentences_choose_no_particle_by_guess() -> None:
    """`을(를)` and its kin are no Korean: such sentences are written so that none is needed."""
    guesses = ("을(를)", "를(을)", "은(는)", "이(가)", "와(과)", "과(와)", "(으)로", "(이)")
    assert [m.id for m in read("ko") if any(guess in str(m.string) for guess in guesses)] == []


@pytest.mark.parametrize("particle", ["은", "는", "이", "가", "을", "를", "과", "와"])
def test_no_particle_that_depends_on_the_last_sound_stands_behind_a_name(particle: str) -> None:
    fields = ("name", "names", "reference", "label", "variant", "technique", "label", "target", "metric")
    wrong = [f"{{{field}}}{particle}" for field in fields]
    assert [m.id for m in read("ko") for text in wrong if f"{text} " in str(m.string)] == []


def test_languages_are_of_a_context() -> None:
    with use("ko"):
        assert (language(), count_seeds(3)) == ("ko", "시드 3개")
        with use("en"):
            assert count_seeds(3) == "3 seeds"
        assert ngettext("{count} seed", "{count} seeds", 1) == "시드 1개"
    assert language() == "en"


def test_dates_are_written_as_the_language_does() -> None:
    from datetime import date

    assert write_date(date(2026, 11, 5)) == "2026-11-05"
    with use("ko"):
        assert write_date(date(2026, 11, 5)) == "2026년 11월 5일"


def test_no_text_is_translated_when_a_module_is_loaded() -> None:
    """A name of `ui.text` imported by itself would stay in the language of the first viewer."""
    for folder in FOLDERS:
        for file in (ROOT / folder).rglob("*.py"):
            source = file.read_text(encoding="utf-8")
            assert "from ui.text import" not in source, file


def test_nothing_is_installed_into_builtins() -> None:
    sources = [file.read_text(encoding="utf-8") for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")]
    assert not any(word in source for source in sources for word in ("gettext.install", ".install(", "builtins._"))


def test_what_is_made_later_keeps_the_language_of_whoever_asked() -> None:
    with use("ko"):
        count = keep_language(count_seeds)
    made: list[str] = []
    thread = Thread(target=lambda: made.append(count(2)))
    thread.start()
    thread.join()
    assert made == ["시드 2개"]
