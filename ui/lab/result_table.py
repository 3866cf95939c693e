"""Result tables as pandas frames: numbers stay numbers, so that columns sort."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from analysis.averages import Spread, measure_spread
from analysis.members import measure_members
from analysis.summary import VariantSummary
from analysis.verdict import Comparison, Verdict
from ui import text
from ui.components.plain import plain
from wording.verdict import name_quantity

COLUMNS = {
    "final_val_loss": ("Val. loss, final", "%.4f"),
    "best_val_loss": ("Val. loss, best", "%.4f"),
    "lowest_val_loss": ("Val. loss, lowest", "%.4f"),
    "best_val_accuracy": ("Val. acc., best", "percent"),
    "final_val_accuracy": ("Val. acc., final", "percent"),
    "generalization_gap_final": ("Gap, final", "%.4f"),
    "onset_epoch": ("Onset", "%.0f"),
    "stop_epoch": ("Stop", "%.0f"),
    "best_epoch": ("Best epoch", "%.0f"),
    "seconds": ("Seconds", "%.2f"),
    "best_train_loss": ("Train loss, best", "%.4f"),
    "final_train_loss": ("Train loss, final", "%.4f"),
    "best_train_accuracy": ("Train acc., best", "percent"),
    "final_train_accuracy": ("Train acc., final", "percent"),
}
"""Quantity -> title and number format. Final: as handed over; best: at the epoch that early stopping restores."""

VARIANT, SEEDS, SPREAD = "Variant", "Seeds", "± {title}"
DIFFERENCE, PAIRED_SD = "Difference", "Paired sd"


def result_table(variants: Sequence[VariantSummary], judged: Verdict) -> pd.DataFrame:
    """One row for each variant: number of finished seeds, the paired difference of what is judged, then mean and
    standard deviation of each quantity.

    Below an ensemble, its members' mean and the best of them.
    """
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
    row: dict[str, str | float | None] = {VARIANT: name, SEEDS: finished}
    row[DIFFERENCE], row[PAIRED_SD] = (paired.mean, paired.sd) if paired else (None, None)
    for quantity, (title, _) in COLUMNS.items():
        spread = spreads.get(quantity)
        row[title], row[SPREAD.format(title=title)] = (spread.mean, spread.sd) if spread else (None, None)
    return row


def column_config(judged: Verdict) -> dict[str, Any]:
    """How Streamlit formats the table's columns."""
    config: dict[str, Any] = {VARIANT: st.column_config.TextColumn(pinned=True)}
    quantity, reference = name_quantity(judged.judging.what), judged.judging.reference
    config[DIFFERENCE] = st.column_config.NumberColumn(
        format="%+.4f", help=plain(text.DIFFERENCE_HELP.format(quantity=quantity, reference=reference))
    )
    config[PAIRED_SD] = st.column_config.NumberColumn(format="%.4f", help=text.PAIRED_SD_HELP)
    for title, style in COLUMNS.values():
        config[title] = st.column_config.NumberColumn(format=style)
        help_text = text.SPREAD_HELP.format(title=title)
        config[SPREAD.format(title=title)] = st.column_config.NumberColumn("±", format=style, help=help_text)
    return config
