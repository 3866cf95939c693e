"""Result tables as pandas frames: numbers stay numbers, so that columns sort."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from analysis.averages import Spread
from analysis.members import measure_members
from analysis.summary import VariantSummary
from ui import text

COLUMNS = {
    "best_val_loss": ("Val. loss, best", "%.4f"),
    "final_val_loss": ("Val. loss, final", "%.4f"),
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
"""Quantity -> title and number format. Best: at the epoch that early stopping restores; final: as handed over."""

VARIANT, SEEDS, SPREAD = "Variant", "Seeds", "± {title}"


def result_table(variants: Sequence[VariantSummary]) -> pd.DataFrame:
    """One row for each variant: number of finished seeds, then mean and standard deviation of each quantity.

    Below an ensemble, its members' mean and the best of them.
    """
    rows = []
    for variant in variants:
        finished = sum(run.status == "finished" for run in variant.runs)
        rows.append(_row(variant.name, finished, variant.spreads))
        if members := measure_members(variant):
            rows.append(_row(text.MEMBER_MEAN.format(variant=variant.name), finished, members.mean))
            rows.append(_row(text.BEST_MEMBER.format(variant=variant.name), finished, members.best))
    return pd.DataFrame(rows).dropna(axis="columns", how="all")


def _row(name: str, finished: int, spreads: Mapping[str, Spread]) -> dict[str, str | float | None]:
    row: dict[str, str | float | None] = {VARIANT: name, SEEDS: finished}
    for quantity, (title, _) in COLUMNS.items():
        spread = spreads.get(quantity)
        row[title], row[SPREAD.format(title=title)] = (spread.mean, spread.sd) if spread else (None, None)
    return row


def column_config() -> dict[str, Any]:
    """How Streamlit formats the table's columns."""
    config: dict[str, Any] = {VARIANT: st.column_config.TextColumn(pinned=True)}
    for title, style in COLUMNS.values():
        config[title] = st.column_config.NumberColumn(format=style)
        config[SPREAD.format(title=title)] = st.column_config.NumberColumn("±", format=style, help=title)
    return config
