"""Who is looking: on one's own machine "local"; on a public host a random token that the browser keeps."""

import hashlib
import re

import streamlit as st

from experiment.limits import is_hosted
from ui import state, text

LOCAL = "local"
NO_TOKEN = "none"  # noqa: S105
COMPONENT = "visitor_token"
_TOKEN = re.compile(r"[0-9a-f]{64}")

_SCRIPT = """
export default function ({ setStateValue, data }) {
  let token = "";
  try {
    token = localStorage.getItem("regularizer-lab-visitor") || "";
    if (!/^[0-9a-f]{64}$/.test(token)) {
      token = Array.from(crypto.getRandomValues(new Uint8Array(32)), b => b.toString(16).padStart(2, "0")).join("");
      localStorage.setItem("regularizer-lab-visitor", token);
    }
  } catch { token = "none"; }
  if (token !== data.known) setStateValue("token", token);
}
"""

_browser_token = st.components.v2.component("regularizer_lab_visitor", js=_SCRIPT)


def visitor() -> str | None:
    """The visitor's identity for the store (a hash of the token), or None until the browser has said it."""
    if not is_hosted():
        return LOCAL
    token = st.session_state.get(state.VISITOR)
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        return None
    return hashlib.sha256(token.encode()).hexdigest()


def ask_browser() -> None:
    """Asks the browser for its token, once a page is drawn: the answer starts the page anew.

    Sooner, it would cut the first run short, and widgets whose first values had not been sent would stay empty
    (Streamlit 1.67).
    """
    if is_hosted():
        known = st.session_state.get(state.VISITOR)
        if known == NO_TOKEN:
            st.warning(text.NO_STORAGE)
        _browser_token(key=COMPONENT, data={"known": known}, on_token_change=_remember)


def _remember() -> None:
    st.session_state[state.VISITOR] = st.session_state[COMPONENT].get("token")
