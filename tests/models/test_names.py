"""Names: what disguises is refused, what people write in any language is not, and what is shown has nothing hidden."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import names
from models.names import find_hidden, quote, shorten, visible

DISGUISES = [
    0x00,
    0x09,
    0x0A,
    0x0D,
    0x1B,
    0x7F,
    0x85,
    0xAD,
    0x34F,
    0x61C,
    0x180E,
    0x200B,
    0x200E,
    0x200F,
    0x2028,
    0x2029,
]
DISGUISES += [*range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x3164, 0xD800, 0xFEFF, 0xFFA0, 0xFFF9, 0xE0001, 0xE0041]


DISGUISED = [
    "日\u200d本", "日本\ufe0f", "Việ\ufe0ft", "–\ufe0f", "😀" + "\U000e0141" * 30, "L1\ufe0f", "\u2800", "a\U0001d159",
    "a\U00016fe4", "a\ufff0", "a\U000e0002", "a\U000e0fff", "a\u180f", "a\ufdd0", "a\ue000", "❤\ufe0f\ufe0f",
    "a\u200db",
]  # fmt: skip
PLAIN = ["👩\u200d👩\u200d👧", "❤\ufe0f\u200d🔥", "1\ufe0f\u20e3", "می\u200cخواهم", "क\u094d\u200dष", "葛\U000e0100"]
PLAIN += ["🏳\ufe0f\u200d🌈", "과적합", "L2 = 1e-3", "Größe", "\U0001fae8"]


@pytest.mark.parametrize("name", DISGUISED, ids=ascii)
def test_what_makes_two_equal_names_of_one_is_refused(name: str) -> None:
    assert find_hidden(name) is not None
    assert find_hidden(visible(name)) is None


@pytest.mark.parametrize("name", PLAIN, ids=ascii)
def test_what_people_write_is_allowed(name: str) -> None:
    assert find_hidden(name) is None
    assert visible(name) == name


def test_examples_give_what_they_say() -> None:
    assert doctest.testmod(names).failed == 0


@pytest.mark.parametrize("code", DISGUISES, ids=hex)
@pytest.mark.parametrize("around", ["{}", "a{}b", "{}b", "a{}", "दा{}दा"])
def test_what_is_not_seen_is_refused_wherever_it_stands_and_named(code: int, around: str) -> None:
    found = find_hidden(around.format(chr(code)))
    assert found is not None and found.startswith(f"U+{code:04X}")
    shown = visible(around.format(chr(code)))
    assert find_hidden(shown) is None


def test_a_refused_character_has_its_name_where_unicode_has_one() -> None:
    assert find_hidden("a\u202eb\u2028") == "U+202E RIGHT-TO-LEFT OVERRIDE"
    assert find_hidden("a\x07") == "U+0007"


@pytest.mark.parametrize(
    "name",
    [
        "L1 + L2, λ = 0.01 (½)",
        "naïve\u00a0Straße",
        "e\u0301",
        "می\u200cخواهم",  # Persian: without the joiner the word is another one
        "क्\u200dष",  # Hindi: a half letter
        "👩\u200d💻 🏳️\u200d🌈 ❤️\u200d🔥 👍🏽",
        "1️⃣ #️⃣ ©️ ™️",
        "葛\U000e0100城",  # a variant of a character, as in the name of a city
        "עברית العربية",
        "\u0601١٢",
        "日本語 한국어 ไทย",
    ],
)
def test_names_of_all_languages_and_emoji_are_allowed_and_shown_to_the_letter(name: str) -> None:
    assert find_hidden(name) is None
    assert visible(name) == name.replace("\u00a0", " ")


@pytest.mark.parametrize(
    "name",
    [
        "base\u200dline",
        "base\u200cline",
        "baseline\u200d",
        "\u200dbaseline",
        "base\ufe0fline",
        "\ufe0f",
        "👩\u200d",
        "é\u200dé",
        "д\u200dд",
    ],
)
def test_a_joiner_or_a_selector_that_does_nothing_where_it_stands_is_refused(name: str) -> None:
    assert find_hidden(name) is not None
    assert len(visible(name)) == len(name) - 1


@given(st.text(st.characters()))
def test_what_is_shown_has_nothing_hidden_and_is_shown_the_same_again(text: str) -> None:
    shown = visible(text)
    assert not set(shown) & set("\n\r\t\v\f\u2028\u2029\u202e\u200b\u200f\x00")
    assert find_hidden(shown) is None and shown.encode() is not None
    if find_hidden(text) is None:
        assert shown == "".join(" " if c.isspace() else c for c in text)


@given(st.text(st.characters()), st.integers(1, 80))
def test_what_is_shortened_fits(text: str, length: int) -> None:
    assert len(shorten(text, length)) <= length
    assert len(quote(text, length)) <= length and quote(text, length).isprintable()
