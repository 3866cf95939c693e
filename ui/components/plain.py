"""Text that visitors typed, on pages that understand Markdown."""

from models.names import visible


def plain(words: str) -> str:
    """The same text with Markdown's marks disarmed, and without characters that are not seen; lines stay lines."""
    shown = "\n".join(map(visible, words.split("\n")))
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-!|~$:^" else c for c in shown)
