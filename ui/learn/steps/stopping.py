"""Step 2: when would you stop? The person stops a curve that is being drawn; then a rule's patience slides over it."""

import time
from collections.abc import Callable
from functools import lru_cache

import streamlit as st

from analysis.early_stopping import StoppingRule
from analysis.summary import RunSummary, summarize
from charts.lesson_charts import CURVE_HEIGHT, growing_figure
from charts.picture_parts import Figure
from charts.views import ChartOptions
from ui import state, text
from ui.components.live_chart import live_chart
from ui.components.sortable_table import sortable_table
from ui.lab.what_if import outcome_rows
from ui.learn.recorded import baseline_runs
from ui.learn.steps.frame import Places
from wording.language import _, language
from wording.numbers import format_number

FIRST_EPOCH = 5
EPOCHS_PER_SECOND = 6
SECONDS_BETWEEN_DRAWINGS = 0.4
PATIENCE, MOST_PATIENCE = 10, 60


def name_step() -> str:
    """What the step is called."""
    return _("When would you stop?")


def draw(places: Places) -> None:
    """The curve that grows until the person stops it, or what either choice hands over."""
    with places.words:
        st.markdown(
            _(
                "To stop at the lowest point would be best. But while a net trains, nobody knows whether the lowest "
                "point so far is the lowest of all.\n\n"
                "Start the training, and stop it when **you** would. You get the net as it is in that epoch."
            )
        )
    stopped = st.session_state.get(state.LEARN_STOP)
    if stopped is None:
        _draw_growing(places)
    else:
        _draw_choices(places, stopped)


def seconds_between_drawings() -> float | None:
    """How often the step is drawn by itself: while a curve grows."""
    growing = state.LEARN_TRAINING in st.session_state and state.LEARN_STOP not in st.session_state
    return SECONDS_BETWEEN_DRAWINGS if growing else None


def _draw_growing(places: Places) -> None:
    """The curve as far as it is by now."""
    begun = st.session_state.get(state.LEARN_TRAINING)
    run = _run(StoppingRule(patience=PATIENCE))
    epoch = FIRST_EPOCH if begun is None else reached(time.time() - begun, run.epochs)
    if epoch == run.epochs:
        st.session_state[state.LEARN_STOP] = epoch
        _draw_choices(places, epoch)
        return
    with places.figure:
        said = _say_growing(run, epoch)
        drawn = _figure(run, epoch, None, language())
        live_chart(drawn, key="learn_stopping", alt=said, height=CURVE_HEIGHT)
        if begun is None:
            st.button(
                _("Start the training"), key="learn_start", icon=":material/play_arrow:", type="primary",
                on_click=_keep, args=(state.LEARN_TRAINING, time.time),
            )  # fmt: skip
        else:
            st.button(
                _("Stop here"), key="learn_stop_here", icon=":material/stop_circle:", type="primary",
                on_click=_keep, args=(state.LEARN_STOP, lambda: epoch),
            )  # fmt: skip
    places.say(said)


def _keep(key: str, read: Callable[[], float]) -> None:
    st.session_state[key] = read()


def reached(seconds: float, epochs: int) -> int:
    """The epoch that a training is drawn up to after so many seconds.

    >>> reached(2.0, 150), reached(100.0, 150)
    (17, 150)
    """
    return min(FIRST_EPOCH + int(seconds * EPOCHS_PER_SECOND), epochs)


def _say_growing(run: RunSummary, epoch: int) -> str:
    seen = run.curves["val_loss"][:epoch]
    return _("Epoch {epoch}: validation loss {loss}; the lowest so far was {lowest}, in epoch {place}.").format(
        epoch=epoch, loss=format_number(float(seen[-1])), lowest=format_number(float(seen.min())),
        place=int(seen.argmin()) + 1,
    )  # fmt: skip


def _draw_choices(places: Places, stopped: int) -> None:
    """The person's stop, the rule's under a slider, and what they hand over."""
    with places.figure:
        place = st.container()
        most = min(MOST_PATIENCE, len(baseline_runs()[0].curves["val_loss"]) - 1)
        patience = st.slider(_("Patience of early stopping, in epochs"), 1, most, PATIENCE, key="learn_patience")
        rule = StoppingRule(patience=patience)
        run = _run(rule)
        said = say_choices(run, stopped, patience)
        with place:
            drawn = _figure(run, stopped, stopped, language())
            live_chart(drawn, key="learn_stopping", alt=said, height=CURVE_HEIGHT, status=said)
        variants = summarize(baseline_runs(rule))
        st.caption(_("The same patience on all {seeds} recorded seeds:").format(seeds=len(baseline_runs())))
        sortable_table(text.WHAT_IF_COLUMNS, outcome_rows(variants), key="learn_outcomes")
        st.button(_("Another seed"), key="learn_again", icon=":material/replay:", on_click=_begin_again)
    with places.words:
        st.markdown(
            _(
                "**Early stopping** is a rule for it: if validation loss has not improved for some epochs (its "
                "**patience**), it stops (square) and takes back the weights of the best epoch (diamond). Too little "
                "patience stops at the first bump; too much costs time only."
            )
        )
    places.say(said)


def say_choices(run: RunSummary, stopped: int, patience: int) -> str:
    """What the person's stop, the rule and no stop at all hand over.

    Args:
        run: with the marks of the rule.
        stopped: the epoch at which the person stopped.
        patience: of the rule.
    """
    curve, stop, best = run.curves["val_loss"], run.stopping.stop_epoch, run.best_epoch or run.epochs
    you, handed_over, last = (format_number(float(curve[epoch - 1])) for epoch in (stopped, best, run.epochs))
    lines = [
        _("**You** stopped at epoch {epoch} and hand over a validation loss of **{loss}**.").format(
            epoch=stopped, loss=you
        ),
        _("**Patience {patience}** stops at epoch {stop} and takes back epoch {best}: **{loss}**.").format(
            patience=patience, stop=stop, best=best, loss=handed_over
        )
        if stop
        else _("**Patience {patience}** never stops; its best epoch is {best}: **{loss}**.").format(
            patience=patience, best=best, loss=handed_over
        ),
        _("**Without a stop** epoch {epoch} is handed over: **{loss}**.").format(epoch=run.epochs, loss=last),
    ]
    return "\n\n".join(lines)


def _begin_again() -> None:
    """The next recorded seed, from its first epochs on."""
    st.session_state[state.LEARN_SEED] = st.session_state.get(state.LEARN_SEED, 0) + 1
    for key in (state.LEARN_STOP, state.LEARN_TRAINING):
        state.take(key)


def leave() -> None:
    """A curve that still grows does not grow unseen: it begins anew when the person comes back."""
    if state.LEARN_STOP not in st.session_state:
        state.take(state.LEARN_TRAINING)


def _run(rule: StoppingRule) -> RunSummary:
    """The seed that is drawn: one that overfits, but not the first step's; others on request."""
    runs = sorted(baseline_runs(rule), key=lambda run: run.onset is None)
    again: int = st.session_state.get(state.LEARN_SEED, 0)
    return runs[(1 + again) % len(runs)]


@lru_cache(maxsize=512)
def _figure(run: RunSummary, epoch: int, stopped: int | None, _language: str) -> Figure:
    options = ChartOptions(run.variant, run.epochs, revision=f"stopping {run.seed}")
    return growing_figure(run, epoch, options, decided=stopped, rule=stopped is not None)
