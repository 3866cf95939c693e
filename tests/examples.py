"""How many examples Hypothesis tries."""

from typing import Any

from hypothesis import settings

QUICK = "check"
"""The profile of `make check`."""


def examples(count: int, **further: Any) -> settings:
    """At most so many, and in `make check` no more than its profile has; `further` settings."""
    quick = settings.get_current_profile_name() == QUICK
    return settings(max_examples=min(count, settings().max_examples) if quick else count, **further)
