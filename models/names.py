"""What names may hold, and how text is shown that holds anything else.

Refused is what is not seen and disguises something else: a line separator begins a new line in a table or a script, a
mark of direction turns all that follows, a zero-width space makes two equal names of one.
"""

import json
import unicodedata
from typing import Final

JOINERS: Final = "\u200c\u200d"
"""Needed within words of Persian and of Indian languages, and in emoji."""
FIRST_JOINED: Final = "\u0590"
"""First character of the scripts and symbols that know joiners; Latin, Greek and Cyrillic come before it."""
SELECTORS: Final = frozenset(map(chr, (*range(0x180B, 0x180E), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
"""They choose a form of the character before them, as of an emoji, a keycap or a Chinese character."""
SELECTED: Final = "0123456789#*©®"
FILLERS: Final = "\u034f\u115f\u1160\u17b4\u17b5\u2065\u3164\uffa0"
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


def _is_joined(character: str) -> bool:
    """Whether it is of a script, or a symbol, that knows joiners and selectors."""
    return character >= FIRST_JOINED and unicodedata.category(character)[0] not in "CZ" and character not in FILLERS


def _is_hidden(text: str, place: int) -> bool:
    character, before, after = text[place], text[place - 1 : place], text[place + 1 : place + 2]
    if character.isascii():
        return not character.isprintable()
    if character in JOINERS:
        return not (_is_joined(before) and _is_joined(after))
    if character in SELECTORS:
        return not (_is_joined(before) or (before and before in SELECTED))
    category = unicodedata.category(character)
    return character in FILLERS or (category in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in SEEN)
