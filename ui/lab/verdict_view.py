"""The verdict on the page: the answer, a sentence for each variant, and the seeds that would settle what is open."""

from collections.abc import Sequence
from typing import get_args

import streamlit as st

from analysis.summary import RunSummary
from analysis.verdict import SEEDS_FOR_A_DIFFERENCE, Comparison, Verdict, What
from experiment.spec import Experiment, ExperimentError
from results.records import StoredExperiment
from training.dispatch.queue import MOST_SEEDS_AT_ONCE
from ui import state, text
from ui.components.plain import plain
from ui.services import read_spec, services, verdict
from wording.language import _, ngettext
from wording.verdict import (
    name_quantity,
    say_answer,
    say_comparison,
    say_disagreement,
    say_exploratory,
    say_new_data,
    say_points,
    say_shares,
)

ICONS = {
    "better": ":material/trending_up:",
    "worse": ":material/trending_down:",
    "no_difference": ":material/drag_handle:",
    "undecided": ":material/help:",
}
JUDGED_KEY = "judged.{revision}"
ROUND_NUMBERS = (10, 20)
"""Seeds that an experiment can be filled up to."""


def draw_answer(experiment: Experiment, runs: tuple[RunSummary, ...], revision: str) -> None:
    """What is judged, and the answer; or another quantity, which answers nothing.

    Args:
        experiment: with its seeds.
        runs: in numbers.
        revision: names the experiment, whose choice of a quantity belongs to it.
    """
    if len(experiment.variants) == 1:
        return
    judged = experiment.judging.what
    verdicts = {what: verdict(experiment, runs, what) for what in (judged, *get_args(What))}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        what = st.selectbox(
            text.JUDGED,
            list(verdicts),
            format_func=lambda what: name_quantity(what).capitalize(),
            key=JUDGED_KEY.format(revision=revision),
            help=text.JUDGED_HELP.format(margin=_show_margin(verdicts[judged])),
            width=420,
        )
        if what != judged:
            st.badge(text.EXPLORATORY, icon=":material/explore:", color="orange")
    if what != judged:
        st.markdown(text.EXPLORATORY_HELP.format(judged=name_quantity(judged)))
        return
    st.markdown(f"**{plain(say_answer(verdicts[judged]))}**")
    if disagreement := say_disagreement(verdicts):
        st.markdown(plain(disagreement))


def draw_comparisons(
    experiment: Experiment, runs: tuple[RunSummary, ...], revision: str, extendable: StoredExperiment | None
) -> None:
    """A sentence for each variant against the reference, and the seeds that would settle what is open.

    Args:
        experiment: with its seeds.
        runs: in numbers.
        revision: as for `draw_answer`.
        extendable: the stored experiment, if its visitor may add seeds now.
    """
    if len(experiment.variants) == 1:
        return
    judged = experiment.judging.what
    what = st.session_state.get(JUDGED_KEY.format(revision=revision), judged)
    shown = verdict(experiment, runs, what)
    for comparison in shown.comparisons:
        if comparison.seeds or comparison.lost:
            _draw_comparison(comparison, shown, what == judged, extendable)
    if refused := state.take(state.SEEDS_REFUSAL):
        st.error(text.REFUSED)
        st.code(refused, language=None, wrap_lines=True)
    if extendable is not None and _complete(shown, experiment.seeds):
        _draw_round_numbers(len(experiment.seeds), extendable)
    st.caption(text.CLAIM_IS_ABOUT)


def _draw_comparison(comparison: Comparison, shown: Verdict, claims: bool, extendable: StoredExperiment | None) -> None:
    sentence = say_comparison(comparison, shown) if claims else say_exploratory(comparison, shown)
    icon = ICONS[comparison.kind] if claims else ICONS["undecided"]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"{icon} {plain(sentence)}", width="stretch")
        if claims and extendable is not None and comparison.more_seeds:
            _draw_add(min(comparison.more_seeds, MOST_SEEDS_AT_ONCE), extendable, comparison.variant)
    if details := list(_details(comparison, shown)):
        st.caption(plain(" ".join(details)))


def _details(comparison: Comparison, shown: Verdict) -> Sequence[str]:
    details = []
    if 1 <= comparison.seeds < SEEDS_FOR_A_DIFFERENCE:
        details.append(_("Differences: {points}.").format(points=say_points(comparison, shown)))
    if shares := say_shares(comparison):
        details.append(_("Description only, given these seeds: {shares}.").format(shares=shares))
    if wider := say_new_data(comparison, shown):
        details.append(_("For new data of the same kind: {interval}.").format(interval=wider))
    return details


def _complete(shown: Verdict, seeds: Sequence[int]) -> bool:
    """Whether further seeds could be compared: behind a failed or cancelled one they could not."""
    return any(comparison.seeds == len(seeds) for comparison in shown.comparisons)


def _draw_round_numbers(seeds: int, stored: StoredExperiment) -> None:
    with st.container(horizontal=True, gap="small"):
        for number in ROUND_NUMBERS:
            if seeds < number:
                st.button(
                    text.ADD_UP_TO.format(number=number),
                    key=f"add_up_to_{number}",
                    icon=":material/add:",
                    type="tertiary",
                    on_click=_add_seeds,
                    args=(stored, number - seeds),
                )


def _draw_add(number: int, stored: StoredExperiment, variant: str) -> None:
    st.button(
        ngettext("Add {count} seed", "Add {count} seeds", number),
        key=f"add_seeds_{variant}",
        icon=":material/add:",
        help=text.ADD_SEEDS_HELP,
        on_click=_add_seeds,
        args=(stored, number),
    )


def _add_seeds(stored: StoredExperiment, number: int) -> None:
    try:
        services().queue.extend(stored, read_spec(stored.spec), number, stored.visitor)
    except ExperimentError as error:
        st.session_state[state.SEEDS_REFUSAL] = str(error)


def _show_margin(shown: Verdict) -> str:
    share = shown.judging.margin
    number = f"{100 * share:g}"
    if shown.judging.low_is_good:
        return _("{share}% of the reference's mean").format(share=number)
    return _("{share} percentage points").format(share=number)
