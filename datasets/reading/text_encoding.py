"""Which encoding a text is in: what is certain first, then what is likely; the person can overrule it."""

import codecs
import re
from collections.abc import Iterator

from charset_normalizer import from_bytes

from datasets.table import TableError
from wording.language import _

LIKELY = ["cp949", "cp932", "gb18030", "big5", "cp1251", "cp1252", "latin_1"]
"""What charset-normalizer chooses from: with all it knows, German umlauts are HP Roman-8 to it (3.5.2)."""

WESTERN = ("cp1252", "latin-1")
SHARE_ALONE = 0.45
"""Of bytes above 127 without such a neighbour: below 0.4 in Korean, Chinese and Cyrillic, above 0.5 in what has
accents and signs (measured on 16 small tables); of "°" or "±" alone charset-normalizer makes Chinese."""

UTF_8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
SHARE_OF_UTF_8 = 0.7
"""Of bytes above 127 that are in a sequence of UTF-8: of German, French and Korean in their own encodings below 0.3."""

PIECE = 65_536
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def find_encoding(content: bytes, chosen: str | None) -> str:
    """The encoding of a text.

    Raises:
        TableError: it is no text, or none in the chosen encoding.
    """
    for candidate in _candidates(content) if chosen is None else (chosen,):
        if _decodes(content, candidate):
            return candidate
    raise TableError(
        _("the file is no text in {encoding}: save it as CSV, UTF-8").format(
            encoding=chosen or _("an encoding that is known here")
        )
    )


def codec_of(encoding: str) -> str:
    """What Python calls the encoding; a byte order mark before UTF-8 is no part of the text."""
    return "utf-8-sig" if encoding == "utf-8" else encoding


def has_mark(content: bytes) -> bool:
    """Whether a byte order mark says what it is."""
    return content.startswith(tuple(mark for mark, _ in MARKS))


def _candidates(content: bytes) -> Iterator[str]:
    for mark, encoding in MARKS:
        if content.startswith(mark):
            yield encoding
            return
    head = content[:PIECE]
    if head[1::2].count(0) > len(head) // 4:
        yield "utf-16-le"
    if head[0::2].count(0) > len(head) // 4:
        yield "utf-16-be"
    if b"\0" in content:
        return
    yield "utf-8"
    _refuse_broken_utf_8(content)
    yield from _likely(content)


def _refuse_broken_utf_8(content: bytes) -> None:
    """A text of another encoding is hardly ever UTF-8 by chance: a byte that does not fit is damage."""
    high, fitting = (len(b"".join(re.findall(pattern, content))) for pattern in (rb"[\x80-\xff]+", UTF_8_SEQUENCE))
    if high and fitting >= SHARE_OF_UTF_8 * high:
        try:
            content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise TableError(
                _(
                    "the text is in UTF-8 but for line {line:,} (byte {start:,}): repair it there, or say which "
                    "encoding it has"
                ).format(line=line, start=error.start + 1)
            ) from None


def _likely(content: bytes) -> Iterator[str]:
    """By the lines that have bytes above 127, of which there can be few in a large file."""
    sample = b"\n".join(re.findall(rb"[^\r\n]{0,2000}[\x80-\xff][^\r\n]{0,2000}", content)[:500])[:PIECE]
    high = re.findall(rb"[\x80-\xff]+", sample)
    if sum(len(run) == 1 for run in high) < SHARE_ALONE * sum(map(len, high)):
        found = from_bytes(sample, cp_isolation=LIKELY).best()
        if found is not None:
            yield found.encoding.replace("_", "-")
    yield from WESTERN


def _decodes(content: bytes, encoding: str) -> bool:
    view = memoryview(content)
    pieces = (bytes(view[start : start + PIECE]) for start in range(0, len(view), PIECE))
    try:
        return all("\0" not in text for text in codecs.iterdecode(pieces, codec_of(encoding)))
    except UnicodeError:
        return False
