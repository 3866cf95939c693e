"""What a page says while the database does not answer; it goes on by itself once that is over."""

import logging
from contextlib import suppress

import streamlit as st

from experiment.limits import is_hosted
from results.faults import StoreError
from ui import text
from ui.components.plain import plain
from wording.language import _

SECONDS_BETWEEN_LOOKS = 2.0

logger = logging.getLogger(__name__)


def draw_outage(error: Exception) -> bool:
    """Draws what is known of a failed database in place of the rest of the page; False: another error."""
    if not isinstance(error, StoreError):
        return False
    logger.error("a page could not be drawn: %s", error)
    st.fragment(_tell, run_every=SECONDS_BETWEEN_LOOKS)(say_store_error(error))
    return True


def say_store_error(error: StoreError) -> str:
    """What went wrong: strangers read no paths."""
    told = str(error)
    return _(error.public) if is_hosted() else f"{told[:1].upper()}{told[1:]}."


def _tell(reason: str) -> None:
    """Says it, and draws the whole page anew once the database answers."""
    from ui.services import (  # its caches want a runtime, which an import with the server has not
        Services,
        start_services,
    )

    st.warning(f"{text.DATABASE_FAILED} {plain(reason)}", icon=":material/database_off:")
    started = start_services()
    with suppress(StoreError):
        if isinstance(started, Services):
            started.store.check()
            st.rerun()
