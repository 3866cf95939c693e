"""The verdict on the page: the answer, a card for each variant, and the seeds that would settle what is open."""

from collections.abc import Sequence
from html import escape
from typing import get_args

import streamlit as st

from analysis.summary import RunSummary
from analysis.verdict import Comparison, Verdict, What
from charts.palette import style
from experiment.judging import judging_of
from experiment.spec import Experiment, ExperimentError
from models.names import visible
from results.records import StoredExperiment
from training.dispatch.queue import MOST_SEEDS_AT_ONCE
from ui import state, text
from ui.client_address import client_address
from ui.components.plain import plain
from ui.lab.experiment_form import follow_seeds
from ui.lab.interval import STYLE as INTERVAL_STYLE
from ui.lab.interval import draw_interval, farthest
from ui.services import read_spec, services, verdict
from ui.visitor import visitor
from wording.claims import say_claim, say_details, say_margin
from wording.language import _, ngettext
from wording.verdict import (
    KINDS,
    name_kind,
    name_quantity,
    say_answer,
    say_comparison,
    say_disagreement,
    say_effect,
    say_exploratory,
)

JUDGED_KEY = "judged.{revision}"
ROUND_NUMBERS = (10, 20)
"""Seeds that an experiment can be filled up to."""
CARDS_SHOWN = 4
"""With more variants those with a claim come first, and the rest on request."""
STYLE = """<style>
.effect { display: flex; flex-wrap: wrap; gap: 0 0.5rem; align-items: baseline; font-variant-numeric: tabular-nums; }
.effect-name { flex-basis: 100%; font-size: 0.875rem; font-weight: 600; overflow-wrap: anywhere; }
.effect-name i { display: inline-block; width: 0.9em; height: 3px; margin-right: 0.45em; vertical-align: middle; }
.effect b { font-size: 1.06rem; }
.effect .interval { flex-basis: 100%; }
.effect .better { color: #0a7d5a; } .effect .worse { color: #c2410c; }
.effect small { font-size: 0.8rem; opacity: 0.8; }
@media (prefers-color-scheme: dark) { .effect .better { color: #34c99a; } .effect .worse { color: #fb8c57; } }
[class*="st-key-card_"] { transition: opacity 0.12s; padding: 0.6rem 0.75rem; }
</style>"""


def draw_judged(experiment: Experiment, runs: tuple[RunSummary, ...], revision: str) -> What:
    """What is judged, or another quantity to look at, which answers nothing.

    Args:
        experiment: with its seeds.
        runs: in numbers.
        revision: names the experiment, whose choice of a quantity belongs to it.
    """
    judged = experiment.judging.what
    if len(experiment.variants) == 1:
        return judged
    chosen = st.segmented_control(
        text.JUDGED,
        list(dict.fromkeys((judged, *get_args(What)))),
        default=judged,
        required=True,
        format_func=text.JUDGED_NAMES.__getitem__,
        key=JUDGED_KEY.format(revision=revision),
        help=text.JUDGED_HELP.format(margin=say_margin(judging_of(experiment))),
        wrap=True,
        label_visibility="collapsed",
    )
    return chosen or judged


def draw_answer(experiment: Experiment, runs: tuple[RunSummary, ...], what: What) -> None:
    """The answer in a sentence, and whether another quantity disagrees."""
    judged = experiment.judging.what
    if len(experiment.variants) == 1:
        return
    if what != judged:
        st.badge(text.EXPLORATORY, icon=":material/explore:", color="orange")
        st.markdown(text.EXPLORATORY_HELP.format(judged=name_quantity(judged)))
        return
    verdicts = {one: verdict(experiment, runs, one) for one in (judged, *get_args(What))}
    disagreement = say_disagreement(verdicts)
    st.markdown(f"**{plain(say_answer(verdicts[judged]))}** {plain(disagreement)}")


