"""Refusals: as long as a page can show them, and no mistake is dropped without being counted."""

import re

from hypothesis import given
from hypothesis import strategies as st

from models.refusals import MOST_CHARACTERS, RefusalError


def test_a_short_message_stays_as_it_is() -> None:
    assert str(RefusalError("a: 1\nb: 2")) == "a: 1\nb: 2"


def test_of_many_mistakes_the_first_are_told_and_the_others_counted() -> None:
    told = str(RefusalError("\n".join(f"key {number}: is refused" for number in range(1_000))))
    *kept, last = told.splitlines()
    assert kept == [f"key {number}: is refused" for number in range(len(kept))]
    assert last == f"… and {1_000 - len(kept)} more mistakes"
    assert MOST_CHARACTERS - 40 < len(told) <= MOST_CHARACTERS


@given(st.lists(st.integers(1, 3_000), min_size=1, max_size=50))
def test_every_mistake_is_told_or_counted(lengths: list[int]) -> None:
    told = str(RefusalError("\n".join("x" * length for length in lengths)))
    assert len(told) <= MOST_CHARACTERS
    *kept, last = told.splitlines()
    counted = re.fullmatch(r"… and (\d+) more mistakes?", last)
    assert len(kept) + (int(counted[1]) if counted else 1) == len(lengths)
