"""What is refused, told in so many words that a page can show it."""

from typing import ClassVar, Final

from models.names import shorten

MOST_CHARACTERS: Final = 2_000


class RefusalError(ValueError):
    """Something that a person asked for is refused. The message has a line for each mistake, and a bounded length."""

    line_is: ClassVar[str] = "mistake"

    def __init__(self, message: str) -> None:
        super().__init__(_bounded(message, self.line_is))


def _bounded(message: str, line_is: str) -> str:
    """The lines that there is room for, and how many there are beside them."""
    if len(message) <= MOST_CHARACTERS:
        return message
    lines = message.splitlines()
    room = MOST_CHARACTERS - len(f"\n… and {len(lines):,} more {line_is}s")
    kept = [shorten(lines[0], room)]
    for line in lines[1:]:
        room_left = room - sum(len(one) + 1 for one in kept)
        if len(line) > room_left:
            break
        kept.append(line)
    left = len(lines) - len(kept)
    return "\n".join([*kept, f"… and {left:,} more {line_is}{'s' * (left > 1)}"] if left else kept)
