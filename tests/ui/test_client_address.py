"""Which address counts, whatever a visitor writes into a header."""

import pytest

from experiment.limits import LimitsError
from ui.client_address import UNKNOWN, find_address, trusted_proxies


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "found"),
    [
        ("203.0.113.7", "", 0, "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", 0, "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1", 1, "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", 1, "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.2", 2, "198.51.100.1"),
        ("10.0.0.1", "", 1, "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", 2, "10.0.0.1"),
        (None, "", 0, "127.0.0.1"),
        ("10.0.0.1", "nonsense", 1, UNKNOWN),
        ("2001:db8:1:2:aaaa::1", "", 0, "2001:db8:1:2::"),
        ("::ffff:203.0.113.7", "", 0, "203.0.113.7"),
    ],
)
def test_the_address_that_counts(peer: str | None, forwarded: str, proxies: int, found: str) -> None:
    assert find_address(peer, forwarded, proxies) == found


@pytest.mark.parametrize("value", ["-1", "11", "one", "²"])
def test_another_number_of_proxies_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", value)
    with pytest.raises(LimitsError, match="allowed: a whole number from 0 to 10"):
        trusted_proxies()


@pytest.mark.parametrize(("value", "proxies"), [("", 0), ("0", 0), ("2", 2)])
def test_proxies_are_as_many_as_said(monkeypatch: pytest.MonkeyPatch, value: str, proxies: int) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", value)
    assert trusted_proxies() == proxies
