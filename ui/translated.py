"""Modules of constant texts, whose texts are read in the viewer's language."""

import sys
from types import ModuleType
from typing import Any

from wording.language import _


class Texts(ModuleType):
    """A module whose capitalized names hold English texts, alone, in tuples or as values of dictionaries."""

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        return _translate(value) if name[0].isupper() else value


def translate_texts(module: str) -> None:
    """Makes a module one of texts; its last line calls this. Names must then be read as `module.NAME`, when needed."""
    sys.modules[module].__class__ = Texts


def _translate(value: Any) -> Any:
    if isinstance(value, str):
        return _(value)
    if isinstance(value, tuple):
        return tuple(map(_translate, value))
    return {key: _translate(one) for key, one in value.items()} if isinstance(value, dict) else value
