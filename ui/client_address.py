"""Where a visitor comes from, for bounds that no new token gets around."""

import hmac
import os
import secrets
from ipaddress import IPv6Address, ip_address

import streamlit as st

from experiment.limits import LimitsError

MOST_PROXIES = 10
_KEY = secrets.token_bytes(32)
"""Of this process alone, so that what is stored leads back to nobody."""

UNKNOWN = "unknown"


def trusted_proxies() -> int:
    """How many proxies stand before the server (`TRUSTED_PROXIES`); the last one's word is the first that counts.

    Raises:
        LimitsError: it is no whole number from 0 to 10.
    """
    value = os.environ.get("TRUSTED_PROXIES", "") or "0"
    if not value.isdecimal() or int(value) > MOST_PROXIES:
        raise LimitsError(f'TRUSTED_PROXIES is "{value}"; allowed: a whole number from 0 to {MOST_PROXIES}')
    return int(value)


def client_address() -> str:
    """Stands for the address of this session's visitor, as long as this process runs."""
    forwarded = st.context.headers.get_all("X-Forwarded-For")
    named = find_address(st.context.ip_address, ", ".join(forwarded), trusted_proxies())
    return hmac.new(_KEY, named.encode(), "sha256").hexdigest()[:32]


def find_address(peer: str | None, forwarded: str, proxies: int) -> str:
    """The address that counts: the peer's, or what the outermost trusted proxy saw; of IPv6 the network.

    Args:
        peer: who is connected; None: this machine.
        forwarded: the header `X-Forwarded-For`, to which each proxy adds whom it saw. Anybody may begin it.
        proxies: how many are trusted.
    """
    seen = [entry.strip() for entry in forwarded.split(",") if entry.strip()]
    named = seen[-proxies] if 0 < proxies <= len(seen) else peer
    try:
        address = ip_address(named or "127.0.0.1")
    except ValueError:
        return UNKNOWN
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(IPv6Address(int(address) >> 64 << 64))
    return str(getattr(address, "ipv4_mapped", None) or address)
