"""A piece of HTML of our own making that the live road can replace without a run of the page."""

import streamlit as st

_SCRIPT = """export default function ({ data, parentElement }) {
const part = parentElement.querySelector(".live-part");
part.dataset.live = data.live;
part.showLive = (html) => { if (part.dataset.html !== html) part.dataset.html = part.innerHTML = html; };
part.showLive(data.html);
}"""


def live_part(html: str, *, key: str) -> None:
    """Shows HTML, with everything in it that came from a person escaped; the live road knows it by its key."""
    _component(key=key, data={"html": html, "live": key})


_component = st.components.v2.component(
    "regularizer_lab_live_part",
    html='<div class="live-part"></div>',
    js=_SCRIPT,
    isolate_styles=False,  # pointing at a variant is seen by the whole page
)
