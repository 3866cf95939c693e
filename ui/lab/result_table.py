"""The numbers of an experiment: few columns as a table of HTML, and all of them as a pandas frame."""

from collections.abc import Mapping, Sequence
from html import escape
from math import inf
from typing import TYPE_CHECKING, Any

import streamlit as st

from analysis.averages import Spread, measure_spread
from analysis.lines import MarkedEpochs, mark_epochs
from analysis.members import measure_members
from analysis.summary import VariantSummary
from analysis.verdict import Comparison, Verdict
from charts.marks import place_mark
from charts.palette import style
from export.table_text import as_csv, as_latex, as_markdown
from ui import text
from ui.components.frames import disarm_frame
from ui.components.plain import plain
from ui.components.sortable_table import Cell, Row, sortable_table
from ui.lab.interval import STYLE, draw_interval, farthest
from wording.language import _, say_later
from wording.verdict import name_quantity, say_effect

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "final_val_loss": (say_later("Val. loss, final"), "%.4f"),
    "best_val_loss": (say_later("Val. loss, best"), "%.4f"),
    "lowest_val_loss": (say_later("Val. loss, lowest"), "%.4f"),
    "best_val_accuracy": (say_later("Val. acc., best"), "percent"),
    "final_val_accuracy": (say_later("Val. acc., final"), "percent"),
    "final_val_balanced_accuracy": (say_later("Val. bal. acc., final"), "percent"),
    "generalization_gap_final": (say_later("Gap, final"), "%.4f"),
    "onset_epoch": (say_later("Onset"), "%.0f"),
    "stop_epoch": (say_later("Stop"), "%.0f"),
    "best_epoch": (say_later("Best epoch"), "%.0f"),
    "seconds": (say_later("Seconds"), "%.2f"),
    "best_train_loss": (say_later("Train loss, best"), "%.4f"),
    "final_train_loss": (say_later("Train loss, final"), "%.4f"),
    "best_train_accuracy": (say_later("Train acc., best"), "percent"),
    "final_train_accuracy": (say_later("Train acc., final"), "percent"),
}
"""Quantity -> title and number format. Final: as handed over; best: at the epoch that early stopping restores."""

VARIANT, SEEDS, SPREAD = say_later("Variant"), say_later("Seeds"), say_later("± {title}")
DIFFERENCE, PAIRED_SD = say_later("Difference"), say_later("Paired sd")


NUMBERS_KEY = "numbers"
COPIES = {"CSV": as_csv, "LaTeX": as_latex, "Markdown": as_markdown}


def draw_numbers(variants: Sequence[VariantSummary], judged: Verdict) -> None:
    """The table, sorted by what is judged; all columns and a copy of it on request."""
    with st.container(horizontal=True, vertical_alignment="center"):
        sorted_by = text.SORTED_BY.format(quantity=name_quantity(judged.judging.what))
        st.markdown(f"**{text.NUMBERS}** :small[:gray[{sorted_by}]]", width="stretch")
        whole = st.toggle(text.ALL_COLUMNS, key="all_columns")
        with st.popover(text.COPY_TABLE, icon=":material/content_copy:", key="copy", on_change="rerun") as copy:
            if copy.open:
                _draw_copy(variants, judged)
    if whole:
        frame = result_table(variants, judged)
        st.dataframe(disarm_frame(frame), hide_index=True, column_config=column_config(judged), placeholder="–")
    else:
        st.html(STYLE)
        sortable_table(text.NUMBERS_COLUMNS, number_rows(variants, judged), key=NUMBERS_KEY)
    st.caption(text.TABLE_NOTE)


def _draw_copy(variants: Sequence[VariantSummary], judged: Verdict) -> None:
    kind = st.segmented_control(
        text.COPY_TABLE, list(COPIES), default="CSV", required=True, key="copy_as", label_visibility="collapsed"
    )
    if kind not in COPIES:
        return
    import pandas as pd

    frame = result_table(variants, judged)
    rows = [[None if pd.isna(value) else value for value in row] for row in frame.itertuples(index=False)]
    st.code(COPIES[kind](list(frame.columns), rows), language=None)


def number_rows(variants: Sequence[VariantSummary], judged: Verdict) -> list[Row]:
    """The short table's rows, sorted by what is judged."""
    comparisons = {comparison.variant: comparison for comparison in judged.comparisons}
    reach, what = farthest(judged.comparisons, judged), judged.judging.what
    rows = []
    for index, variant in enumerate(variants):
        comparison, colour = comparisons[variant.name], style(index).colour
        finished = [run for run in variant.runs if run.status == "finished"]
        used = [run for run in finished if run.seed in variant.seeds_in_mean] or finished  # those of the lines
        score = measure_spread(run.score(what) for run in used)
        rows.append(
            (
                _order(score.mean, judged),
                Row(
                    index,
                    variant.name,
                    colour,
                    [
                        Cell(_spread(score, percent=not judged.judging.low_is_good), score.mean),
                        _difference(comparison, judged, colour, reach),
                        _accuracy(measure_spread(run.score("accuracy") for run in used)),
                        *_mark_cells(mark_epochs(variant)),
                    ],
                    comparison.kind == "reference",
                ),
            )
        )
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])]


