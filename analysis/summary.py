"""What pages, charts and the command line take from this package: runs in, summaries and sentences out."""

from analysis.averages import Spread
from analysis.early_stopping import Stopping, StoppingRule
from analysis.onset import Onset
from analysis.runs import (
    QUANTITIES,
    FloatArray,
    RunCurves,
    RunSummary,
    VariantSummary,
    summarize,
    summarize_run,
    summarize_variant,
)
from analysis.statements import describe, verdict

__all__ = [
    "QUANTITIES",
    "FloatArray",
    "Onset",
    "RunCurves",
    "RunSummary",
    "Spread",
    "Stopping",
    "StoppingRule",
    "VariantSummary",
    "describe",
    "summarize",
    "summarize_run",
    "summarize_variant",
    "verdict",
]
