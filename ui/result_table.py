"""Result tables as pandas frames: numbers stay numbers, so that columns sort."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from analysis.summary import RunSummary, VariantSummary

COLUMNS: dict[str, tuple[str, str, Callable[[RunSummary], float | None]]] = {
    "best_val_loss": ("Val. loss, best", "%.4f", lambda run: (run.best or {}).get("val_loss")),
    "final_val_loss": ("Val. loss, final", "%.4f", lambda run: (run.final or {}).get("val_loss")),
    "best_val_accuracy": ("Val. acc., best", "percent", lambda run: (run.best or {}).get("val_accuracy")),
    "final_val_accuracy": ("Val. acc., final", "percent", lambda run: (run.final or {}).get("val_accuracy")),
    "best_train_loss": ("Train loss, best", "%.4f", lambda run: (run.best or {}).get("train_loss")),
    "final_train_loss": ("Train loss, final", "%.4f", lambda run: (run.final or {}).get("train_loss")),
    "final_train_accuracy": ("Train acc., final", "percent", lambda run: (run.final or {}).get("train_accuracy")),
    "gap": ("Gap, final", "%.4f", lambda run: run.generalization_gap_final),
    "onset": ("Onset", "%.0f", lambda run: run.onset.epoch if run.onset else None),
    "stop": ("Stop", "%.0f", lambda run: run.stopping.stop_epoch),
    "best_epoch": ("Best epoch", "%.0f", lambda run: run.best_epoch),
    "seconds": ("Seconds", "%.2f", lambda run: run.seconds),
}
"""Key -> title, number format, and where a run's summary has the value."""

VARIANT, SEEDS, SPREAD = "Variant", "Seeds", "± {title}"
"""Best: at the epoch that early stopping restores. Final: of the model handed over at the end."""


def result_table(variants: Sequence[VariantSummary]) -> pd.DataFrame:
    """One row for each variant: number of seeds with a result, then mean and standard deviation of each value."""
    rows = []
    for variant in variants:
        runs = [run for run in variant.runs if run.epochs]
        row: dict[str, Any] = {VARIANT: variant.name, SEEDS: len(runs)}
        for title, _, read in COLUMNS.values():
            values = pd.Series([read(run) for run in runs], dtype="float64")
            row[title] = values.mean()
            row[SPREAD.format(title=title)] = values.std(ddof=1)
        rows.append(row)
    return pd.DataFrame(rows).dropna(axis="columns", how="all")


def column_config() -> dict[str, Any]:
    """How Streamlit formats the table's columns."""
    formats = {title: style for title, style, _ in COLUMNS.values()}
    config: dict[str, Any] = {VARIANT: st.column_config.TextColumn(pinned=True)}
    for title, style in formats.items():
        config[title] = st.column_config.NumberColumn(format=style)
        config[SPREAD.format(title=title)] = st.column_config.NumberColumn("±", format=style, help=title)
    return config
