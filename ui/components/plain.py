"""Text that visitors typed, on pages that understand Markdown."""


def plain(words: str) -> str:
    """The same text with Markdown's marks disarmed."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-!|~$:^" else c for c in words)
