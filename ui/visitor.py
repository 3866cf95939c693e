"""Who is looking: on one's own machine "local"; on a public host a random token that the browser keeps."""

import hashlib
import re

import streamlit as st

from training.limits import is_hosted
from ui import state, text

LOCAL = "local"
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
    known = st.session_state.get(state.VISITOR)
    result = _browser_token(key="visitor_token", data={"known": known}, on_token_change=lambda: None)
    token = result.get("token") or known
    if token == "none":  # noqa: S105
        st.warning(text.NO_STORAGE)
        return None
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        return None
    st.session_state[state.VISITOR] = token
    return hashlib.sha256(token.encode()).hexdigest()
