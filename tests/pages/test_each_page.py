"""Each page opens; what is done on them is in `visits/`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PAGES = sorted(page.stem for page in (Path(__file__).parents[2] / "pages").glob("*.py"))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens(open_page: Callable[..., Any], page: str) -> None:
    assert open_page(page).shown
