"""Numbers, counts and names of curves as people read them."""

import math
from collections.abc import Iterable
from datetime import datetime

import numpy as np

from wording.language import _, ngettext

MINUS = "−"

SMALLEST_WRITTEN_OUT = 1e-4
LARGEST_WRITTEN_OUT = 1e9


def format_number(value: float, digits: int = 3) -> str:
    """A number with 3 significant digits, or as many as asked for: 0.0412, 2.3, 1230.

    With an exponent below 0.0001 and from 1e9 on.

    >>> format_number(0.04119), format_number(1234.5), format_number(-2e-7)
    ('0.0412', '1230', '−2e-7')
    """
    if math.isnan(value):
        return _("not a number")
    sign, size = (MINUS if value < 0 else ""), abs(value)
    if math.isinf(size):
        return sign + _("infinity")
    if size and not SMALLEST_WRITTEN_OUT <= size < LARGEST_WRITTEN_OUT:
        return sign + np.format_float_scientific(size, precision=digits - 1, trim="-", exp_digits=1).replace(".e", "e")
    return sign + np.format_float_positional(size, precision=digits, fractional=False, trim="-")


def format_percent(share: float) -> str:
    """A share as a percentage with 2 significant digits: 0.0412 is "4.1%".

    >>> format_percent(0.1234), format_percent(-0.004)
    ('12%', '−0.4%')
    """
    return f"{format_number(100 * share, digits=2)}%"


def count_seeds(count: int) -> str:
    """`3 seeds`."""
    return ngettext("{count} seed", "{count} seeds", count)


def count_epochs(count: int) -> str:
    """`3 epochs`."""
    return ngettext("{count} epoch", "{count} epochs", count)


def write_date(day: datetime) -> str:
    """`2026-11-25`, as the language writes it."""
    return _("{year}-{month:02}-{day:02}").format(year=day.year, month=day.month, day=day.day)


def write_time(moment: datetime) -> str:
    """`2026-11-25 14:54`, as the language writes it."""
    return _("{date} {hour:02}:{minute:02}").format(date=write_date(moment), hour=moment.hour, minute=moment.minute)


def metric_name(name: str) -> str:
    """What a curve is called in a sentence."""
    names = {
        "train_loss": _("training loss"),
        "val_loss": _("validation loss"),
        "train_accuracy": _("training accuracy"),
        "val_accuracy": _("validation accuracy"),
        "val_balanced_accuracy": _("balanced validation accuracy"),
    }
    return names.get(name, name)


def join_names(names: Iterable[str]) -> str:
    """`“a”, “b” and “c”`. Names are put in as they are: whoever shows the text as Markdown or HTML escapes them."""
    return join_texts(_("“{name}”").format(name=name) for name in names)


def join_texts(texts: Iterable[str]) -> str:
    """`a, b and c`."""
    *start, end = texts
    return _("{some} and {last}").format(some=", ".join(start), last=end) if start else end
