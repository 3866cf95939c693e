"""What an experiment is called until a person names it: its data, and what varies."""

from typing import Final

from experiment.spec import Experiment
from models.names import visible
from wording.language import _

NAMES_SHOWN: Final = 3
LONGEST: Final = 120


def suggest_name(experiment: Experiment, data_name: str | None = None) -> str:
    """`Wine: dropout, L2`; of a single variant, its network.

    Args:
        experiment: whatever it is called.
        data_name: what the data are called, where their label says little: a file's name.
    """
    names = [variant.name for variant in experiment.variants]
    others = names[1:] or [_(experiment.architecture_of(experiment.variants[0]).label)]
    listed = ", ".join(others[:NAMES_SHOWN])
    if len(others) > NAMES_SHOWN:
        listed = _("{names} and {count} more").format(names=listed, count=len(others) - NAMES_SHOWN)
    full = _("{data}: {names}").format(data=visible(data_name or _(experiment.dataset.label)), names=listed)
    return full if len(full) <= LONGEST else full[: LONGEST - 1].rstrip() + "…"
