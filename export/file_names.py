"""What downloaded files are called: each name says which version of the program wrote it."""

from experiment.spec import Experiment
from experiment.version import VERSION

LONGEST = 60


def experiment_stem(identifier: str) -> str:
    """The name, without ending, of what is exported of a stored experiment."""
    return f"experiment-{identifier[:6]}-lab-{VERSION}"


def variant_stem(experiment: Experiment, variant: str) -> str:
    """The name, without ending, of what is taken home of a variant; one that every system takes."""
    words = "".join(c if c.isalnum() and c.isascii() else " " for c in f"{experiment.dataset.name} {variant}")
    return f"{'-'.join(words.lower().split())[:LONGEST]}-lab-{VERSION}"
