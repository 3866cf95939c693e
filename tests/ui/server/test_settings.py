"""What of Streamlit's settings follows from ours."""

from collections.abc import Iterator

import pytest
from streamlit import config

from ui.server.settings import XSRF, apply_settings

SIZE = "server.maxUploadSize"


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings are put back, and the environment has none of ours."""
    for name in ("HOSTED", "LIMIT_UPLOAD_BYTES", "SPACE_ID", "STREAMLIT_SERVER_XSRF_COOKIE_SAME_SITE"):
        monkeypatch.delenv(name, raising=False)
    before = {name: config.get_option(name) for name in (SIZE, XSRF)}
    yield
    for name, value in before.items():
        config.set_option(name, value)


def test_ones_own_machine_is_left_alone() -> None:
    before = config.get_option(SIZE), config.get_option(XSRF)
    apply_settings()
    assert (config.get_option(SIZE), config.get_option(XSRF)) == before


@pytest.mark.parametrize(("limit", "mebibytes"), [("5000000", 5), ("1048576", 1), ("1048577", 2)])
def test_a_host_takes_no_larger_file_than_its_limit(
    monkeypatch: pytest.MonkeyPatch, limit: str, mebibytes: int
) -> None:
    monkeypatch.setenv("HOSTED", "1")
    monkeypatch.setenv("LIMIT_UPLOAD_BYTES", limit)
    apply_settings()
    assert config.get_option(SIZE) == mebibytes


def test_a_space_lets_the_cookie_through_its_frame_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    before = config.get_option(XSRF)
    monkeypatch.setenv("SPACE_ID", "owner/space")
    monkeypatch.setenv("STREAMLIT_SERVER_XSRF_COOKIE_SAME_SITE", "lax")
    apply_settings()
    assert config.get_option(XSRF) == before
    monkeypatch.delenv("STREAMLIT_SERVER_XSRF_COOKIE_SAME_SITE")
    apply_settings()
    assert config.get_option(XSRF) == "none"
