"""Step 1: a net learns by heart. The person says where it stops getting better, before the mark is shown."""

from functools import cache, lru_cache

import numpy as np
import streamlit as st

from analysis.summary import RunSummary
from charts.data_preview import images_figure
from charts.lesson_charts import CURVE_HEIGHT, growing_figure
from charts.picture_parts import Figure
from charts.views import ChartOptions
from datasets.split import choose_rows
from experiment.presets import FIRST_VISIT
from ui import state
from ui.components.live_chart import live_chart
from ui.learn.recorded import baseline_runs, experiment_of
from ui.learn.steps.frame import Places
from wording.evidence import say_onset
from wording.language import _, language
from wording.numbers import format_number

FIRST_EPOCH = 6
IMAGES, IMAGES_HEIGHT = 6, 84
EPOCH_KEY = "learn_epoch"


def name_step() -> str:
    """What the step is called."""
    return _("A net learns by heart")


def draw(places: Places) -> None:
    """The curves under a slider, some rows, and the onset once the person has said where it is."""
    run, decided = shown_run(), st.session_state.get(state.LEARN_ONSET)
    with places.figure:
        place = st.container()
        epoch = st.slider(_("Epoch"), 1, run.epochs, FIRST_EPOCH, key=EPOCH_KEY)
        if decided is None:
            st.button(
                _("Here it stops getting better"), key="learn_say_onset", icon=":material/flag:", on_click=_decide
            )
        else:
            st.button(
                _("Say it again"), key="learn_forget_onset", icon=":material/replay:", on_click=state.take,
                args=(state.LEARN_ONSET,),
            )  # fmt: skip
    said = say_epoch(run, epoch) if decided is None else say_mark(run, decided)
    with place:
        drawn = _figure(run, epoch, decided, language())
        live_chart(drawn, key="learn_by_heart", alt=said, height=CURVE_HEIGHT, status=said)
    with places.words:
        st.markdown(_words(run))
        _draw_rows(run, epoch)
    places.say(said)


def _decide() -> None:
    st.session_state[state.LEARN_ONSET] = st.session_state[EPOCH_KEY]


@cache
def shown_run() -> RunSummary:
    """The first recorded run that overfits clearly."""
    runs = baseline_runs()
    return next((run for run in runs if run.onset), runs[0])


@lru_cache(maxsize=512)
def _figure(run: RunSummary, epoch: int, decided: int | None, _language: str) -> Figure:
    options = ChartOptions(run.variant, run.epochs, revision="by_heart")
    return growing_figure(run, epoch, options, decided=decided, onset=decided is not None)


def _words(run: RunSummary) -> str:
    rows = experiment_of(FIRST_VISIT).dataset.training_rows
    return _(
        "A network is trained on {rows} handwritten digits, over and over: {epochs} **epochs**. **Training loss** "
        "(dashed) says how wrong it is about those; **validation loss** (solid) how wrong about digits that it has "
        "never seen.\n\n"
        "Pull the slider through the epochs. Where would you say that it stops getting better?"
    ).format(rows=rows, epochs=run.epochs)


def say_epoch(run: RunSummary, epoch: int) -> str:
    """What the curves say at an epoch; it does not tell where overfitting begins."""
    losses = {name: format_number(float(run.curves[name][epoch - 1])) for name in ("train_loss", "val_loss")}
    return _("Epoch {epoch}: training loss {train_loss}, validation loss {val_loss}.").format(epoch=epoch, **losses)


def say_mark(run: RunSummary, decided: int) -> str:
    """The onset, its evidence, and how far off the person was."""
    if run.onset is None:
        return _("You said epoch {decided}. In this run nothing clear can be told: no mark is set.").format(
            decided=decided
        )
    return _(
        "You said epoch {decided}. **Overfitting begins at epoch {epoch}**: {evidence}. From there on it learns what "
        "is true of the training rows alone."
    ).format(decided=decided, epoch=run.onset.epoch, evidence=say_onset(run.onset))


def rows_right(run: RunSummary, epoch: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """How many training rows of how many the net has right at an epoch, and how many validation rows."""
    (training, _image), (validation, _image) = _rows(run.seed)
    counts = {"train_accuracy": training, "val_accuracy": validation}
    learned, unseen = ((round(float(run.curves[name][epoch - 1]) * rows), rows) for name, rows in counts.items())
    return learned, unseen


def _draw_rows(run: RunSummary, epoch: int) -> None:
    """Some rows of either kind, and how many of all it has right at this epoch."""
    templates = (_("Learned from: {right} of {rows} right"), _("Never seen: {right} of {rows} right"))
    shown = zip(templates, rows_right(run, epoch), _rows(run.seed), strict=True)
    for place, (template, (right, rows), (_rows_of_kind, figure)) in enumerate(shown):
        words = template.format(right=right, rows=rows)
        with st.container(gap=None):
            st.caption(words)
            live_chart(figure, key=f"learn_rows_{place}", alt=words, height=IMAGES_HEIGHT)


@cache
def _rows(seed: int) -> tuple[tuple[int, Figure], tuple[int, Figure]]:
    """How many training and validation rows a seed has, and a picture of the first of either."""
    dataset = experiment_of(FIRST_VISIT).dataset
    arrays = dataset.load()
    rows = choose_rows(dataset, arrays.y, seed)
    images = arrays.x[..., 0].astype(np.float64)

    def picture(chosen: np.ndarray) -> tuple[int, Figure]:
        shown = chosen[:IMAGES]
        names = [arrays.class_names[label] for label in arrays.y[shown]]
        return len(chosen), images_figure(images[shown], names, columns=IMAGES)

    return picture(rows.train), picture(rows.validation)
