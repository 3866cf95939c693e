"""Numbers, counts and names of curves as people read them."""

import math

import numpy as np

METRIC_NAMES = {
    "train_loss": "training loss",
    "val_loss": "validation loss",
    "train_accuracy": "training accuracy",
    "val_accuracy": "validation accuracy",
}
NOT_A_NUMBER = "not a number"
INFINITE = "infinity"
MINUS = "−"
EPOCHS = ("{count} epoch", "{count} epochs")
SEEDS = ("{count} seed", "{count} seeds")

SMALLEST_WRITTEN_OUT = 1e-4
LARGEST_WRITTEN_OUT = 1e9


def format_number(value: float) -> str:
    """A number with 3 significant digits: 0.0412, 2.3, 1230; with an exponent below 0.0001 and from 1e9 on.

    >>> format_number(0.04119), format_number(1234.5), format_number(-2e-7)
    ('0.0412', '1230', '−2e-7')
    """
    if math.isnan(value):
        return NOT_A_NUMBER
    sign, size = (MINUS if value < 0 else ""), abs(value)
    if math.isinf(size):
        return sign + INFINITE
    if size and not SMALLEST_WRITTEN_OUT <= size < LARGEST_WRITTEN_OUT:
        return sign + np.format_float_scientific(size, precision=2, trim="-", exp_digits=1)
    return sign + np.format_float_positional(size, precision=3, fractional=False, trim="-")


def format_count(count: int, forms: tuple[str, str]) -> str:
    """A count with its noun, from a template for one and a template for all other counts.

    >>> format_count(1, SEEDS), format_count(3, SEEDS)
    ('1 seed', '3 seeds')
    """
    return forms[count != 1].format(count=count)
