"""Translations by gettext. English is the language of the texts themselves; others are catalogues in `locales/`.

Texts are looked up when a sentence is made, not when a module is loaded, so that each viewer can have a language. It is
the context's: of a thread that draws for somebody, or of what stands within `use`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

LOCALES: Final = Path(__file__).parents[1] / "locales"
ENGLISH: Final = "en"
LANGUAGES: Final = {ENGLISH: "English", "ko": "한국어"}
"""Those with a catalogue, by what each calls itself."""
OFFERED: Final = (ENGLISH, "ko")
"""Those that people are given a choice of: their catalogues are complete (tests/wording/test_catalogues.py)."""

Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")

_spoken: ContextVar[str | None] = ContextVar("language", default=None)
_askers: list[Callable[[], str | None]] = []


def language() -> str:
    """The language that is spoken here. It belongs to the key of whatever is kept with words in it."""
    known = _spoken.get()
    if known is None:
        known = next((found for ask in _askers if (found := ask())), None)
        _spoken.set(known)
    return known or ENGLISH


def speak(code: str | None) -> None:
    """Sets the language of this thread or task from here on; None: it is asked for anew."""
    _spoken.set(code)


@contextmanager
def use(code: str) -> Iterator[None]:
    """A language for what is made within."""
    before = _spoken.set(code)
    try:
        yield
    finally:
        _spoken.reset(before)


def keep_language(make: Callable[Parameters, Returned]) -> Callable[Parameters, Returned]:
    """A function that speaks today's language, in whatever thread it is called later."""
    code = language()

    @wraps(make)
    def make_in_language(*arguments: Parameters.args, **named: Parameters.kwargs) -> Returned:
        with use(code):
            return make(*arguments, **named)

    return make_in_language


def ask_whom(asker: Callable[[], str | None]) -> None:
    """Names who knows the language of a thread that nobody has set one in; it says None where it knows none."""
    if asker not in _askers:
        _askers.append(asker)


@lru_cache
def catalogue(code: str) -> NullTranslations:
    """The translations of a language; none of English."""
    if code == ENGLISH:
        return NullTranslations()
    with (LOCALES / code / "LC_MESSAGES" / "messages.mo").open("rb") as file:
        return GNUTranslations(file)


def _(message: str) -> str:
    """The message in the viewer's language."""
    return catalogue(language()).gettext(message) if message else message


def say_later(message: str) -> str:
    """Marks a text for the catalogues that is translated where it is shown."""
    return message


def ngettext(one: str, many: str, count: int) -> str:
    """The form of a message for a count, with `{count}` filled in.

    >>> ngettext("{count} seed", "{count} seeds", 1)
    '1 seed'
    """
    return catalogue(language()).ngettext(one, many, count).format(count=f"{count:,}")