def _order(mean: float | None, judged: Verdict) -> float:
    if mean is None:
        return inf
    return mean if judged.judging.low_is_good else -mean


def _spread(spread: Spread, *, percent: bool) -> str:
    if spread.mean is None:
        return "–"

    def write(value: float) -> str:
        return f"{100 * value:.1f}%" if percent else f"{value:.3f}"

    return write(spread.mean) if spread.sd is None else f"{write(spread.mean)} <small>± {write(spread.sd)}</small>"


def _difference(comparison: Comparison, judged: Verdict, colour: str, reach: float) -> Cell:
    if comparison.kind == "reference":
        return Cell(f"<small>{escape(text.THE_REFERENCE)}</small>", 0.0, wide=True)
    if comparison.difference is None:
        return Cell("–", wide=True)
    picture = draw_interval(comparison, judged, colour, reach, seeds=True)
    return Cell(f"{picture}{escape(say_effect(comparison, judged))}", comparison.difference, wide=True)


def _accuracy(accuracy: Spread) -> Cell:
    shown = "–" if accuracy.mean is None else f"{100 * accuracy.mean:.1f}%"
    return Cell(shown, accuracy.mean, text.NUMBERS_COLUMNS[3])


def _mark_cells(marks: MarkedEpochs) -> tuple[Cell, Cell]:
    """Where overfitting begins, and where early stopping fires and what it restores."""
    of_seeds = f" <small>{len(marks.onsets)}/{marks.runs}</small>" if marks.runs > 1 else ""
    onset, stop, best = (place_mark(marks, kind) for kind in ("onset", "stop", "best"))
    shown = (str(onset) if onset else escape(text.NO_ONSET)) + of_seeds
    restored = "–" if stop is None else f"{stop} → {'–' if best is None else best}"
    return Cell(shown, onset, text.NUMBERS_COLUMNS[4]), Cell(restored, stop, text.NUMBERS_COLUMNS[5])


def result_table(variants: Sequence[VariantSummary], judged: Verdict) -> "pd.DataFrame":
    """One row for each variant: number of finished seeds, the paired difference of what is judged, then mean and
    standard deviation of each quantity.

    Below an ensemble, its members' mean and the best of them.
    """
    import pandas as pd  # a quarter of a second that no first page should wait for

    rows = []
    comparisons = {comparison.variant: comparison for comparison in judged.comparisons}
    for variant in variants:
        finished = sum(run.status == "finished" for run in variant.runs)
        rows.append(_row(variant.name, finished, variant.spreads, comparisons.get(variant.name)))
        if members := measure_members(variant):
            rows.append(_row(text.MEMBER_MEAN.format(variant=variant.name), finished, members.mean))
            rows.append(_row(text.BEST_MEMBER.format(variant=variant.name), finished, members.best))
    return pd.DataFrame(rows).dropna(axis="columns", how="all")


def _row(
    name: str, finished: int, spreads: Mapping[str, Spread], comparison: Comparison | None = None
) -> dict[str, str | float | None]:
    paired = measure_spread(value for _seed, value in comparison.differences) if comparison else None
    row: dict[str, str | float | None] = {_(VARIANT): name, _(SEEDS): finished}
    row[_(DIFFERENCE)], row[_(PAIRED_SD)] = (paired.mean, paired.sd) if paired else (None, None)
    for quantity, (title, _format) in COLUMNS.items():
        spread = spreads.get(quantity)
        row[_(title)], row[_(SPREAD).format(title=_(title))] = (spread.mean, spread.sd) if spread else (None, None)
    return row


def column_config(judged: Verdict) -> dict[str, Any]:
    """How Streamlit formats the table's columns."""
    config: dict[str, Any] = {_(VARIANT): st.column_config.TextColumn(pinned=True)}
    quantity, reference = name_quantity(judged.judging.what), judged.judging.reference
    config[_(DIFFERENCE)] = st.column_config.NumberColumn(
        format="%+.4f", help=plain(text.DIFFERENCE_HELP.format(quantity=quantity, reference=reference))
    )
    config[_(PAIRED_SD)] = st.column_config.NumberColumn(format="%.4f", help=text.PAIRED_SD_HELP)
    for title, shown in COLUMNS.values():
        config[title] = st.column_config.NumberColumn(format=shown)
        help_text = text.SPREAD_HELP.format(title=title)
        config[_(SPREAD).format(title=_(title))] = st.column_config.NumberColumn("±", format=shown, help=help_text)
    return config
