"""What is refused, told in so many words that a page can show it."""

from collections.abc import Callable
from typing import Final

from models.names import shorten
from wording.language import ngettext

MOST_CHARACTERS: Final = 2_000


class RefusalError(ValueError):
    """Something that a person asked for is refused. The message has a line for each mistake, and a bounded length."""

    def __init__(self, message: str) -> None:
        super().__init__(_bounded(message, self.say_more))

    @staticmethod
    def say_more(count: int) -> str:
        """That there are so many lines more."""
        return ngettext("… and {count} more mistake", "… and {count} more mistakes", count)


def _bounded(message: str, say_more: Callable[[int], str]) -> str:
    """The lines that there is room for, and how many there are beside them."""
    if len(message) <= MOST_CHARACTERS:
        return message
    lines = message.splitlines()
    room = MOST_CHARACTERS - len(f"\n{say_more(len(lines))}")
    kept = [shorten(lines[0], room)]
    for line in lines[1:]:
        room_left = room - sum(len(one) + 1 for one in kept)
        if len(line) > room_left:
            break
        kept.append(line)
    left = len(lines) - len(kept)
    return "\n".join([*kept, say_more(left)] if left else kept)
