"""The envelope: test figures, which no choice may see, shown once their owner has opened it deliberately."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from experiment.judging import judging_of
from experiment.spec import Experiment
from export.envelope import Opened
from export.report import read_envelope
from results.curves import RunRecord
from results.envelope import open_envelope, opened_at
from ui import text
from ui.components.plain import plain
from ui.services import services
from wording.numbers import format_number


def draw_envelope(
    experiment: Experiment, identifier: str, records: Sequence[RunRecord], *, visitor: str | None, owned: bool
) -> None:
    """Closed: what it holds, and for the owner the way to open it. Open: test against validation, for everybody."""
    store = services().store
    with st.expander(text.ENVELOPE, icon=":material/mail_lock:", key="envelope", on_change="rerun") as opened:
        if not opened.open:
            return
        lines = read_envelope(store, identifier, experiment)
        if lines is not None:
            _draw_opened(lines, experiment, records, opened_at(store, identifier) or 0.0)
            return
        st.markdown(text.ENVELOPE_CLOSED)
        if any(record.run.active for record in records):
            st.caption(text.ENVELOPE_LATER)
        elif not owned or visitor is None:
            st.caption(text.ENVELOPE_OWNER)
        elif st.checkbox(text.ENVELOPE_SURE, key=f"sure_{identifier}"):
            st.button(
                text.OPEN_ENVELOPE,
                key="open_envelope",
                type="primary",
                icon=":material/drafts:",
                on_click=_open,
                args=(identifier, visitor),
            )


def _open(identifier: str, visitor: str) -> None:
    open_envelope(services().store, identifier, visitor=visitor, now=time.time())


def _draw_opened(lines: Sequence[Opened], experiment: Experiment, records: Sequence[RunRecord], opened: float) -> None:
    when = datetime.fromtimestamp(opened, UTC).astimezone()
    st.warning(text.ENVELOPE_OPENED.format(when=when.strftime("%Y-%m-%d %H:%M")), icon=":material/drafts:")
    if late := sorted({record.run.seed for record in records if record.run.created_at > opened}):
        st.caption(text.ENVELOPE_LATE.format(seeds=", ".join(map(str, late))))
    titles = text.ENVELOPE_COLUMNS
    rows = [
        (
            line.variant, text.ENVELOPE_WHICH[line.which], line.seeds,
            line.validation_loss.mean, line.unseen_loss.mean, line.excess.mean, line.excess.sd,
            line.beyond.mean if line.chosen else None, line.beyond.sd if line.chosen else None,
            line.validation_accuracy.mean, line.unseen_accuracy.mean,
        )
        for line in lines
    ]  # fmt: skip
    styles = [None, None, "%d", *["%.4f"] * 6, "percent", "percent"]
    config = {
        title: st.column_config.NumberColumn(format=style) if style else st.column_config.TextColumn(pinned=True)
        for title, style in zip(titles, styles, strict=True)
    }
    st.dataframe(pd.DataFrame(rows, columns=list(titles)), hide_index=True, column_config=config, placeholder="–")
    reference = judging_of(experiment).reference
    usual = next(line for line in lines if line.variant == reference and line.which == "final")
    if usual.excess.mean is not None and not usual.chosen:
        st.caption(text.ENVELOPE_FLATTERY.format(reference=plain(reference), excess=format_number(usual.excess.mean)))
