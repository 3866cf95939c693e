"""Techniques that end training early."""

from typing import Literal

from models.parameters import number, option, parameters
from models.plan import Call, call
from models.techniques.base import Monitor, Technique


class EarlyStopping(Technique):
    """Prechelt, "Early Stopping - But When?" (1998); rule and parameters are Keras's."""

    label = "Early stopping"
    summary = (
        "Stops training when the monitored value has not improved for some epochs, and hands over the best weights."
    )
    idea = (
        "While a network trains, it first learns what holds for all rows and later what holds for the training "
        "rows alone; validation loss falls, then often rises. "
        "The rule remembers the best epoch so far and stops when it has waited `patience` epochs for a better one; "
        "an improvement smaller than `min_delta` does not count. "
        "With the best epoch's weights restored, the epochs spent waiting cost time but no quality."
    )
    formula = r"t_{\mathrm{stop}} = \min\{t : t - t_{\mathrm{best}}(t) \ge \mathrm{patience}\}"
    acts = "on the number of epochs"
    hurts = "With noisy curves and little patience it stops before the network has learned what it could."
    source = "https://doi.org/10.1007/3-540-49430-8_3"

    name: Literal["early_stopping"] = "early_stopping"
    monitor: Monitor = option("val_loss", label="Monitor", about="The clean value that is watched.", rare=True)
    patience: int = number(
        10, 0, 1000, label="Patience", telling=(0, 60, 1), about="Epochs without improvement before it stops."
    )
    min_delta: float = number(
        0.0,
        0.0,
        10.0,
        label="Minimum change",
        telling=(0.0, 0.02, 0.001),
        rare=True,
        about="A smaller change is no improvement.",
    )
    baseline: float | None = number(
        None, 0.0, 100.0, label="Baseline", rare=True, about="Waiting restarts only below this (above, for accuracy)."
    )
    start_from_epoch: int = number(
        0, 0, 10_000, label="Start after", telling=(0, 60, 1), rare=True, about="Number of epochs ignored at the start."
    )
    restore_best_weights: bool = option(
        True, label="Restore best weights", about="Hand over the best epoch's weights.", rare=True
    )

    def callback(self) -> Call:
        mode = "max" if self.monitor.endswith("accuracy") else "min"
        arguments = {p.key: getattr(self, p.key) for p in parameters(type(self))}
        return call("callbacks.EarlyStopping", **arguments, mode=mode)
