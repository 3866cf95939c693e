"""Everything there is, by what it touches: families of techniques and what else is explained, and a search in them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import streamlit as st

from models.techniques import TECHNIQUES
from ui import state
from ui.learn import learn_text, sections
from wording.language import _, language, ngettext


@dataclass(frozen=True)
class Family:
    """What belongs together.

    Attributes:
        name: what it is called.
        about: what all of it does, in a sentence.
        entries: names of techniques, or keys of EXPLAINED.
        step: which step of the page is about it, from 1; None: none is.
    """

    name: Callable[[], str]
    about: Callable[[], str]
    entries: tuple[str, ...]
    step: int | None = None


EXPLAINED: dict[str, tuple[Callable[[], str], Callable[[], None]]] = {
    "labels": (lambda: learn_text.LABELS, sections.draw_labels),
    "names": (lambda: learn_text.NAMES, sections.draw_names),
    "networks": (lambda: learn_text.NETWORKS, sections.draw_networks),
}
"""What is no technique: its title, and what draws it."""

FAMILIES = (
    Family(
        lambda: _("Data"),
        lambda: _("Show it more, or the same in other shapes."),
        ("more_data", "augmentation", "rand_augment", "mixup", "cutmix"),
        5,
    ),
    Family(
        lambda: _("Noise"),
        lambda: _("Disturb it, so that it cannot rely on details."),
        ("dropout", "spatial_dropout", "gaussian_noise", "gaussian_dropout", "alpha_dropout", "stochastic_depth"),
        5,
    ),
    Family(
        lambda: _("Normalization"),
        lambda: _("Keep activations in one range."),
        ("batch_normalization", "layer_normalization", "group_normalization"),
    ),
    Family(
        lambda: _("Penalties"),
        lambda: _("Make large weights expensive, or forbid them."),
        ("l1", "l2", "l1_l2", "max_norm"),
        4,
    ),
    Family(
        lambda: _("Labels and loss"),
        lambda: _("Ask for a little less certainty, or for another mistake to count."),
        ("label_smoothing", "generalized_cross_entropy", "class_weight", "labels"),
        5,
    ),
    Family(
        lambda: _("Optimizer and weights"),
        lambda: _("Change how steps are taken, or what is kept of them."),
        ("weight_decay", "gradient_clipping", "ema", "reduce_lr_on_plateau", "cosine_decay", "sam"),
    ),
    Family(lambda: _("Many nets"), lambda: _("Let several vote, or teach."), ("ensemble", "distillation")),
    Family(lambda: _("Stopping"), lambda: _("Leave while it is good."), ("early_stopping",), 2),
    Family(
        lambda: _("Keras and networks"),
        lambda: _("What is written how, and what a network is built from."),
        ("names", "networks"),
    ),
)


def draw_families() -> None:
    """A card for each family; what is open stands below its card's row. A fragment of its own."""
    st.subheader(_("Everything there is, by what it touches"), anchor=False)
    asked = st.text_input(
        _("Search"), key="learn_search", placeholder=_("Search: overfit, AdamW, residual …"),
        icon=":material/search:", label_visibility="collapsed", width=420,
    )  # fmt: skip
    found = find_entries(asked)
    st.caption(
        ngettext("{count} entry found.", "{count} entries found.", len(found))
        if asked.strip()
        else _("{techniques} techniques in {families} families. Choose one to open it below.").format(
            techniques=len(TECHNIQUES), families=len(FAMILIES) - 1
        )
    )
    chosen = st.session_state.get(state.LEARN_ENTRY)
    with st.container(key="families"):
        for family in FAMILIES:
            shown = [entry for entry in family.entries if entry in found]
            if shown:
                _draw_card(family, shown, chosen)
                if chosen in shown:
                    with st.container(border=True, key="entry"):
                        st.fragment(_draw_entry)(chosen, family)


def find_entries(asked: str) -> Sequence[str]:
    """The entries whose words have all words that are asked for, in their order; all of them where nothing is asked."""
    words = asked.casefold().split()
    entries = [entry for family in FAMILIES for entry in family.entries]
    return [entry for entry in entries if all(word in words_of(entry, language()) for word in words)]


@cache
def words_of(entry: str, _language: str) -> str:
    """What an entry can be found by: what it is called, what it says, and its Keras lines; in small letters. English
    terms find a technique in any language."""
    if entry in EXPLAINED:
        texts = [name_entry(entry), *sections.explain(entry)]
    else:
        technique = TECHNIQUES[entry]
        told = (technique.label, technique.summary, technique.idea, technique.hurts)
        texts = [entry, *told, *map(_, told), sections.keras_lines(technique)]
    return "\n".join(texts).casefold()


def name_entry(entry: str) -> str:
    """What an entry's button says."""
    return EXPLAINED[entry][0]() if entry in EXPLAINED else _(TECHNIQUES[entry].label)


def _draw_card(family: Family, shown: Sequence[str], chosen: str | None) -> None:
    place = FAMILIES.index(family)
    key = f"family_{place}" if place < len(FAMILIES) - 1 else "keras_family"
    with st.container(border=True, key=key, gap="xsmall"):
        step = name_number(family.step) if family.step else ""
        st.markdown(f"**{family.name()}**{step}  \n:small[:gray[{family.about()}]]")
        with st.container(horizontal=True, gap="xsmall"):
            for entry in shown:
                st.button(
                    name_entry(entry), key=f"entry_{entry}", type="primary" if entry == chosen else "secondary",
                    on_click=_choose, args=(entry,),
                )  # fmt: skip


def name_number(step: int) -> str:
    """A step by its number, small, in Markdown."""
    name = _("step {step}").format(step=step)
    return f" :small[:gray[{name}]]"


def _choose(entry: str) -> None:
    """Opens an entry, or closes it where it is open."""
    opened = st.session_state.get(state.LEARN_ENTRY)
    st.session_state[state.LEARN_ENTRY] = None if opened == entry else entry


def _draw_entry(entry: str, family: Family) -> None:
    st.subheader(name_entry(entry), anchor=False)
    st.caption(family.name())
    if entry in EXPLAINED:
        EXPLAINED[entry][1]()
    else:
        sections.draw_technique(entry)
