"""`make texts`: collects all texts into `locales/messages.pot`, brings each catalogue up to it, compiles and checks it.

Texts stand in calls of `_` and `ngettext`, in modules of constants (ui/translated.py), and in the registries, whose
classes hold plain English.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from string import Formatter
from types import ModuleType
from typing import Any, Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from pydantic import BaseModel

from datasets.registry import DATASETS
from experiment.presets import presets
from experiment.spec import MarkedRule, TrainingSettings
from experiment.version import PROGRAM, VERSION
from models.architectures import ARCHITECTURES
from models.parameters import Entry
from models.techniques import TECHNIQUES
from wording.language import ENGLISH, LANGUAGES, LOCALES

ROOT: Final = Path(__file__).parents[1]
FOLDERS: Final = ("charts", "datasets", "experiment", "export", "models", "pages", "training", "ui", "wording")
KEYWORDS: Final = {"_": None, "ngettext": (1, 2), "say_later": None}
TEXT_MODULES: Final = ("ui.text", "ui.learn.learn_text")
ENTRY_TEXTS: Final = ("label", "summary", "idea", "acts", "hurts", "diagram")
POT: Final = LOCALES / "messages.pot"
WRITTEN: Final = datetime(2026, 1, 1, tzinfo=UTC)
HEADER: Final = "# Made by `make texts`.\n"


def collect() -> Catalog:
    """All texts, by the files that they stand in."""
    found = _catalogue()
    for folder in FOLDERS:
        for file, _line, message, _comments, _context in extract_from_dir(
            ROOT / folder, [("**.py", "python")], keywords=KEYWORDS
        ):
            found.add(message, locations=[(f"{folder}/{file}", 1)])
    for name in TEXT_MODULES:
        for text in _texts_of_module(import_module(name)):
            found.add(text, locations=[(f"{name.replace('.', '/')}.py", 1)])
    registries = (*TECHNIQUES.values(), *ARCHITECTURES.values(), *DATASETS.values())
    entries: list[type[BaseModel]] = [*registries, TrainingSettings, MarkedRule]
    for entry in entries:
        for text in _texts_of_entry(entry):
            found.add(text, locations=[(f"{entry.__module__.replace('.', '/')}.py", 1)])
    for preset in presets().values():
        found.add(preset.name, locations=[("examples", 1)])
    return found


def _catalogue(code: str | None = None) -> Catalog:
    """An empty one, without the time of day, so that the same texts make the same file."""
    return Catalog(
        locale=code,
        project=PROGRAM,
        version=VERSION,
        fuzzy=False,
        header_comment=HEADER,
        creation_date=WRITTEN,
        revision_date=WRITTEN,
    )


def _texts_of_module(module: ModuleType) -> Iterator[str]:
    for name, value in vars(module).items():
        if name[0].isupper() and name != "Literal":
            yield from _texts_in(value)


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value:
        yield value
    elif isinstance(value, tuple | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(one)


def _texts_of_entry(entry: type[BaseModel]) -> Iterator[str]:
    if issubclass(entry, Entry):
        yield from (getattr(entry, name) for name in ENTRY_TEXTS if hasattr(entry, name))
    for info in entry.model_fields.values():
        yield from filter(None, (info.title, info.description if info.title else None))


def file_of(code: str) -> Path:
    """The catalogue of a language, as people edit it."""
    return LOCALES / code / "LC_MESSAGES" / "messages.po"


def read(code: str) -> Catalog:
    """The catalogue of a language as it is; empty where there is none."""
    if not file_of(code).exists():
        return _catalogue(code)
    with file_of(code).open("rb") as file:
        return read_po(file, locale=code)


def find_mistakes(catalogue: Catalog, texts: Catalog) -> list[str]:
    """What keeps a catalogue from being complete, a line each."""
    return [mistake for message in texts if message.id for mistake in _mistakes_of(message, catalogue.get(message.id))]


def _mistakes_of(text: Message, found: Message | None) -> Iterator[str]:
    ids, strings = _several(text.id), _several((found and found.string) or "")
    if found is None or not all(strings):
        yield f"missing: {ids[0]!r}"
    elif found.fuzzy:
        yield f"fuzzy: {ids[0]!r}"
    else:
        # English "1 row" may do without the number that other forms have, so the last form decides.
        for string in strings:
            if placeholders(string) != placeholders(ids[-1]):
                yield f"other placeholders: {ids[-1]!r}: {string!r}"


def _several(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def placeholders(text: str) -> set[str]:
    """The fields of a template, whatever their order and format; none of a text with other braces."""
    try:
        return {name for _text, name, _format, _conversion in Formatter().parse(text) if name is not None}
    except ValueError:
        return set()


def _write(code: str, texts: Catalog) -> Catalog:
    """Brings a catalogue up to the texts, and compiles it."""
    catalogue = read(code)
    catalogue.update(texts, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    _save(file_of(code), catalogue)
    with file_of(code).with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)
    return catalogue


def _save(path: Path, catalogue: Catalog) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=120, sort_by_file=True, include_lineno=False, omit_header=False)


def main(codes: Iterable[str]) -> int:
    """Says for each language what is missing; 1 if anything is."""
    texts, wrong = collect(), 0
    _save(POT, texts)
    for code in codes:
        mistakes = find_mistakes(_write(code, texts), texts)
        wrong += len(mistakes)
        print(f"{code}: {len(texts)} texts, {len(mistakes)} to do", *mistakes, sep="\n  ")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main(code for code in LANGUAGES if code != ENGLISH))