def draw_cards(
    experiment: Experiment, runs: tuple[RunSummary, ...], what: What, extendable: StoredExperiment | None
) -> None:
    """A card for each variant against the reference: kind, effect, interval against the margin, and what is open.

    Args:
        experiment: with its seeds.
        runs: in numbers.
        what: the quantity that is looked at.
        extendable: the stored experiment, if its visitor may add seeds now.
    """
    shown, claims = verdict(experiment, runs, what), what == experiment.judging.what
    compared = [(i, c) for i, c in enumerate(shown.comparisons) if c.kind != "reference" and (c.seeds or c.lost)]
    if not compared:
        return
    if len(compared) > CARDS_SHOWN:
        compared.sort(key=lambda pair: KINDS.index(pair[1].kind))
        if not st.toggle(text.ALL_CARDS.format(count=len(compared)), key="all_cards"):
            compared = compared[:CARDS_SHOWN]
    reach = farthest([comparison for _, comparison in compared], shown)
    st.html(INTERVAL_STYLE + STYLE)
    for start in range(0, len(compared), CARDS_SHOWN):
        row = compared[start : start + CARDS_SHOWN]
        for column, (index, comparison) in zip(st.columns(len(row), gap="small"), row, strict=True):
            with column, st.container(border=True, key=f"card_{index}", gap=None, height="stretch"):
                st.html(_card(index, comparison, shown, reach, claims=claims))
                if claims and extendable is not None and comparison.more_seeds:
                    _draw_add(min(comparison.more_seeds, MOST_SEEDS_AT_ONCE), extendable, comparison.variant)
    if refused := state.take(state.SEEDS_REFUSAL):
        st.error(text.REFUSED)
        st.code(refused, language=None, wrap_lines=True)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(_say_pairing(shown), width="content")
        with st.popover(text.HOW_SURE, type="tertiary"):
            _draw_how_sure(shown, claims=claims)
        if extendable is not None and _complete(shown, experiment.seeds):
            _draw_round_numbers(len(experiment.seeds), extendable)


def _card(index: int, comparison: Comparison, shown: Verdict, reach: float, *, claims: bool) -> str:
    colour = style(index).colour
    kind = f'<b class="{comparison.kind}">{escape(name_kind(comparison.kind))}</b>' if claims else ""
    effect = f"<span>{escape(say_effect(comparison, shown))}</span>" if comparison.difference is not None else ""
    picture = draw_interval(comparison, shown, colour, reach, seeds=False) if effect else ""
    return (
        f'<div class="effect" data-lab-variant="{index}">'
        f'<span class="effect-name"><i style="background:{colour}"></i>{escape(visible(comparison.variant))}</span>'
        f"{kind}{effect}{picture}<small>{escape(_say_seeds(comparison, shown, claims=claims))}</small></div>"
    )


def _say_seeds(comparison: Comparison, shown: Verdict, *, claims: bool) -> str:
    """In how many seeds it is lower or higher, and how many more would settle it."""
    if comparison.lost:
        return text.CARD_LOST.format(lost=len(comparison.lost), seeds=shown.seeds)
    if comparison.note == "identical":
        return _("exactly the same in all seeds")
    below = sum(value < 0 for _seed, value in comparison.differences)
    above = sum(value > 0 for _seed, value in comparison.differences)
    template = _("lower in {count} of {seeds} seeds") if below >= above else _("higher in {count} of {seeds} seeds")
    said = template.format(count=max(below, above), seeds=comparison.seeds)
    if (
        claims
        and comparison.kind == "undecided"
        and not comparison.to_come
        and comparison.note not in ("ties", "identical")
    ):
        said += " · " + (
            _("more than 200 seeds would be needed")
            if comparison.more_seeds is None
            else ngettext("about {count} more seed", "about {count} more seeds", comparison.more_seeds)
        )
    return said


def _say_pairing(shown: Verdict) -> str:
    seeds = max((comparison.seeds for comparison in shown.comparisons), default=0)
    return text.PAIRED.format(
        seeds=ngettext("{count} seed", "{count} seeds", seeds),
        reference=plain(shown.judging.reference),
        margin=say_margin(shown.judging),
    )


def _draw_how_sure(shown: Verdict, *, claims: bool) -> None:
    for comparison in shown.comparisons:
        if comparison.kind == "reference" or not (comparison.seeds or comparison.lost):
            continue
        sentence = say_comparison(comparison, shown) if claims else say_exploratory(comparison, shown)
        st.markdown(plain(f"{sentence} {say_details(comparison, shown)}"))
    st.caption(text.BAND_HELP)
    st.caption(say_claim())


def _complete(shown: Verdict, seeds: Sequence[int]) -> bool:
    """Whether further seeds could be compared: behind a failed or cancelled one they could not."""
    return any(comparison.seeds == len(seeds) for comparison in shown.comparisons)


def _draw_round_numbers(seeds: int, stored: StoredExperiment) -> None:
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
        type="tertiary",
        help=text.ADD_SEEDS_HELP,
        on_click=_add_seeds,
        args=(stored, number),
    )


def _add_seeds(stored: StoredExperiment, number: int) -> None:
    before, who = read_spec(stored.spec), visitor()
    if who is None:
        return
    try:
        services().queue.extend(stored, before, number, who, client_address())
    except ExperimentError as error:
        st.session_state[state.SEEDS_REFUSAL] = str(error)
    else:
        follow_seeds(before, before.with_more_seeds(number).seeds)
