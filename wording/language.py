"""Translations by gettext. English is the language of the texts themselves; others can be added as catalogues.

Texts are looked up when a sentence is made, not when a module is loaded, so that each viewer can have a language.
"""

from gettext import NullTranslations
from typing import Final

LANGUAGE: Final = "en"
"""The only one so far. It belongs to the key of whatever is kept with words in it."""

_translations = NullTranslations()


def _(message: str) -> str:
    """The message in the viewer's language."""
    return _translations.gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """The form of a message for a count, with `{count}` filled in.

    >>> ngettext("{count} seed", "{count} seeds", 1)
    '1 seed'
    """
    return _translations.ngettext(one, many, count).format(count=f"{count:,}")
