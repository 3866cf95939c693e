"""What names may hold, and how text is shown that holds anything else.

Refused is what is not seen and disguises something else: a line separator begins a new line in a table or a script, a
mark of direction turns all that follows, a zero-width space makes two equal names of one.
"""

import json
import unicodedata
from typing import Final

JOINERS: Final = "\u200c\u200d"
"""Needed within words of Arabic, Syriac, Mongolian and Indian scripts, and in emoji."""
JOINED_SCRIPTS: Final = ((0x0600, 0x109F), (0x1780, 0x18AF), (0xA840, 0xA8FF), (0x10D00, 0x11FFF))
EMOJI: Final = (0x1F000, 0x1FAFF)
"""Python's Unicode is older than the newest of them."""
PRESENTATION: Final = "\ufe0e\ufe0f"
"""Text or picture, chosen for the symbol before."""
KEYCAP: Final = "\u20e3"
KEYCAP_BASES: Final = "0123456789#*"
FORMS_OF_HAN: Final = frozenset(map(chr, (*range(0xFE00, 0xFE03), *range(0xE0100, 0xE01F0))))
FORMS_OF_MONGOLIAN: Final = "\u180b\u180c\u180d"
FILLERS: Final = "\u034f\u115f\u1160\u17b4\u17b5\u180f\u2065\u2800\u3164\uffa0\U00016fe4\U0001d159"
"""Empty, but no blanks to Unicode."""
SEEN: Final = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
"""Marks of numbers: of the category of what is not seen, and yet seen."""
MOST_SHOWN: Final = 60


def find_hidden(text: str) -> str | None:
    """The first character that a name may not have, as `U+202E RIGHT-TO-LEFT OVERRIDE`; None if there is none."""
    place = next((place for place in range(len(text)) if _is_hidden(text, place)), None)
    if place is None:
        return None
    return f"U+{ord(text[place]):04X} {unicodedata.name(text[place], '')}".rstrip()


def visible(text: str) -> str:
    """The text as it is shown: without what names may not have, and on one line.

    >>> visible("a\\u202eb\\tc\\u200b")
    'ab c'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(text, place) for place in range(len(text)))


def shorten(text: str, length: int = MOST_SHOWN) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def quote(value: object, length: int = MOST_SHOWN) -> str:
    """A value as JSON, short enough for a message."""
    return shorten(json.dumps(value), length)


def _shown(text: str, place: int) -> str:
    if text[place].isspace():
        return " "
    return "" if _is_hidden(text, place) else text[place]


def _is_within(character: str, *ranges: tuple[int, int]) -> bool:
    return bool(character) and any(first <= ord(character) <= last for first, last in ranges)


def _is_symbol(character: str) -> bool:
    """Whether it is drawn as a picture, or chooses how."""
    return bool(character) and (
        character in PRESENTATION or _is_within(character, EMOJI) or unicodedata.category(character) in ("So", "Sm")
    )


def _is_hidden(text: str, place: int) -> bool:
    character, before, after = text[place], text[place - 1 : place], text[place + 1 : place + 2]
    if character.isascii():
        return not character.isprintable()
    if character in JOINERS:
        pair = (before, after)
        return not (all(map(_is_symbol, pair)) or all(_is_within(one, *JOINED_SCRIPTS) for one in pair))
    if character in PRESENTATION:
        keycap = bool(before) and before in KEYCAP_BASES and after == KEYCAP
        return not (keycap or (_is_symbol(before) and before not in PRESENTATION))
    if character in FORMS_OF_HAN:
        return not (before and unicodedata.name(before, "").startswith("CJK UNIFIED"))
    if character in FORMS_OF_MONGOLIAN:
        return not _is_within(before, (0x1820, 0x18AA))
    if character in FILLERS or 0xFE00 <= ord(character) <= 0xFE0F:
        return True
    unseen = unicodedata.category(character) in ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
    return unseen and character not in SEEN and not _is_within(character, EMOJI)
