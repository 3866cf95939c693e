"""Why a mark is where it is, in words."""

from analysis.early_stopping import AnyRule, PrecheltRule, Stopping, StoppingRule
from analysis.onset import Onset
from wording.language import _
from wording.numbers import count_epochs, format_number, format_percent, metric_name


def say_onset(onset: Onset) -> str:
    """What speaks for an onset, without a full stop."""
    times = onset.rise / onset.by_noise if onset.by_noise else float("inf")
    noise = (
        _("{ratio} times what its noise explains").format(ratio=format_number(times, digits=2))
        if times < 1000
        else _("far more than its noise explains")
    )
    training = (
        _("training loss fell by {change} since").format(change=format_number(onset.train_fall))
        if onset.train_fall >= 0
        else _("training loss rose by {change} since").format(change=format_number(-onset.train_fall))
    )
    return _(
        "over the last {epochs} validation loss is {rise} ({share}) above its minimum around epoch {epoch}, {noise}; "
        "{training}"
    ).format(
        epochs=count_epochs(onset.tail),
        rise=format_number(onset.rise),
        share=format_percent(onset.rise / abs(onset.lowest)) if onset.lowest else "–",
        epoch=onset.epoch,
        noise=noise,
        training=training,
    )


def say_stopping(stopping: Stopping, rule: AnyRule) -> str:
    """Why a rule stopped, or has not, without a full stop."""
    return _say_prechelt(stopping, rule) if isinstance(rule, PrecheltRule) else _say_patience(stopping, rule)


def _say_patience(stopping: Stopping, rule: StoppingRule) -> str:
    metric, best = metric_name(rule.monitor), stopping.best_value
    if stopping.state == "not_recorded":
        return _("this run has no {metric}").format(metric=metric)
    if stopping.state == "no_epochs" or (best is None and stopping.state != "all_ignored"):
        return _("no epochs")
    if stopping.state == "all_ignored":
        return _("the rule ignores the first {epochs}").format(epochs=count_epochs(rule.start_from_epoch))
    if stopping.state == "not_a_number":
        return _("{metric} was not a number at epoch {epoch}, and nothing counts as better than that").format(
            metric=metric, epoch=stopping.best_epoch
        )
    words = {
        "metric": metric,
        "best": format_number(best or 0.0),
        "epoch": stopping.best_epoch,
        "waited": count_epochs(stopping.waited),
        "patience": max(rule.patience, 1),
        "min_delta": format_number(abs(rule.min_delta)),
        "baseline": format_number(rule.baseline or 0.0),
        "direction": _("above") if rule.mode == "max" else _("below"),
    }
    if stopping.state == "waiting":
        return _(
            "epoch {epoch} counts as the best so far ({metric} {best}); {waited} without improvement, {patience} would "
            "stop"
        ).format(**words)
    beaten = (
        _("both its best value {best} (epoch {epoch}) and {baseline}")
        if rule.baseline is not None
        else _("{best} (epoch {epoch})")
    ).format(**words)
    template = (
        _("{metric} has not gone {direction} {beaten} by more than {min_delta} for {waited}")
        if rule.min_delta
        else _("{metric} has not gone {direction} {beaten} for {waited}")
    )
    return template.format(beaten=beaten, **words)


def _say_prechelt(stopping: Stopping, rule: PrecheltRule) -> str:
    if stopping.best_value is None:
        return _("no epochs") if stopping.state == "no_epochs" else _("validation loss was never a number")
    threshold = format_number(rule.threshold)
    fired = {
        "GL": _("validation loss is more than {threshold}% above its lowest value {best} (epoch {epoch})"),
        "PQ": _(
            "validation loss rose above its lowest value {best} (epoch {epoch}) by more than {threshold} times what "
            "training loss still gains"
        ),
        "UP": _("validation loss rose in {threshold} successive strips of 5 epochs; lowest: {best} (epoch {epoch})"),
    }[rule.criterion]
    if stopping.state != "stopped":
        fired = _("the criterion has not been met; lowest so far: {best} (epoch {epoch})")
    return fired.format(threshold=threshold, best=format_number(stopping.best_value), epoch=stopping.best_epoch)
