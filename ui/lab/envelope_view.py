"""The envelope: test figures, which no choice may see, shown once their owner has opened it deliberately."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

import streamlit as st

from analysis.averages import Spread
from charts.palette import style
from experiment.judging import judging_of
from experiment.spec import Experiment
from export.envelope import Opened
from export.report import read_envelope
from results.curves import RunRecord
from results.envelope import open_envelope, opened_at
from ui import text
from ui.components.plain import plain
from ui.components.sortable_table import Cell, Row, sortable_table
from ui.services import services
from ui.visitor import visitor
from wording.claims import say_flattery
from wording.numbers import write_time


def draw_envelope(experiment: Experiment, identifier: str, records: Sequence[RunRecord], *, owned: bool) -> None:
    """Closed: what it holds, and for the owner the way to open it. Open: test against validation, for everybody."""
    store = services().store
    with st.container(border=True, gap="small", key="envelope"):
        st.markdown(f":material/mail_lock: **{text.ENVELOPE}**")
        lines = read_envelope(store, identifier, experiment)
        if lines is not None:
            _draw_opened(lines, experiment, records, opened_at(store, identifier) or 0.0)
            return
        st.markdown(text.ENVELOPE_CLOSED)
        if any(record.run.active for record in records):
            st.caption(text.ENVELOPE_LATER)
        elif not any(record.run.status == "finished" for record in records):
            st.caption(text.ENVELOPE_EMPTY)
        elif not owned:
            st.caption(text.ENVELOPE_OWNER)
        elif st.checkbox(text.ENVELOPE_SURE, key=f"sure_{identifier}"):
            st.button(
                text.OPEN_ENVELOPE,
                key="open_envelope",
                type="primary",
                icon=":material/drafts:",
                on_click=_open,
                args=(identifier,),
            )


def _open(identifier: str) -> None:
    if who := visitor():
        open_envelope(services().store, identifier, visitor=who, now=time.time())


def _draw_opened(lines: Sequence[Opened], experiment: Experiment, records: Sequence[RunRecord], opened: float) -> None:
    when = datetime.fromtimestamp(opened, UTC).astimezone()
    st.warning(text.ENVELOPE_OPENED.format(when=write_time(when)), icon=":material/drafts:")
    if late := sorted({record.run.seed for record in records if record.run.created_at > opened}):
        st.caption(text.ENVELOPE_LATE.format(seeds=", ".join(map(str, late))))
    names = [variant.name for variant in experiment.variants]
    rows = [_row(names.index(line.variant), line) for line in lines]
    sortable_table(text.ENVELOPE_COLUMNS, rows, key="envelope_table")
    reference = judging_of(experiment).reference
    usual = next(line for line in lines if line.variant == reference and line.which == "final")
    if usual.excess.mean is not None and not usual.chosen:
        st.caption(plain(say_flattery(reference, usual.excess.mean)))


def _row(index: int, line: Opened) -> Row:
    titles, which = text.ENVELOPE_COLUMNS, text.ENVELOPE_WHICH[line.which]
    cells = [
        Cell(f"{escape(which)} <small>{line.seeds}</small>", which, titles[1]),
        Cell(_write(line.validation_loss), line.validation_loss.mean, titles[2]),
        Cell(_write(line.unseen_loss), line.unseen_loss.mean, titles[3]),
        Cell(_with_sd(line.excess), line.excess.mean, titles[4]),
        Cell(_with_sd(line.beyond) if line.chosen else "–", line.beyond.mean if line.chosen else None, titles[5]),
        Cell(_percent(line.validation_accuracy), line.validation_accuracy.mean, titles[6]),
        Cell(_percent(line.unseen_accuracy), line.unseen_accuracy.mean, titles[7]),
    ]
    return Row(index, line.variant, style(index).colour, cells)


def _write(spread: Spread) -> str:
    return "–" if spread.mean is None else f"{spread.mean:.4f}"


def _with_sd(spread: Spread) -> str:
    if spread.mean is None:
        return "–"
    return f"{spread.mean:+.4f}" + ("" if spread.sd is None else f" <small>± {spread.sd:.4f}</small>")


def _percent(spread: Spread) -> str:
    return "–" if spread.mean is None else f"{100 * spread.mean:.1f}%"
